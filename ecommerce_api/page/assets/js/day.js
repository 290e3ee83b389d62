// A day opened: its figures, the orders placed on it, and those with something that came back on it.

import { href } from "./address.js";
import { path } from "./api.js";
import { day, longDay, plus, time } from "./days.js";
import { facts, make, table } from "./dom.js";
import { amount, count, figure } from "./numbers.js";
import { pages } from "./pages.js";
import { valueTitle } from "./sold.js";
import { hasCosts, hasReturns, isYoung } from "./tiles.js";

const PER_PAGE = 50;
const FIGURES = [
  "net_revenue",
  "gross_revenue",
  "discounts",
  "refunds",
  "cost",
  "gross_margin",
  "other_sales",
  "shipping",
  "orders",
  "aov",
  "return_rate",
  "new_customers",
  "repeat_customers",
];
const OF_COSTS = new Set(["cost", "gross_margin"]);

export const dayView = {
  is: ({ state }) => state.day,
  title: ({ state }) => longDay(state.day),
  needs: ({ state }) => [
    path("metrics/daily", { start: state.day, end: state.day, refunds: state.refunds }),
    path("orders", {
      date: state.day,
      limit: PER_PAGE,
      offset: (Number(state.page) - 1) * PER_PAGE,
    }),
    path("orders", { return_date: state.day, limit: 1000 }),
  ],
  draw,
};

function draw([daily, placed, returned], view) {
  const neighbour = (days, text) =>
    make(
      "a",
      {
        class: "button",
        href: href(view.state, { day: plus(view.state.day, days), page: "1" }),
      },
      text,
    );
  return [
    back(view),
    make(
      "nav",
      { class: "steps", "aria-label": "Days" },
      neighbour(-1, "‹ Day before"),
      neighbour(1, "Day after ›"),
    ),
    daily.items.length
      ? facts(...FIGURES.map((slug) => fact(slug, daily.items[0], view)))
      : make("p", { class: "empty" }, "There are no figures of this day."),
    make("h3", {}, `Orders placed (${count(placed.total)})`),
    placed.items.length
      ? [
          orderTable(placed.items, view, "Orders placed on the day"),
          pages(placed.total, PER_PAGE, view.state),
        ]
      : make("p", { class: "empty" }, "None."),
    make("h3", {}, `Orders with a return on this day (${count(returned.total)})`),
    returned.items.length
      ? orderTable(returned.items, view, "Orders with a return on the day")
      : make("p", { class: "empty" }, "None."),
  ];
}

/** A day that was opened from what sold leads back to it. */
function back({ state }) {
  if (!state.of) return null;
  const from = valueTitle({ by: state.of, value: state.value || null });
  return make("p", {}, make("a", { href: href(state, { day: "", page: "1" }) }, `‹ ${from}`));
}

function fact(slug, figures, view) {
  const { title, unit } = view.metrics[slug];
  if (OF_COSTS.has(slug) && !hasCosts(figures)) return [title, "not known"];
  const written = figure(figures[slug], unit, view.currency);
  if (slug !== "return_rate" || figures[slug] === null) return [title, written];
  if (!hasReturns(view)) return [title, "not known"];
  return [title, isYoung(view, figures.date) ? `${written} so far` : written];
}

function orderTable(orders, view, caption) {
  const money = (name) => (order) => amount(order[name], view.currency);
  return table(
    caption,
    [
      {
        title: "Order",
        heading: true,
        cell: (order) =>
          make("a", { href: href(view.state, { order: order.order_id }) }, order.order_id),
      },
      {
        title: "Placed",
        wide: true,
        cell: (order) => placedAt(order, view),
      },
      { title: "Status", cell: status },
      { title: "Units", number: true, wide: true, cell: (order) => count(order.units) },
      { title: "Gross", number: true, cell: money("gross_amount") },
      { title: "Discount", number: true, wide: true, cell: money("discount_amount") },
      { title: "Refunded so far", number: true, wide: true, cell: money("refund_amount") },
      { title: "Net", number: true, cell: money("net_amount") },
    ],
    orders,
  );
}

/** Orders with a return on the day were placed on any day, those placed on it at a time. */
function placedAt({ order_date: date, ordered_at: at }, { state, timezone }) {
  const text = date === state.day ? time(at, timezone) : day(date);
  return make("span", { class: "nowrap" }, text);
}

/** An order that is not recognised is in no revenue figure, which its row must say. */
export function status({ status: name, is_recognised: isRecognised }) {
  return [
    make("span", { class: "chip" }, name),
    isRecognised === false ? make("small", { class: "block" }, "not in revenue") : "",
    isRecognised === null
      ? make("small", { class: "block" }, "in quarantine: in no figure until mended")
      : "",
  ];
}
