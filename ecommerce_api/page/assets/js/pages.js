// Links through the pages of a list that is open.

import { href } from "./address.js";
import { make } from "./dom.js";
import { count } from "./numbers.js";

/** Make the links; null where all is on one page. */
export function pages(total, perPage, state) {
  const last = Math.max(1, Math.ceil(total / perPage));
  if (last === 1) return null;
  const page = Math.min(Number(state.page), last);
  const link = (to, text) =>
    to < 1 || to > last
      ? make("span", { class: "button", "aria-disabled": "true" }, text)
      : make("a", { class: "button", href: href(state, { page: String(to) }) }, text);
  return make(
    "nav",
    { class: "steps", "aria-label": "Pages" },
    link(page - 1, "‹ Back"),
    make("span", {}, `Page ${count(page)} of ${count(last)}`),
    link(page + 1, "More ›"),
  );
}
