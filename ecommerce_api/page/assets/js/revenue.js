// A figure over the period's days, beside the earlier period's: a chart, and the same as a table.

import { go, href } from "./address.js";
import { path } from "./api.js";
import { drawChart } from "./chart.js";
import { day, each, length, range, weekday } from "./days.js";
import { make, replace, table } from "./dom.js";
import { figure, short } from "./numbers.js";
import { hasReturns, isYoung } from "./tiles.js";

/** With net revenue come the two figures that make it. */
const TOGETHER = {
  net_revenue: ["net_revenue", "gross_revenue", "refunds"],
  gross_margin: ["gross_margin", "net_revenue"],
};
const BARS = new Set(["refunds"]);
const REFUNDS_COUNT = new Set(["net_revenue", "gross_margin", "refunds"]);

/** So many days are drawn as means of some, or their ups and downs would hide where they go. */
const MANY_DAYS = 120;
const MEAN_DAYS = 7;

/** An earlier period so many times as large would leave of the chosen one a flat line. */
const TIMES_BEYOND = 4;

export const revenue = { id: "revenue", needs, draw };

function needs({ state, period, earlier }) {
  const daily = ({ start, end }) => path("metrics/daily", { start, end, refunds: state.refunds });
  return earlier ? [daily(period), daily(earlier)] : [daily(period)];
}

function draw(content, [daily, dailyBefore], view) {
  const chosen = view.metrics[view.state.chart];
  document.getElementById("revenue-title").textContent = `${chosen.title} by day`;
  document.getElementById("basis").hidden = !REFUNDS_COUNT.has(view.state.chart);
  const missing = missingFigures(daily, view);
  if (missing) {
    replace(content, make("p", { class: "empty" }, missing));
    return;
  }
  const series = makeSeries(daily, dailyBefore, view);
  const readout = make("p", { class: "readout" });
  const chart = make("div", { class: "chart", id: "chart" });
  replace(
    content,
    make("div", { class: "chart-head" }, legend(series, view), readout),
    chart,
    make(
      "details",
      { class: "quiet" },
      make("summary", {}, "The days as a table"),
      dayTable(series, view),
    ),
  );
  drawChart(chart, {
    label: `${chosen.title} by day, ${range(view.period)}`,
    days: each(view.period),
    series,
    bounds: boundsOf(series),
    isWhole: chosen.unit === "count",
    axis: (value) => short(value, chosen.unit, view.currency),
    say: (index) => said(series, index, view),
    read: (index) =>
      replace(readout, said(series, index, view), " ", openLink(series[0].days[index], view)),
    open: (chosenDay) => go(openAddress(chosenDay, view)),
    zoom: (start, end) => go(href(view.state, { start, end })),
  });
}

/** Why there is nothing to draw; empty where there is. */
function missingFigures({ items }, view) {
  if (!items.length) return `Nothing was sold or given back yet in ${range(view.period)}.`;
  return view.state.chart === "return_rate" && !hasReturns(view)
    ? "No file of returns has landed, so it is not known what came back."
    : "";
}

function makeSeries(daily, dailyBefore, view) {
  const slugs = TOGETHER[view.state.chart] ?? [view.state.chart];
  const days = each(view.period);
  const series = slugs.map((slug, index) => ({
    slug,
    days,
    title: view.metrics[slug].title,
    unit: view.metrics[slug].unit,
    kind: BARS.has(slug) ? "bars" : index ? "thin" : "main",
    ...valuesOf(daily, days, slug, view),
  }));
  if (!dailyBefore?.items.length || !isComparable(view)) return series;
  const daysBefore = each(view.earlier).slice(0, days.length);
  const before = {
    ...series[0],
    days: daysBefore,
    title: view.state.compare === "year" ? "A year before" : "The period before",
    kind: "earlier",
    ...valuesOf(dailyBefore, daysBefore, slugs[0], view),
  };
  return [series[0], before, ...series.slice(1)];
}

/** The days' figures as they are written, and where they are drawn. */
function valuesOf(daily, days, slug, view) {
  const byDay = new Map(daily.items.map((item) => [item.date, item[slug]]));
  const values = days.map((date) => byDay.get(date) ?? null);
  return { values, drawn: means(values, meanDays(view)) };
}

function means(values, days) {
  return values.map((value, index) => {
    if (value === null) return null;
    const known = values
      .slice(Math.max(0, index - days + 1), index + 1)
      .filter((one) => one !== null);
    return known.reduce((sum, one) => sum + Number(one), 0) / known.length;
  });
}

/** The return rate of young orders is not compared with that of older ones. */
function isComparable(view) {
  return view.state.chart !== "return_rate" || !isYoung(view);
}

/** The lowest and highest value of the chart; what is compared with may lie beyond. */
function boundsOf(series) {
  const own = series.filter(({ kind }) => kind !== "earlier").flatMap(({ drawn }) => drawn);
  const most = TIMES_BEYOND * Math.max(...own.map(Math.abs)) || Infinity;
  const all = series.flatMap(({ drawn }) => drawn).filter((value) => value !== null);
  return {
    low: Math.max(Math.min(0, ...all), -most),
    high: Math.min(Math.max(0, ...all), most),
    isCut: all.some((value) => Math.abs(value) > most),
  };
}

/** Over how many days the chart takes means: never of shares, since days are not alike. */
function meanDays({ period, state, metrics }) {
  return length(period) > MANY_DAYS && metrics[state.chart].over_time !== "ratio" ? MEAN_DAYS : 1;
}

function legend(series, view) {
  return make(
    "ul",
    { class: "legend" },
    series.map(({ kind, title }) =>
      make("li", {}, make("span", { class: `swatch ${kind}` }), title),
    ),
    notes(series, view).map((note) => make("li", { class: "muted" }, note)),
  );
}

function notes(series, view) {
  const { state, metrics } = view;
  return [
    meanDays(view) > 1 ? `drawn as the mean of ${MEAN_DAYS} days` : "",
    boundsOf(series).isCut ? "the earlier line goes beyond the chart" : "",
    metrics[state.chart].over_time === "distinct"
      ? "counted anew on each day, and once in the period’s figure"
      : "",
    isComparable(view)
      ? ""
      : "so far: orders may still come back; earlier ones have had longer, so they are not drawn",
  ].filter(Boolean);
}

function said(series, index, view) {
  const parts = series
    .filter(({ values }) => values[index] != null)
    .map(({ title, unit, values }) => `${title} ${figure(values[index], unit, view.currency)}`);
  return `${weekday(series[0].days[index])}: ${parts.join(" · ") || "no figures yet"}`;
}

function openAddress(date, { state }) {
  return href(state, { day: date, page: "1" });
}

/** On a phone a tap reads a day out, and this opens it. */
function openLink(date, view) {
  return make("a", { href: openAddress(date, view), class: "nowrap" }, "its orders ›");
}

function dayTable(series, view) {
  const rows = series[0].days.map((date, index) => ({ date, index })).reverse();
  const columns = series.map(({ title, unit, values, kind, days }) => ({
    title,
    number: true,
    cell: ({ index }) => [
      figure(values[index] ?? null, unit, view.currency),
      kind === "earlier" && days[index] ? make("small", {}, ` ${day(days[index])}`) : "",
    ],
  }));
  const link = ({ date }) => make("a", { href: openAddress(date, view) }, weekday(date));
  return table(
    `Figures by day, ${range(view.period)}`,
    [{ title: "Day", heading: true, cell: link }, ...columns],
    rows,
  );
}
