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
    says: "bought again within",
  },
  ltv: { figure: "ltv", write: amount, says: "net revenue a customer within" },
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
  replace(
    content,
    heatMap(latest, view, "Cohorts"),
    make(
      "p",
      { class: "key" },
      make("span", { class: "swatch shades" }),
      "stronger: higher than other cohorts in the same column",
      make("span", { class: "swatch hatched" }),
      "hatched: not all of its days are loaded yet, so the figure will still change",
    ),
    older.length
      ? make(
          "details",
          { class: "quiet" },
          make("summary", {}, `${count(older.length)} earlier cohorts`),
          heatMap(older, view, "Earlier cohorts"),
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

function heatMap(rows, view, title) {
  const measure = MEASURES[view.state.cohorts];
  const columns = HORIZONS.map((days) => {
    const heat = heatOf(
      rows.map((row) => row[days]),
      measure.figure,
    );
    return {
      title: `${days} days`,
      number: true,
      cell: (row) => cell(row[days], measure, heat, days, view),
    };
  });
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

/** Where a figure stands between the column's lowest and highest complete one, 0 … 1. */
function heatOf(items, figure) {
  const known = items.filter((item) => item?.is_complete).map((item) => Number(item[figure]));
  const low = Math.min(...known);
  const high = Math.max(...known);
  return (item) =>
    high > low ? Math.max(0, Math.min(1, (Number(item[figure]) - low) / (high - low))) : 0.5;
}

function cell(item, measure, heat, days, view) {
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
  element.style.setProperty("--heat", item.is_complete ? heat(item) : 0);
  return element;
}
