// What sold: the period's figures by product, category, … A row opens its days; none filters the total.

import { href } from "./address.js";
import { path } from "./api.js";
import { range } from "./days.js";
import { make, replace, table } from "./dom.js";
import { amount, count, difference, LOCALE, percent, quotient, total } from "./numbers.js";
import { changeBadge } from "./tiles.js";

const SHOWN = 10;
const LISTED = 100;
/** Compared with as many earlier values as one answer has: a value's rank may have changed. */
const COMPARED = 1000;

const HEADINGS = {
  product: "Product",
  category: "Category",
  country: "Country",
  channel: "Channel",
  discount_code: "Discount code",
  customer: "Customers",
};
/** What the lines of one order may differ in. */
const BY_LINE = new Set(["product", "category"]);
const CUSTOMERS = { __proto__: null, new: "New", repeat: "Repeat", guest: "Guests" };
const NONE = {
  product: "Refunds without goods",
  category: "No category, or refunds without goods",
  country: "No country",
  channel: "No channel",
  discount_code: "No code",
  customer: "No customer",
};

const countries = new Intl.DisplayNames(LOCALE, { type: "region" });

export const sold = { id: "sold", needs, draw };

function needs({ state, period, earlier }) {
  const ask = ({ start, end }, limit) =>
    path("metrics/breakdown", { by: state.sold, start, end, refunds: state.refunds, limit });
  return earlier ? [ask(period, LISTED), ask(earlier, COMPARED)] : [ask(period, LISTED)];
}

function draw(content, [breakdown, before], view) {
  if (!breakdown.total) {
    replace(
      content,
      make("p", { class: "empty" }, `Nothing was sold or given back yet in ${range(view.period)}.`),
    );
    return;
  }
  const columns = columnsOf(breakdown, before, view);
  const { items } = breakdown;
  const rest = items.slice(SHOWN);
  const title = `What sold by ${HEADINGS[view.state.sold].toLowerCase()}`;
  replace(
    content,
    table(title, columns, [...items.slice(0, SHOWN), ...others(breakdown), all(breakdown)]),
    rest.length
      ? make(
          "details",
          { class: "quiet" },
          make("summary", {}, `${count(rest.length)} more`),
          table(`${title}, the others`, columns, rest),
        )
      : null,
    make(
      "p",
      { class: "key" },
      make("span", { class: "wide" }, "Shares are of net revenue. "),
      said(breakdown),
    ),
  );
}

function said({ by, total: values, items }) {
  return [
    BY_LINE.has(by) ? "An order with several of these counts in each of them." : "",
    values > items.length
      ? `The greatest ${count(items.length)} of ${count(values)} are listed.`
      : "",
  ]
    .filter(Boolean)
    .join(" ");
}

/** The figures of the rows that the first table leaves out, so that its rows add up to the total. */
function others({ items, totals, total: values }) {
  if (values <= SHOWN) return [];
  const shown = items.slice(0, SHOWN);
  const left = (name) => difference(totals[name], total(shown.map((item) => item[name])));
  const figures = Object.fromEntries(
    ["units", "gross_revenue", "net_revenue", "cost", "gross_margin"].map((name) => [
      name,
      left(name),
    ]),
  );
  const share = quotientOrNull(figures.net_revenue, totals.net_revenue);
  const title = `${count(values - SHOWN)} others`;
  return [{ ...figures, title, orders: null, share, isSummary: true }];
}

function all({ totals }) {
  const share = quotientOrNull(totals.net_revenue, totals.net_revenue);
  return { ...totals, title: "Total", share, isSummary: true, isTotal: true };
}

/** A share has the sign of what is divided and of the whole, as the API's have. */
function quotientOrNull(part, whole) {
  const share = quotient(part, whole);
  if (share === null || !whole.startsWith("-")) return share;
  return share.startsWith("-") ? share.slice(1) : `-${share}`;
}

function columnsOf(breakdown, before, view) {
  const money = (name) => (row) => amount(row[name], view.currency);
  const hasCosts = Number(breakdown.totals.cost) !== 0;
  return [
    { title: HEADINGS[view.state.sold], heading: true, cell: (row) => name(row, view) },
    { title: "Orders", number: true, wide: true, cell: (row) => count(row.orders) },
    { title: "Units", number: true, wide: true, cell: (row) => count(row.units) },
    { title: "Net revenue", number: true, cell: money("net_revenue") },
    { title: "Share", number: true, wide: true, cell: share },
    before?.total ? { title: "Change", number: true, cell: changes(before) } : null,
    hasCosts
      ? { title: "Gross margin", number: true, wide: true, cell: (row) => margin(row, view) }
      : null,
  ].filter(Boolean);
}

function name(row, { state }) {
  if (row.isSummary) return row.isTotal ? make("strong", {}, row.title) : row.title;
  const { value } = row;
  const link = make(
    "a",
    { href: href(state, { of: state.sold, value: value ?? "" }) },
    valueTitle({ by: state.sold, ...row }),
  );
  return row.name ? [link, make("small", { class: "block" }, value)] : link;
}

function share(row) {
  const element = make("span", { class: "share" }, percent(row.share));
  if (!row.isTotal) element.style.setProperty("--share", Math.max(0, Number(row.share)));
  return element;
}

/** A value without a row before sold nothing then, where all rows of then are known. */
function changes(before) {
  const earlier = new Map(before.items.map((item) => [item.value, item.net_revenue]));
  const unknown = before.total > before.items.length ? null : "0.00";
  return (row) => {
    if (row.isSummary && !row.isTotal) return "";
    const was = row.isTotal ? before.totals.net_revenue : (earlier.get(row.value) ?? unknown);
    return changeBadge("net_revenue", "amount", row.net_revenue, was);
  };
}

/** A margin in percent says something only of revenue, and only with a cost. */
function margin(row, { currency }) {
  if (isUncosted(row)) return "no cost known";
  const share =
    Number(row.net_revenue) > 0 ? percent(quotient(row.gross_margin, row.net_revenue)) : null;
  return [
    amount(row.gross_margin, currency),
    share ? make("small", { class: "block" }, share) : "",
  ];
}

/** Whether the cost of nothing that sold is known. */
export function isUncosted({ cost, gross_revenue: gross }) {
  return Number(cost) === 0 && Number(gross) !== 0;
}

/** Name a value of a breakdown for people; null is what has none. */
export function valueTitle({ by, value, name: given = null }) {
  if (value === null) return NONE[by];
  if (by === "customer") return CUSTOMERS[value] ?? value;
  if (by === "country") return countryName(value);
  return given ?? value;
}

function countryName(code) {
  return /^[A-Z]{2}$/.test(code) ? (countries.of(code) ?? code) : code;
}
