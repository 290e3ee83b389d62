// An order opened: what it came to, and the file and line that each part of it came from.

import { href } from "./address.js";
import { path } from "./api.js";
import { day, moment, plus } from "./days.js";
import { facts, make, table } from "./dom.js";
import { amount, count, price } from "./numbers.js";
import { reasonList, recordFacts, sourceText } from "./records.js";
import { ruleTitle } from "./rules.js";
import { status } from "./day.js";
import { valueTitle } from "./sold.js";

const STEPS = [
  ["Ordered", "ordered_at"],
  ["Paid", "paid_at"],
  ["Sent", "fulfilled_at"],
  ["Delivered", "delivered_at"],
];

/** A step without its moment may still come this long after the order; later it is but unknown. */
const WAITING_DAYS = 60;

/** The status of an order that took this many of the steps. */
const STEPS_TAKEN = {
  __proto__: null,
  created: 1,
  paid: 2,
  fulfilled: 3,
  delivered: 4,
  returned: 4,
};

const KINDS = { __proto__: null, gift_card: "gift card", other: "other" };

export const orderView = {
  is: ({ state }) => state.order,
  title: ({ state }) => `Order ${state.order}`,
  needs: ({ state }) => [path("lineage/order", { order_id: state.order })],
  draw,
};

function draw([lineage], view) {
  const { order, lines, returns, adjustments, superseded, quarantined } = lineage;
  const aside = quarantined.filter((record) => record.stage === "row" || !isShown(record, lineage));
  return [
    back(view),
    order
      ? orderPart(order, view)
      : make("p", { class: "empty" }, "This order is in quarantine; see below why."),
    lines.length
      ? [make("h3", {}, `Lines (${count(lines.length)})`), lineTable(lines, order, view)]
      : null,
    returns.length
      ? [make("h3", {}, `Returns (${count(returns.length)})`), returnTable(returns, view)]
      : null,
    adjustments.length
      ? [
          make("h3", {}, `Adjustments (${count(adjustments.length)})`),
          adjustmentTable(adjustments, view),
        ]
      : null,
    aside.length
      ? [
          make("h3", {}, `In quarantine (${count(aside.length)})`),
          aside.map((record) => recordFacts(record, view.state)),
        ]
      : null,
    superseded.length
      ? make(
          "details",
          { class: "quiet" },
          make("summary", {}, `Earlier versions (${count(superseded.length)})`),
          superseded.map((version) => recordFacts(version, view.state)),
        )
      : null,
  ];
}

function back({ state }) {
  if (!state.day && !state.rule) return null;
  const from = state.day ? day(state.day) : ruleTitle(state.rule);
  return make("p", {}, make("a", { href: href(state, { order: "" }) }, `‹ ${from}`));
}

/** Whether a record's reasons already stand with the part that it is. */
function isShown(record, { order, lines, returns, adjustments }) {
  return [order, ...lines, ...returns, ...adjustments].some(
    (part) => part && sourceText(part.source) === sourceText(record),
  );
}

function orderPart(order, view) {
  const money = (name) => amount(order[name], view.currency);
  return [
    make("p", {}, status(order), order.customer_id ? ` Customer ${order.customer_id}` : " A guest"),
    reasonList(order.reasons),
    facts(
      ["Gross", money("gross_amount")],
      ["− Discounts", money("discount_amount")],
      ["− Refunds", money("refund_amount")],
      ["= Net", make("strong", {}, money("net_amount"))],
      ["Shipping", money("shipping_amount")],
      Number(order.shipping_refund_amount)
        ? ["− Of it given back", money("shipping_refund_amount")]
        : null,
      Number(order.other_amount) ? ["Other sales", money("other_amount")] : null,
      ["Tax", money("tax_amount")],
    ),
    facts(...STEPS.map(([title, name], index) => [title, step(order, name, index, view)])),
    facts(
      order.channel ? ["Channel", order.channel] : null,
      order.country ? ["Country", valueTitle({ by: "country", value: order.country })] : null,
      order.discount_code ? ["Discount code", order.discount_code] : null,
    ),
    make("p", {}, "From ", source(order)),
  ];
}

