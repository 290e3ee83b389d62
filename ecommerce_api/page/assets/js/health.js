// How far the data can be trusted: the last loaded day, what was refused and why, what changed since.

import { href } from "./address.js";
import { Fault, path, save } from "./api.js";
import { ago, day, daysAgo, longDay, moment, range } from "./days.js";
import { make, replace, table } from "./dom.js";
import { count, figure, total } from "./numbers.js";
import { feedTitle, ruleText, ruleTitle } from "./rules.js";

const LATE_DAYS = 2;
const MOST_RESTATEMENTS = 1000;
const SHOWN = 5;
const MAIN_FIGURE = "net_revenue";
const REPORTS = "report";

export const health = { id: "health", needs, draw };

function needs() {
  return ["quarantine/summary", path("restatements", { limit: MOST_RESTATEMENTS }), "reports"];
}

function draw(content, [quarantine, restatements, reports], view) {
  replace(
    content,
    make(
      "div",
      { class: "cards" },
      card("Last loaded day", [...loaded(view), reportsOf(reports)], "loaded"),
      card("Figures that changed afterwards", restated(restatements, view), "restatements"),
      card("Records in quarantine", quarantined(quarantine, view), "quarantine"),
    ),
  );
}

function card(title, body, name) {
  return make(
    "section",
    { class: `card ${name}`, "aria-labelledby": `card-${name}` },
    make("h3", { id: `card-${name}` }, title),
    body,
  );
}

function loaded({ asOf }) {
  const late = daysAgo(asOf) > LATE_DAYS;
  return [
    make("p", { class: "big" }, longDay(asOf)),
    make(
      "p",
      {},
      make(
        "span",
        { class: late ? "badge bad" : "badge good" },
        late ? `▲ ${ago(asOf)}` : ago(asOf),
      ),
      make("span", { class: "muted" }, late ? " Nothing has arrived since." : " Up to date."),
    ),
  ];
}

/** The document of all reports, where one was drawn. */
function reportsOf({ items }) {
  const drawn = items.find(({ name, formats }) => name === REPORTS && formats.includes("pdf"));
  if (!drawn) return "";
  const { date } = drawn;
  const link = make(
    "a",
    { href: `reports/${REPORTS}.pdf`, download: "", onclick: saveIt },
    `The reports of ${day(date)} (PDF)`,
  );
  return make("p", {}, link);

  function saveIt(event) {
    event.preventDefault();
    save(`reports/${REPORTS}.pdf`, `reports-${date}.pdf`).catch((fault) => {
      if (!(fault instanceof Fault)) throw fault;
      link.replaceWith(`${fault.title}. ${fault.detail}`);
    });
  }
}

function quarantined({ records, items }, view) {
  if (!items.length)
    return make("p", { class: "empty" }, "None: no record that landed breaks a rule.");
  return [
    make(
      "p",
      { class: "lead" },
      make("strong", {}, count(records)),
      ` ${records === 1 ? "record, and the money in it, is" : "records, and the money in them, are"} in no figure until mended. A record can break several rules.`,
    ),
    table(
      "Records in quarantine, by rule",
      [
        { title: "Rule", heading: true, cell: (row) => ruleCell(row, view) },
        {
          title: "In",
          wide: true,
          cell: (row) => row.feeds.map((feed) => feedLink(row, feed, view)),
        },
        {
          title: "Last landed",
          wide: true,
          cell: (row) => make("span", { class: "nowrap" }, day(row.latest)),
        },
        { title: "Records", number: true, cell: (row) => make("strong", {}, count(row.records)) },
      ],
      byRule(items),
    ),
  ];
}

function byRule(items) {
  const rows = new Map();
  for (const item of items) {
    const row = rows.get(item.rule) ?? {
      rule: item.rule,
      feeds: [],
      counts: [],
      latest: item.batch_date,
    };
    row.counts.push(item.records);
    if (!row.feeds.includes(item.feed)) row.feeds.push(item.feed);
    if (item.batch_date > row.latest) row.latest = item.batch_date;
    rows.set(item.rule, row);
  }
  return [...rows.values()]
    .map((row) => ({ ...row, feeds: row.feeds.sort(), records: total(row.counts) }))
    .sort((a, b) => Number(b.records) - Number(a.records));
}

function ruleCell({ rule }, view) {
  return [
    make("a", { href: href(view.state, { rule, feed: "", page: "1" }) }, ruleTitle(rule)),
    make("small", { class: "block" }, make("code", {}, rule), ` ${ruleText(rule)}`),
  ];
}

function feedLink({ rule }, feed, view) {
  return make(
    "a",
    { class: "chip", href: href(view.state, { rule, feed, page: "1" }) },
    feedTitle(feed),
  );
}

function restated({ items, total: all }, view) {
  if (!items.length) {
    return make(
      "p",
      { class: "empty" },
      "None: no load has changed the figures of a day loaded before it.",
    );
  }
  const changes = byDayAndLoad(items).map((change) => restatement(change, view));
  return [
    make(
      "p",
      { class: "lead" },
      "A late or corrected record changes the day it belongs to. The latest first:",
    ),
    changes.slice(0, SHOWN),
    changes.length > SHOWN
      ? make(
          "details",
          { class: "quiet" },
          make("summary", {}, `${count(changes.length - SHOWN)} more`),
          changes.slice(SHOWN),
        )
      : "",
    all > items.length
      ? make(
          "p",
          { class: "muted" },
          `The latest ${count(items.length)} of ${count(all)} changed figures are listed.`,
        )
      : "",
  ].flat();
}

/** The figures that one load changed of one day belong together. */
function byDayAndLoad(items) {
  const changes = new Map();
  for (const item of items) {
    const key = `${item.date} ${item.restated_at}`;
    changes.set(key, [...(changes.get(key) ?? []), item]);
  }
  return [...changes.values()];
}

function restatement(items, view) {
  const [{ date, restated_at: at }] = items;
  const main = items.find(({ figure: name }) => name === MAIN_FIGURE);
  return make(
    "details",
    { class: "restatement" },
    make(
      "summary",
      {},
      make("strong", {}, day(date)),
      main ? [` ${titleOf(main, view)} `, was(main, view), " → ", is(main, view)] : "",
      make(
        "small",
        { class: "block" },
        `${count(items.length)} ${items.length === 1 ? "figure" : "figures"}, by the load of ${batches(items[0])}`,
      ),
    ),
    table(
      `Figures of ${day(date)} that changed`,
      [
        { title: "Figure", heading: true, cell: (item) => titleOf(item, view) },
        { title: "Was", number: true, cell: (item) => was(item, view) },
        { title: "Is", number: true, cell: (item) => is(item, view) },
      ],
      items,
    ),
    make(
      "p",
      {},
      make("a", { href: href(view.state, { day: date, page: "1" }) }, "The day's orders ›"),
      make("small", {}, ` changed on ${moment(at, view.timezone)}`),
    ),
  );
}

function titleOf(item, view) {
  return view.metrics[item.figure]?.title ?? item.figure;
}

function was(item, view) {
  return make("s", {}, written(item.figure, item.old_value, view));
}

function is(item, view) {
  return written(item.figure, item.new_value, view);
}

function written(name, value, view) {
  const metric = view.metrics[name];
  return metric ? figure(value, metric.unit, view.currency) : (value ?? "–");
}

function batches({ first_batch_date: first, last_batch_date: last }) {
  return first === last ? day(first) : range({ start: first, end: last });
}
