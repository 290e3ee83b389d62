// What the page shows is in its address: read from it, and written to it. Links do the rest.

import { isDay } from "./days.js";

const DEFAULTS = {
  period: "30d",
  start: "",
  end: "",
  compare: "previous",
  refunds: "return_date",
  chart: "net_revenue",
  cohorts: "retention",
  by: "month",
  sold: "product",
  sort: "-shortfall",
  warehouse: "",
  of: "",
  value: "",
  day: "",
  order: "",
  rule: "",
  feed: "",
  page: "1",
};

const DIMENSIONS = ["product", "category", "country", "channel", "discount_code", "customer"];

const CHOICES = {
  period: ["7d", "30d", "90d", "12m", "month", "last-month", "year", "custom"],
  compare: ["previous", "year", "none"],
  refunds: ["return_date", "order_date"],
  cohorts: ["retention", "ltv"],
  by: ["month", "week"],
  sold: DIMENSIONS,
  of: DIMENSIONS,
};

/** What is open on top of the page; none of it is part of the page's own state. */
export const NOTHING_OPEN = {
  of: "",
  value: "",
  day: "",
  order: "",
  rule: "",
  feed: "",
  page: "1",
};

/** Read what the address asks for; what it asks wrongly is as if it had not asked. */
export function read(search = location.search) {
  const given = new URLSearchParams(search);
  const state = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS)) {
    const value = given.get(name) ?? "";
    if (value && (CHOICES[name]?.includes(value) ?? true)) state[name] = value;
  }
  const isCustom = isDay(state.start) && isDay(state.end);
  if (isCustom) state.period = "custom";
  else Object.assign(state, { start: "", end: "" });
  if (state.period === "custom" && !isCustom) state.period = DEFAULTS.period;
  if (!isDay(state.day)) state.day = "";
  if (!/^[1-9]\d{0,6}$/.test(state.page)) state.page = "1";
  return state;
}

/** Write the address of a state with some changes. */
export function href(state, changes = {}) {
  const changed = { ...state, ...changes };
  if (changes.start) changed.period = "custom";
  else if (changes.period) Object.assign(changed, { start: "", end: "" });
  if (changed.start) delete changed.period;
  const asked = Object.entries(changed).filter(([name, value]) => value !== DEFAULTS[name]);
  return `?${new URLSearchParams(asked)}`;
}

/** Go to an address on this page; the back button leads back. */
export function go(address) {
  if (address === location.search || (address === "?" && !location.search)) return;
  history.pushState(null, "", address === "?" ? location.pathname : address);
  window.dispatchEvent(new Event("addresschange"));
}

/** Let links to this page's own addresses be followed without leaving it. */
export function followLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='?']");
    if (
      !link ||
      event.defaultPrevented ||
      event.button ||
      event.ctrlKey ||
      event.metaKey ||
      event.shiftKey
    )
      return;
    event.preventDefault();
    go(link.getAttribute("href"));
  });
  window.addEventListener("popstate", () => window.dispatchEvent(new Event("addresschange")));
}
