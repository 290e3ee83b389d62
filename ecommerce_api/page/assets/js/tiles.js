// The period's figures beside the earlier period's. A tile is a link that puts its figure in the chart.

import { href } from "./address.js";
import { path } from "./api.js";
import { day, plus, range } from "./days.js";
import { facts, make, replace } from "./dom.js";
import { amount, difference, figure, percent, quotient, rate, relativeChange } from "./numbers.js";

const HERO = "net_revenue";
const MARGIN = "gross_margin";
const RETURNS = "return_rate";
const TILES = ["gross_revenue", "orders", "aov", RETURNS, "new_customers", "repeat_customers"];
/** What customers also paid, in no revenue figure; shown where there is any. */
const BESIDES = ["shipping", "other_sales"];
const LESS_IS_BETTER = new Set([RETURNS]);

/** Orders this young may still come back: 30 days from delivery, and what delivery takes. */
const YOUNG_DAYS = 45;

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
  replace(
    content,
    make(
      "div",
      { class: "figures" },
      make(
        "div",
        { class: "hero" },
        tile(HERO, current, before, view),
        marginTile(current, before, view),
        equation(current, view),
        besides(current, view),
      ),
      make(
        "div",
        { class: "tiles" },
        TILES.map((slug) =>
          slug === RETURNS ? returnsTile(summary, before, view) : tile(slug, current, before, view),
        ),
      ),
    ),
    before ? shortHistory(dailyBefore.items, view.earlier) : null,
    uncosted(current, view),
    make(
      "details",
      { class: "quiet" },
      make("summary", {}, "How these are counted"),
      facts(
        ...[HERO, MARGIN, ...TILES, ...BESIDES].map((slug) => [
          view.metrics[slug].title,
          view.metrics[slug].formula,
        ]),
        [
          "Compared with",
          view.earlier ? range(view.earlier) : "Nothing; choose a comparison at the top.",
        ],
      ),
    ),
  );
}

function equation(current, view) {
  const part = (title, slug) =>
    make("span", {}, make("small", {}, title), amount(current[slug], view.currency));
  return make(
    "p",
    { class: "equation" },
    part("Gross", "gross_revenue"),
    part("− Discounts", "discounts"),
    part("− Refunds", "refunds"),
  );
}

function besides(current, view) {
  const there = BESIDES.filter((slug) => Number(current[slug]) !== 0);
  if (!there.length) return null;
  return make(
    "p",
    { class: "equation besides" },
    make("small", {}, "Not in net revenue:"),
    there.map((slug) =>
      make(
        "a",
        { id: `beside-${slug}`, href: href(view.state, { chart: slug }) },
        make("small", {}, view.metrics[slug].title),
        amount(current[slug], view.currency),
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

/** Whether the cost of anything that sold is known: without one a margin would be all revenue. */
export function hasCosts({ gross_revenue: gross, discounts, uncosted_revenue: without }) {
  return Number(without) === 0 || Number(difference(difference(gross, discounts), without)) !== 0;
}

function uncosted(current, { currency }) {
  if (!hasCosts(current) || Number(current.uncosted_revenue) === 0) return null;
  const revenue = amount(current.uncosted_revenue, currency);
  const text = `The cost of products sold for ${revenue} is not known: the margin counts it as 0.`;
  return make("p", { class: "caution" }, text);
}

function marginTile(current, before, view) {
  if (!hasCosts(current)) {
    return tileOf(MARGIN, view, make("strong", { class: "tile-value" }, "–"), [
      make("span", { class: "was" }, "No cost of what sold is known."),
    ]);
  }
  const net = current.net_revenue;
  const share = Number(net) > 0 ? quotient(current[MARGIN], net) : null;
  const value = make(
    "strong",
    { class: "tile-value" },
    amount(current[MARGIN], view.currency),
    share ? make("small", {}, ` ${percent(share)} of net`) : "",
  );
  const was = before && hasCosts(before) ? before[MARGIN] : null;
  return tileOf(MARGIN, view, value, before ? change(MARGIN, current[MARGIN], was, view) : []);
}

/** Young orders had less time to come back: their rate is one so far, compared at the same age. */
function returnsTile(summary, before, view) {
  const current = summary.current[RETURNS];
  if (!hasReturns(view)) {
    return tileOf(RETURNS, view, make("strong", { class: "tile-value" }, "–"), [
      make("span", { class: "was" }, "No file of returns has landed."),
    ]);
  }
  const isSoFar = isYoung(view) && current !== null;
  const value = make(
    "strong",
    { class: "tile-value" },
    make("span", { class: isSoFar ? "hatched" : null }, rate(current)),
    isSoFar ? make("small", {}, " so far") : "",
  );
  return tileOf(RETURNS, view, value, before ? returnsChange(summary, before, view) : []);
}

/** Without a file of returns it is not known what came back. */
export function hasReturns({ feeds }) {
  return feeds.includes("returns");
}

function returnsChange(summary, before, view) {
  const now = summary.current[RETURNS];
  if (view.state.compare === "previous") {
    const { return_rate_to_date: then, [RETURNS]: byNow } = summary.previous;
    if (then === byNow) return change(RETURNS, now, then, view);
    return change(RETURNS, now, then, view, ` at the same age, is ${rate(byNow)} by now`);
  }
  if (!isYoung(view) || before[RETURNS] === null)
    return change(RETURNS, now, before[RETURNS], view);
  return [make("span", { class: "was" }, `a year before: ${rate(before[RETURNS])} by now`)];
}

/** Whether orders of a period, by default of the view's, may still come back. */
export function isYoung({ period, asOf }, end = period.end) {
  return end > plus(asOf, -YOUNG_DAYS);
}

function tile(slug, current, before, view) {
  const { unit } = view.metrics[slug];
  const value = make("strong", { class: "tile-value" }, figure(current[slug], unit, view.currency));
  return tileOf(slug, view, value, before ? change(slug, current[slug], before[slug], view) : []);
}

function tileOf(slug, { metrics, state }, value, below) {
  return make(
    "a",
    {
      id: `tile-${slug}`,
      class: "tile",
      href: href(state, { chart: slug }),
      "aria-current": state.chart === slug ? "true" : null,
    },
    make("span", { class: "tile-title" }, metrics[slug].title),
    value,
    below.length ? make("span", { class: "change" }, below) : null,
  );
}

function change(slug, current, before, view, how = "") {
  const { unit } = view.metrics[slug];
  const was =
    before === null ? "no figure before" : `was ${figure(before, unit, view.currency)}${how}`;
  return [changeBadge(slug, unit, current, before), make("span", { class: "was" }, was)];
}

/** Make the badge that says how a figure changed, and whether for the better. */
export function changeBadge(slug, unit, current, before) {
  const absolute = difference(current, before);
  return make(
    "span",
    { class: `badge ${tone(slug, absolute)}` },
    changed(unit, absolute, current, before),
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
  return arrow + percent(relative, { signDisplay: "exceptZero" });
}

function points(absolute) {
  const written = rate(absolute, { signDisplay: "exceptZero" });
  return `${written.replace(/\s?%/, "")} pts`;
}

function tone(slug, absolute) {
  if (absolute === null || Number(absolute) === 0) return "";
  return Number(absolute) > 0 !== LESS_IS_BETTER.has(slug) ? "good" : "bad";
}
