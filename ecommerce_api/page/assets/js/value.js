// A row of what sold opened: its figures by day. Each day leads on to its orders.

import { href } from "./address.js";
import { path } from "./api.js";
import { range, weekday } from "./days.js";
import { facts, make, table } from "./dom.js";
import { count, figure, total } from "./numbers.js";
import { isUncosted, valueTitle } from "./sold.js";

const FIGURES = [
  "net_revenue",
  "gross_revenue",
  "discounts",
  "refunds",
  "cost",
  "gross_margin",
  "orders",
  "units",
];
const COLUMNS = ["orders", "units", "gross_revenue", "discounts", "refunds", "net_revenue"];
const WIDE = new Set(["gross_revenue", "discounts", "refunds"]);

export const valueView = { is: ({ state }) => state.of, title, needs, draw };

function title({ state }, [days] = []) {
  return valueTitle({ by: state.of, value: state.value || null, name: days?.name });
}

function needs({ state, period }) {
  const { start, end } = period;
  const { of: by, value, refunds } = state;
  return [path("metrics/breakdown/daily", { by, value, start, end, refunds })];
}

function draw([days], view) {
  const said = `${count(days.items.length)} of the days from ${range(days)} have figures of it.`;
  return [
    make("p", { class: "muted" }, days.name ? `${days.value}. ${said}` : said),
    days.items.length ? [facts(...factsOf(days, view)), dayTable(days, view)] : null,
  ];
}

function factsOf({ items }, { metrics, currency }) {
  const sums = Object.fromEntries(
    FIGURES.map((slug) => [slug, total(items.map((day) => day[slug]))]),
  );
  const unknown = new Set(isUncosted(sums) ? ["cost", "gross_margin"] : []);
  return FIGURES.map((slug) => [
    metrics[slug].title,
    unknown.has(slug) ? "not known" : figure(sums[slug], metrics[slug].unit, currency),
  ]);
}

function dayTable(days, view) {
  const columns = COLUMNS.map((slug) => ({
    title: view.metrics[slug].title,
    number: true,
    wide: WIDE.has(slug),
    cell: (day) => figure(day[slug], view.metrics[slug].unit, view.currency),
  }));
  const link = ({ date }) =>
    make("a", { href: href(view.state, { day: date, page: "1" }) }, weekday(date));
  return table(
    `Its days, ${range(days)}`,
    [{ title: "Day", heading: true, cell: link }, ...columns],
    days.items.toReversed(),
  );
}
