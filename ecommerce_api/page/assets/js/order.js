// An order opened: what it came to, and the file and line that each part of it came from.

import { href } from "./address.js";
import { path } from "./api.js";
import { day, moment } from "./days.js";
import { facts, make, table } from "./dom.js";
import { amount, count, price } from "./numbers.js";
import { reasonList, recordFacts, sourceText } from "./records.js";
import { ruleTitle } from "./rules.js";
import { status } from "./day.js";

const STEPS = [
  ["Ordered", "ordered_at"],
  ["Paid", "paid_at"],
  ["Sent", "fulfilled_at"],
  ["Delivered", "delivered_at"],
];

export const orderView = {
  is: ({ state }) => state.order,
  title: ({ state }) => `Order ${state.order}`,
  needs: ({ state }) => [path("lineage/order", { order_id: state.order })],
  draw,
};

function draw([lineage], view) {
  const { order, lines, returns, superseded, quarantined } = lineage;
  const aside = quarantined.filter((record) => record.stage === "row" || !isShown(record, lineage));
  return [
    back(view),
    order
      ? orderPart(order, view)
      : make("p", { class: "empty" }, "No version of this order was taken in; see below why."),
    lines.length
      ? [make("h3", {}, `Lines (${count(lines.length)})`), lineTable(lines, view)]
      : null,
    returns.length
      ? [make("h3", {}, `Returns (${count(returns.length)})`), returnTable(returns, view)]
      : null,
    aside.length
      ? [
          make("h3", {}, `Set aside (${count(aside.length)})`),
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
function isShown(record, { order, lines, returns }) {
  return [order, ...lines, ...returns].some(
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
      ["Tax", money("tax_amount")],
    ),
    facts(...STEPS.map(([title, name]) => [title, order[name] ? moment(order[name]) : "not yet"])),
    make("p", {}, "From ", source(order)),
  ];
}

function lineTable(lines, view) {
  const money = (name) => (line) => amount(line[name], view.currency);
  return table(
    "Lines of the order",
    [
      {
        title: "Line",
        heading: true,
        cell: (line) => [line.order_item_id, source(line), reasonList(line.reasons)],
      },
      { title: "Product", cell: (line) => line.product_id },
      { title: "Units", number: true, cell: (line) => count(line.quantity) },
      { title: "Unit price", number: true, cell: (line) => price(line.unit_price, view.currency) },
      { title: "Discount", number: true, wide: true, cell: money("discount_amount") },
      { title: "Of the order's", number: true, wide: true, cell: money("order_discount_amount") },
      { title: "Net", number: true, cell: money("net_amount") },
    ],
    lines,
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
      { title: "When", cell: (one) => moment(one.returned_at) },
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
