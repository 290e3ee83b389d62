// The page's own controls: they show what the address says, and change it.

import { go, href, NOTHING_OPEN, read } from "./address.js";
import { range } from "./days.js";

/** The selects that stand for a part of the address, by its name. */
const SELECTS = {
  period: "period",
  compare: "compare",
  refunds: "refunds",
  cohorts: "cohort-measure",
  by: "by",
  sold: "sold-by",
  warehouse: "warehouse",
};

/** Listen to the controls, once. */
export function listenToControls() {
  for (const [name, id] of Object.entries(SELECTS)) {
    document.getElementById(id).addEventListener("change", (event) => {
      if (event.target.value !== "custom") go(href(read(), { [name]: event.target.value }));
      else document.getElementById("start").focus();
    });
  }
  document.getElementById("days").addEventListener("submit", (event) => {
    event.preventDefault();
    changeDays();
  });
  for (const name of ["start", "end"]) {
    document.getElementById(name).addEventListener("change", changeDays);
  }
  document.getElementById("find").addEventListener("submit", (event) => {
    event.preventDefault();
    const order = document.getElementById("find-order").value.trim();
    if (order) go(href(read(), { ...NOTHING_OPEN, order }));
  });
}

function changeDays() {
  const start = document.getElementById("start");
  const end = document.getElementById("end");
  end.setCustomValidity(
    start.value && end.value && end.value < start.value
      ? "The last day is before the first one."
      : "",
  );
  if (document.getElementById("days").reportValidity())
    go(href(read(), { start: start.value, end: end.value }));
}

/** Show in the controls what the page shows. */
export function showControls({ state, period, earlier, asOf, store, timezone }) {
  document.getElementById("store").textContent = `${store} figures`;
  for (const [name, id] of Object.entries(SELECTS)) {
    if (name !== "warehouse") document.getElementById(id).value = state[name];
  }
  document.getElementById("start").value = period.start;
  document.getElementById("end").value = period.end;
  document.getElementById("end").setCustomValidity("");
  document.getElementById("compared").textContent = earlier
    ? `compared with ${range(earlier)}`
    : "";
  document.getElementById("as-of").textContent =
    `Up to ${range({ start: asOf, end: asOf })} (${timezone})`;
}
