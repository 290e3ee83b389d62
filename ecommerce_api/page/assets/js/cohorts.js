// Cohorts as a heat map: what customers who first bought then did, or were worth, 7, 30 and 90 days on.

import { path } from "./api.js";
import { day, month } from "./days.js";
import { make, replace, table } from "./dom.js";
import { amount, count, rate } from "./numbers.js";

const HORIZONS = [7, 30, 90];
const SHOWN = 18;

const MEASURES = {
  retention: {
    figure: "retention_rate",
    write: (value) => rate(value),
    full: () => 0.5,
    says: "bought again within",
  },
  ltv: {
    figure: "ltv",
    write: amount,
    full: (rows) => Math.max(0, ...completeValues(rows, "ltv")),
    says: "net revenue a customer within",
  },
};

export const cohorts = { id: "cohorts", needs, draw };

function needs({ state }) {
  return HORIZONS.map((days) =>
    path(`${state.cohorts}/${days}`, { by: state.by, include_partial: true }),
  );
}

function draw(content, answers, view) {
  const rows = mergedRows(answers);
  if (!rows.length) {
    replace(content, make("p", { class: "empty" }, "No customer has bought anything yet."));
    return;
  }
  const latest = rows.slice(-SHOWN).reverse();
  const older = rows.slice(0, -SHOWN).reverse();
  const measure = MEASURES[view.state.cohorts];
  const full = measure.full(rows);
  replace(
    content,
    heatMap(latest, full, view, "Cohorts"),
    make(
      "p",
      { class: "key" },
      make("span", { class: "swatch shades" }),
      full > 0
        ? `from 0 to ${measure.write(String(full), view.currency)} or more, in every column`
        : "the stronger, the higher",
      make("span", { class: "swatch hatched" }),
      "hatched: not all of its days are loaded yet, so the figure will still change",
    ),
    older.length
      ? make(
          "details",
          { class: "quiet" },
          make("summary", {}, `${count(older.length)} earlier cohorts`),
          heatMap(older, full, view, "Earlier cohorts"),
        )
      : null,
  );
}

/** One row a cohort, with its figures by horizon. */
function mergedRows(answers) {
  const rows = new Map();
  answers.forEach((answer, index) => {
    for (const item of answer.items) {
      const row = rows.get(item.cohort) ?? { cohort: item.cohort, customers: item.customers };
      row[HORIZONS[index]] = item;
      rows.set(item.cohort, row);
    }
  });
  return [...rows.values()];
}

function heatMap(rows, full, view, title) {
  const measure = MEASURES[view.state.cohorts];
  const columns = HORIZONS.map((days) => ({
    title: `${days} days`,
    number: true,
    cell: (row) => cell(row[days], measure, full, days, view),
  }));
  const name = view.state.by === "month" ? month : (monday) => `week of ${day(monday)}`;
  return table(
    `${title}: ${measure.says} 7, 30 and 90 days, by when customers first bought`,
    [
      { title: "First bought", heading: true, cell: (row) => name(row.cohort) },
      { title: "Customers", number: true, cell: (row) => count(row.customers) },
      ...columns,
    ],
    rows,
    { class: "heat-map" },
  );
}

function completeValues(rows, figure) {
  const items = rows.flatMap((row) => HORIZONS.map((days) => row[days]));
  return items.filter((item) => item?.is_complete).map((item) => Number(item[figure]));
}

/** Where a figure stands between nothing and what has the full shade, 0 … 1. */
function heat(item, { figure }, full) {
  return full > 0 ? Math.max(0, Math.min(1, Number(item[figure]) / full)) : 0;
}

function cell(item, measure, full, days, view) {
  if (!item || item[measure.figure] === null) return make("span", { class: "heat none" }, "–");
  const written = measure.write(item[measure.figure], view.currency);
  const element = make(
    "span",
    {
      class: item.is_complete ? "heat" : "heat partial",
      title: `${written} ${measure.says} ${days} days${item.is_complete ? "" : ", so far"}`,
    },
    written,
    item.is_complete ? null : make("small", {}, " so far"),
  );
  element.style.setProperty("--heat", item.is_complete ? heat(item, measure, full) : 0);
  return element;
}
