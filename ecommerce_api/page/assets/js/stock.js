// What is below its reorder point, by what is short or what runs out first.

import { href } from "./address.js";
import { path } from "./api.js";
import { day } from "./days.js";
import { make, replace, table } from "./dom.js";
import { count } from "./numbers.js";

const MOST = 1000;
const SHOWN = 12;
const SOON_DAYS = 7;
const YEAR_DAYS = 365;

const COLUMNS = [
  { name: "product_id", title: "Product", cell: product, heading: true },
  { name: "available", title: "Available", cell: (alert) => count(alert.available), number: true },
  {
    name: "reorder_point",
    title: "Reorder at",
    cell: (alert) => count(alert.reorder_point),
    number: true,
    wide: true,
  },
  { name: "shortfall", title: "Short by", cell: (alert) => count(alert.shortfall), number: true },
  { name: "days_of_cover", title: "Days of cover", cell: cover, number: true },
];

export const stock = { id: "stock", needs, draw };

function needs({ state }) {
  return [path("inventory/alerts", { limit: MOST, warehouse: state.warehouse })];
}

function draw(content, [alerts], view) {
  fillWarehouses(alerts, view.state.warehouse);
  if (!alerts.items.length) {
    const text = alerts.snapshot_date
      ? `On ${day(alerts.snapshot_date)} everything was at or above its reorder point.`
      : "No stock was counted yet.";
    replace(content, make("p", { class: "empty" }, text));
    return;
  }
  const sorted = sortedAlerts(alerts.items, view.state.sort);
  const rest = sorted.slice(SHOWN);
  replace(
    content,
    make("p", { class: "lead" }, said(alerts)),
    alertTable(sorted.slice(0, SHOWN), view, "Stock below its reorder point", true),
    rest.length
      ? make(
          "details",
          { class: "quiet" },
          make("summary", {}, `${count(rest.length)} more`),
          alertTable(rest, view, "More stock below its reorder point", false),
        )
      : null,
  );
}

function said({ items, total, snapshot_date: counted }) {
  const out = items.filter((alert) => alert.available <= 0).length;
  const soon = items.filter(
    (alert) => alert.days_of_cover !== null && Number(alert.days_of_cover) < SOON_DAYS,
  ).length;
  const shown = total > items.length ? ` The ${count(items.length)} shortest are listed.` : "";
  const lots =
    total === 1 ? "1 product in a warehouse is" : `${count(total)} products in warehouses are`;
  return `Counted on ${day(counted)}: ${lots} below the reorder point; ${count(out)} with nothing available, ${count(soon)} to last less than ${SOON_DAYS} days at the pace of the last 28.${shown}`;
}

/** The warehouses that are known once the alerts of all of them came. */
function fillWarehouses(alerts, chosen) {
  const select = document.getElementById("warehouse");
  const known = new Set([...select.options].map((option) => option.value));
  for (const id of [chosen, ...alerts.items.map((alert) => alert.warehouse_id)]
    .filter(Boolean)
    .sort()) {
    if (known.has(id)) continue;
    known.add(id);
    select.append(make("option", { value: id }, id));
  }
  select.value = chosen;
  select.closest("label").hidden = known.size < 3 && !chosen;
}

function sortedAlerts(items, sort) {
  const descending = sort.startsWith("-");
  const name = sort.replace(/^-/, "");
  const isText = name === "product_id";
  const compare = (one, other) =>
    isText ? (one < other ? -1 : one > other ? 1 : 0) : Number(one) - Number(other);
  return items.toSorted((a, b) => {
    if (a[name] == null || b[name] == null) return (a[name] == null) - (b[name] == null);
    return descending ? compare(b[name], a[name]) : compare(a[name], b[name]);
  });
}

function alertTable(rows, view, caption, sortable) {
  return table(
    caption,
    COLUMNS.map((column) => (sortable ? heading(column, view.state) : column)),
    rows,
  );
}

/** A heading sorts by its column: numbers first the worst, and the other way round when asked again. */
function heading(column, state) {
  const sort = state.sort;
  const isSorted = sort.replace(/^-/, "") === column.name;
  const first = ["shortfall", "reorder_point"].includes(column.name)
    ? `-${column.name}`
    : column.name;
  const next = isSorted ? (sort.startsWith("-") ? column.name : `-${column.name}`) : first;
  const link = make(
    "a",
    { id: `sort-${column.name}`, class: "sort", href: href(state, { sort: next }) },
    column.title,
    make("span", { "aria-hidden": "true" }, isSorted ? (sort.startsWith("-") ? " ↓" : " ↑") : ""),
  );
  const sorted = isSorted ? (sort.startsWith("-") ? "descending" : "ascending") : null;
  return { ...column, title: link, sorted };
}

function product(alert) {
  const { name, product_id: id, warehouse_id: warehouse } = alert;
  return [
    name ?? id,
    make("small", { class: "block" }, [name && id, warehouse].filter(Boolean).join(" · ")),
  ];
}

function cover(alert) {
  if (alert.days_of_cover === null) return make("span", { class: "muted" }, "none sold");
  const exact = count(alert.days_of_cover, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  if (Number(alert.days_of_cover) > YEAR_DAYS)
    return make("span", { class: "muted", title: exact }, "over a year");
  return make(
    "span",
    { class: Number(alert.days_of_cover) < SOON_DAYS ? "badge bad" : null },
    exact,
  );
}