/** "Not yet" is said only of what may still come. */
function step(order, name, index, { asOf, timezone }) {
  if (order[name]) return moment(order[name], timezone);
  const isTaken = index < STEPS_TAKEN[order.status] || isStepAfter(order, index);
  const isOld = order.ordered_at.slice(0, 10) < plus(asOf, -WAITING_DAYS);
  if (order.status === "cancelled") return "not known; cancelled";
  return isTaken || isOld ? "not known" : "not yet";
}

function isStepAfter(order, index) {
  return STEPS.slice(index + 1).some(([, later]) => order[later]);
}

function lineTable(lines, order, view) {
  const money = (name) => (line) => amount(line[name], view.currency);
  return table(
    "Lines of the order",
    [
      {
        title: "Line",
        heading: true,
        cell: (line) => [line.order_item_id, source(line), reasonList(line.reasons)],
      },
      { title: "Product", cell: (line) => [line.product_id, kind(line)] },
      { title: "Sold", wide: true, cell: (line) => soldOn(line, order) },
      { title: "Units", number: true, cell: (line) => count(line.quantity) },
      {
        title: "Unit price",
        number: true,
        wide: true,
        cell: (line) => price(line.unit_price, view.currency),
      },
      { title: "Discount", number: true, wide: true, cell: money("discount_amount") },
      { title: "Of the order's", number: true, wide: true, cell: money("order_discount_amount") },
      { title: "Net", number: true, cell: money("net_amount") },
    ],
    lines,
  );
}

/** What is no product is in no revenue figure. */
function kind({ kind: name }) {
  if (name === "product") return "";
  return make("small", { class: "block" }, `${KINDS[name] ?? name}: not in revenue`);
}

function soldOn({ sale_date: date }, order) {
  if (!date) return "–";
  const isLater = order?.order_date && date !== order.order_date;
  return [
    make("span", { class: "nowrap" }, day(date)),
    isLater ? make("small", { class: "block" }, "after the order") : "",
  ];
}

function adjustmentTable(adjustments, view) {
  return table(
    "Adjustments of the order",
    [
      {
        title: "Adjustment",
        heading: true,
        cell: (one) => [one.adjustment_id, source(one), reasonList(one.reasons)],
      },
      { title: "When", cell: (one) => moment(one.adjusted_at, view.timezone) },
      { title: "Of", cell: (one) => (one.kind === "refund" ? "the goods’ price" : one.kind) },
      { title: "Why", cell: (one) => one.reason ?? "–" },
      { title: "Given back", number: true, cell: (one) => amount(one.amount, view.currency) },
    ],
    adjustments,
  );
}

function returnTable(returns, view) {
  return table(
    "Returns of the order",
    [
      {
        title: "Return",
        heading: true,
        cell: (one) => [one.return_id, source(one), reasonList(one.reasons)],
      },
      { title: "Of line", wide: true, cell: (one) => one.order_item_id },
      { title: "When", cell: (one) => moment(one.returned_at, view.timezone) },
      { title: "Units", number: true, cell: (one) => count(one.quantity) },
      { title: "Why", cell: (one) => one.reason ?? "–" },
      {
        title: "Asked",
        number: true,
        wide: true,
        cell: (one) => amount(one.requested_amount, view.currency),
      },
      { title: "Refunded", number: true, cell: (one) => refunded(one, view) },
    ],
    returns,
  );
}

function refunded(one, view) {
  return [
    amount(one.refund_amount, view.currency),
    one.is_refundable === false
      ? make("small", { class: "block" }, `too late, ${count(one.days)} days on`)
      : "",
  ];
}

function source(part) {
  return make("code", { class: "source" }, sourceText(part.source));
}
