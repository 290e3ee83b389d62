// Records as they arrived: the list of those that break a rule, and how one record is shown.

import { href } from "./address.js";
import { path } from "./api.js";
import { facts, make } from "./dom.js";
import { count } from "./numbers.js";
import { pages } from "./pages.js";
import { feedTitle, ruleText, ruleTitle } from "./rules.js";

const PER_PAGE = 25;

export const recordsView = {
  is: ({ state }) => state.rule,
  title: ({ state }) => ruleTitle(state.rule),
  needs: ({ state }) => [
    path("quarantine", {
      rule: state.rule,
      feed: state.feed,
      limit: PER_PAGE,
      offset: (Number(state.page) - 1) * PER_PAGE,
    }),
  ],
  draw,
};

function draw([quarantine], view) {
  const { state } = view;
  return [
    make("p", {}, make("code", {}, state.rule), ` ${ruleText(state.rule)}`),
    make(
      "p",
      { class: "muted" },
      `${count(quarantine.total)} ${quarantine.total === 1 ? "record" : "records"}`,
      state.feed
        ? [
            ` of ${feedTitle(state.feed)}. `,
            make("a", { href: href(state, { feed: "", page: "1" }) }, "Show all feeds"),
          ]
        : ", the newest batch first.",
    ),
    quarantine.items.map((item) => recordFacts(item, state)),
    pages(quarantine.total, PER_PAGE, state),
  ];
}

/** Show a record in quarantine, or an earlier version of one: where it stands, and what it said. */
export function recordFacts(item, state) {
  const source = item.source ?? item;
  const blamed = new Set((item.reasons ?? []).map(({ column }) => column));
  return make(
    "article",
    { class: "record" },
    make(
      "h4",
      {},
      item.business_key ?? item.key ?? "No key",
      make("code", { class: "source" }, sourceText(source)),
    ),
    reasonList(item.reasons ?? []),
    facts(
      ...Object.entries(item.record).map(([name, value]) => [
        name,
        written(name, value, blamed.has(name), state),
      ]),
    ),
  );
}

function written(name, value, isBlamed, state) {
  const text = value === null ? "empty" : value;
  if (isBlamed) return make("code", { class: "blamed" }, text);
  if (name === "order_id" && value !== state.order)
    return make("a", { href: href(state, { order: value }) }, make("code", {}, value));
  return make(value === null ? "span" : "code", { class: value === null ? "muted" : null }, text);
}

/** Say why something is in quarantine; null where it is not. */
export function reasonList(reasons) {
  if (!reasons.length) return null;
  return make(
    "ul",
    { class: "reasons" },
    reasons.map(({ rule, column, message }) =>
      make(
        "li",
        {},
        make("strong", {}, ruleTitle(rule)),
        column ? [" in ", make("code", {}, column)] : "",
        `: ${message}`,
      ),
    ),
  );
}

/** Where a record stands, as the landing zone's folders have it. */
export function sourceText({ feed, source_file: file, line_number: line }) {
  return `${feed}/${file}, line ${line}`;
}
