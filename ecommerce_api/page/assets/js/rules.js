// What the rules that records can break mean, for people. Which rules there are is the API's.

const RULES = {
  __proto__: null,
  malformed: ["Unreadable line", "The line has too many or too few fields, or is no JSON object."],
  required: ["Missing value", "A column that every record needs is empty."],
  type: ["Wrong kind of value", "A text where a number, a date or a moment should be."],
  precision: ["Too many decimals", "An amount has more decimals than the currency's."],
  range: ["Out of range", "A value is lower or higher than it can be."],
  enum: ["Unknown value", "A value is not one of those allowed, such as an unknown status."],
  order_flow: [
    "Steps out of order",
    "An order was paid, sent or delivered before the step ahead of it.",
  ],
  future: ["In the future", "Something is dated later than the day after it arrived."],
  currency: ["Other currency", "The order is not in the shop's currency."],
  discount_exceeds_gross: [
    "Discount above the total",
    "An order's discount is more than its lines come to; lines may still be missing.",
  ],
  orphan: [
    "Without its order or line",
    "The order of a line or an adjustment, or the line of a return, is not in the facts.",
  ],
  unpaid_return: [
    "Return or refund of an unpaid order",
    "Something came back, or money was given back, of an order that was never paid.",
  ],
  return_before_order: [
    "Returned before ordered",
    "The return or adjustment is dated before its order.",
  ],
  return_exceeds_line: [
    "More back than sold",
    "More units or money came back than the line was for.",
  ],
};

export function ruleTitle(rule) {
  return RULES[rule]?.[0] ?? rule;
}

export function ruleText(rule) {
  return RULES[rule]?.[1] ?? "";
}

const FEEDS = {
  __proto__: null,
  customers: "Customers",
  products: "Products",
  orders: "Orders",
  order_items: "Order lines",
  returns: "Returns",
  adjustments: "Adjustments",
  inventory: "Stock counts",
};

export function feedTitle(feed) {
  return FEEDS[feed] ?? feed;
}
