// The period's figures beside the earlier period's. A tile is a link that puts its figure in the chart.

import { href } from "./address.js";
import { path } from "./api.js";
import { day, range } from "./days.js";
import { facts, make, replace } from "./dom.js";
import { amount, difference, figure, rate, relativeChange } from "./numbers.js";

const HERO = "net_revenue";
const TILES = [
  "gross_revenue",
  "orders",
  "aov",
  "return_rate",
  "new_customers",
  "repeat_customers",
];
const LESS_IS_BETTER = new Set(["return_rate"]);

export const tiles = { id: "figures", hero: HERO, needs, draw };

function needs({ state, period, earlier }) {
  const ask = (name, { start, end }) => path(name, { start, end, refunds: state.refunds });
  const summary = ask("metrics/summary", period);
  if (!earlier) return [summary];
  return [summary, ask("metrics/summary", earlier), ask("metrics/daily", earlier)];
}

function draw(content, [summary, summaryBefore, dailyBefore], view) {
  const current = summary.current;
  const before = summaryBefore?.current ?? null;
  const part = (slug) => amount(current[slug], view.currency);
  replace(
    content,
    make(
      "div",
      { class: "figures" },
      make(
        "div",
        { class: "hero" },
        tile(HERO, current, before, view),
        make(
          "p",
          { class: "equation" },
          make("span", {}, make("small", {}, "Gross"), part("gross_revenue")),
          make("span", {}, make("small", {}, "− Discounts"), part("discounts")),
          make("span", {}, make("small", {}, "− Refunds"), part("refunds")),
        ),
      ),
      make(
        "div",
        { class: "tiles" },
        TILES.map((slug) => tile(slug, current, before, view)),
      ),
    ),
    before ? shortHistory(dailyBefore.items, view.earlier) : null,
    make(
      "details",
      { class: "quiet" },
      make("summary", {}, "How these are counted"),
      facts(
        ...[HERO, ...TILES].map((slug) => [view.metrics[slug].title, view.metrics[slug].formula]),
        [
          "Compared with",
          view.earlier ? range(view.earlier) : "Nothing; choose a comparison at the top.",
        ],
      ),
    ),
  );
}

/** A change beside a period that the shop has figures for only in part looks greater than it is. */
function shortHistory(items, earlier) {
  const first = items[0]?.date;
  if (first === earlier.start) return null;
  const has = first ? `has figures only from ${day(first)} on` : "has no figures";
  return make("p", { class: "caution" }, `The period compared with (${range(earlier)}) ${has}.`);
}

function tile(slug, current, before, view) {
  const { title, unit } = view.metrics[slug];
  return make(
    "a",
    {
      id: `tile-${slug}`,
      class: "tile",
      href: href(view.state, { chart: slug }),
      "aria-current": view.state.chart === slug ? "true" : null,
    },
    make("span", { class: "tile-title" }, title),
    make("strong", { class: "tile-value" }, figure(current[slug], unit, view.currency)),
    before ? change(slug, current[slug], before[slug], view) : null,
  );
}

function change(slug, current, before, view) {
  const { unit } = view.metrics[slug];
  const absolute = difference(current, before);
  const was = before === null ? "no figure before" : `was ${figure(before, unit, view.currency)}`;
  return make(
    "span",
    { class: "change" },
    make(
      "span",
      { class: `badge ${tone(slug, absolute)}` },
      changed(unit, absolute, current, before),
    ),
    make("span", { class: "was" }, was),
  );
}

/** A rate's change in percentage points, since a share of a share misleads; others relative. */
function changed(unit, absolute, current, before) {
  if (absolute === null) return "–";
  if (Number(absolute) === 0) return "no change";
  const arrow = Number(absolute) > 0 ? "▲ " : "▼ ";
  if (unit === "rate") return `${arrow}${points(absolute)}`;
  const relative = relativeChange(current, before);
  if (relative === null) return "new";
  return (
    arrow +
    rate(relative, {
      signDisplay: "exceptZero",
      minimumFractionDigits: 1,
      maximumFractionDigits: 1,
    })
  );
}

function points(absolute) {
  const percent = rate(absolute, { signDisplay: "exceptZero" });
  return `${percent.replace(/\s?%/, "")} pts`;
}

function tone(slug, absolute) {
  if (absolute === null || Number(absolute) === 0) return "";
  return Number(absolute) > 0 !== LESS_IS_BETTER.has(slug) ? "good" : "bad";
}
