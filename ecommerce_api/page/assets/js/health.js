// How far the data can be trusted: the last loaded day, what was refused and why, what changed since.

import { href } from "./address.js";
import { path } from "./api.js";
import { ago, day, daysAgo, longDay, moment } from "./days.js";
import { make, replace, table } from "./dom.js";
import { count, figure, total } from "./numbers.js";
import { feedTitle, ruleText, ruleTitle } from "./rules.js";

const LATE_DAYS = 2;
const MOST_RESTATEMENTS = 100;
const SHOWN = 8;

export const health = { id: "health", needs, draw };

function needs() {
  return ["quarantine/summary", path("restatements", { limit: MOST_RESTATEMENTS })];
}

function draw(content, [quarantine, restatements], view) {
  replace(
    content,
    make(
      "div",
      { class: "cards" },
      card("Last loaded day", loaded(view), "loaded"),
      card("Figures that changed afterwards", restated(restatements, view), "restatements"),
      card("Records set aside", setAside(quarantine, view), "quarantine"),
    ),
  );
}

function card(title, body, name) {
  return make("section", { class: `card ${name}`, "aria-labelledby": `card-${name}` }, make("h3", { id: `card-${name}` }, title), body);
}

function loaded({ asOf }) {
  const late = daysAgo(asOf) > LATE_DAYS;
  return [
    make("p", { class: "big" }, longDay(asOf)),
    make(
      "p",
      {},
      make("span", { class: late ? "badge bad" : "badge good" }, late ? `▲ ${ago(asOf)}` : ago(asOf)),
      make("span", { class: "muted" }, late ? " Nothing has arrived since." : " Up to date."),
    ),
  ];
}

function setAside({ records, items }, view) {
  if (!items.length) return make("p", { class: "empty" }, "None: every record that arrived was taken in.");
  return [
    make(
      "p",
      { class: "lead" },
      make("strong", {}, count(records)),
      ` ${records === 1 ? "record is" : "records are"} in no figure until mended. A record can break several rules.`,
    ),
    table(
      "Records set aside, by rule",
      [
        { title: "Rule", heading: true, cell: (row) => ruleCell(row, view) },
        { title: "In", wide: true, cell: (row) => row.feeds.map((feed) => feedLink(row, feed, view)) },
        { title: "Last arrived", wide: true, cell: (row) => make("span", { class: "nowrap" }, day(row.latest)) },
        { title: "Records", number: true, cell: (row) => make("strong", {}, count(row.records)) },
      ],
      byRule(items),
    ),
  ];
}

function byRule(items) {
  const rows = new Map();
  for (const item of items) {
    const row = rows.get(item.rule) ?? { rule: item.rule, feeds: [], counts: [], latest: item.batch_date };
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
    make("small", { class: "block" }, ruleText(rule)),
  ];
}

function feedLink({ rule }, feed, view) {
  return make("a", { class: "chip", href: href(view.state, { rule, feed, page: "1" }) }, feedTitle(feed));
}

function restated({ items, total: all }, view) {
  if (!items.length) {
    return make("p", { class: "empty" }, "None: no load has changed the figures of a day loaded before it.");
  }
  const rest = items.slice(SHOWN);
  const more = all > items.length ? ` of ${count(all)}` : "";
  return [
    restatementTable(items.slice(0, SHOWN), view, "Latest changes of figures"),
    rest.length
      ? make(
          "details",
          { class: "quiet" },
          make("summary", {}, `${count(rest.length)}${more} more`),
          restatementTable(rest, view, "More changes of figures"),
        )
      : null,
  ].filter(Boolean);
}

function restatementTable(rows, view, caption) {
  const written = (name, value) => {
    const metric = view.metrics[name];
    return metric ? figure(value, metric.unit, view.currency) : (value ?? "–");
  };
  return table(
    caption,
    [
      {
        title: "Day",
        heading: true,
        cell: (row) => make("a", { class: "nowrap", href: href(view.state, { day: row.date, page: "1" }) }, day(row.date)),
      },
      { title: "Figure", cell: (row) => view.metrics[row.figure]?.title ?? row.figure },
      { title: "Was", number: true, cell: (row) => make("s", {}, written(row.figure, row.old_value)) },
      { title: "Is", number: true, cell: (row) => written(row.figure, row.new_value) },
      { title: "By the load of", wide: true, cell: (row) => batches(row) },
    ],
    rows,
  );
}

function batches({ first_batch_date: first, last_batch_date: last, restated_at: at }) {
  const text = first === last ? day(first) : `${day(first)} – ${day(last)}`;
  return [text, make("small", { class: "block" }, moment(at))];
}
