// What opens on top of the page: the days of what sold, a day, an order, or a rule's records.

import { go, href, NOTHING_OPEN, read } from "./address.js";
import { Fault, get } from "./api.js";
import { dayView } from "./day.js";
import { make, replace } from "./dom.js";
import { orderView } from "./order.js";
import { recordsView } from "./records.js";
import { valueView } from "./value.js";

/** The first one that the address asks for is open: an order may be looked at from a day. */
const VIEWS = [orderView, dayView, valueView, recordsView];

const panel = document.getElementById("panel");
const title = document.getElementById("panel-title");
const content = document.getElementById("panel-content");

/** Open, change or close the panel as the address says. Throws a `Fault` that is of all. */
export async function showPanel(view, signal) {
  const open = VIEWS.find((candidate) => candidate.is(view));
  if (!open) {
    panel.close();
    return;
  }
  const name = open.title(view);
  if (title.textContent !== name || !panel.open) {
    title.textContent = name;
    replace(content, make("p", { class: "loading" }, "Loading…"));
  }
  if (!panel.open) panel.showModal();
  await fill(open, view, signal);
  content.scrollTop = 0;
  title.focus();
}

async function fill(open, view, signal) {
  try {
    const answers = await Promise.all(open.needs(view).map((address) => get(address, signal)));
    title.textContent = open.title(view, answers);
    replace(content, open.draw(answers, view));
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    replace(
      content,
      make(
        "p",
        { class: "fault", role: "alert" },
        make("strong", {}, fault.title),
        ` ${fault.detail}`,
      ),
    );
    if (fault.isOfAll) {
      panel.close();
      throw fault;
    }
  }
}

/** Let the panel be closed by its button, by Escape and by a click beside it. */
export function letPanelClose() {
  const close = () => go(href(read(), NOTHING_OPEN));
  document.getElementById("panel-close").addEventListener("click", close);
  panel.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  panel.addEventListener("click", (event) => {
    if (event.target === panel) close();
  });
}
