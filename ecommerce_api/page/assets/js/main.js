// The page as a whole: what the address asks for is asked of the API, and shown section by section.

import { followLinks, NOTHING_OPEN, read } from "./address.js";
import { Fault, get } from "./api.js";
import { cohorts } from "./cohorts.js";
import { listenToControls, showControls } from "./controls.js";
import { chosenPeriod, earlierPeriod, range } from "./days.js";
import { make, replace } from "./dom.js";
import { health } from "./health.js";
import { hideNotice, offerToForgetKey, showNotice } from "./notice.js";
import { letPanelClose, showPanel } from "./panel.js";
import { revenue } from "./revenue.js";
import { sold } from "./sold.js";
import { stock } from "./stock.js";
import { tiles } from "./tiles.js";

/** A section asks for what it `needs` and is drawn with the answers; drawn again only if they change. */
const SECTIONS = [tiles, revenue, sold, cohorts, stock, health];
const drawn = new Map();

const FRESH_MILLISECONDS = 5 * 60_000;

let asking = new AbortController();
let shownAt = 0;

async function show() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  try {
    const view = await makeView(signal);
    hideNotice();
    document.body.classList.add("is-loaded");
    offerToForgetKey(show);
    showControls(view);
    document.title = `${view.store} figures, ${range(view.period)}`;
    const underneath = { ...view, state: { ...view.state, ...NOTHING_OPEN } };
    const shown = await Promise.allSettled([
      ...SECTIONS.map((section) => refresh(section, underneath, signal)),
      showPanel(view, signal),
    ]);
    const failed = shown.find(({ status }) => status === "rejected");
    if (failed) throw failed.reason;
    document.getElementById("announcer").textContent =
      `Figures of ${range(view.period)} are shown.`;
    document.body.dataset.shown = location.search;
    shownAt = Date.now();
  } catch (fault) {
    if (signal.aborted) return;
    if (!(fault instanceof Fault)) throw fault;
    offerToForgetKey(show);
    showNotice(fault, show);
  }
}

/** What the address says, with what only the API knows: the shop, last loaded day, metrics. */
async function makeView(signal) {
  const known = await get("metrics", signal);
  const bySlug = Object.fromEntries(known.items.map((metric) => [metric.slug, metric]));
  const metrics = { __proto__: null, ...bySlug }; // what an address names is a metric or nothing
  const state = read();
  if (!(state.chart in metrics)) state.chart = tiles.hero;
  const period = chosenPeriod(state, known.as_of);
  const earlier = earlierPeriod(period, state.compare);
  const { as_of: asOf, currency, store, timezone, feeds } = known;
  return { state, metrics, period, earlier, asOf, currency, store, timezone, feeds };
}

async function refresh(section, view, signal) {
  const addresses = section.needs(view);
  const last = drawn.get(section);
  const asked = JSON.stringify([addresses, view.asOf]);
  const wanted = JSON.stringify([asked, view.state]);
  if (last?.wanted === wanted) return;
  const root = document.getElementById(section.id);
  const content = root.querySelector(".content");
  root.setAttribute("aria-busy", "true");
  try {
    const answers =
      last?.asked === asked
        ? last.answers
        : await Promise.all(addresses.map((address) => get(address, signal)));
    section.draw(content, answers, view);
    drawn.set(section, { asked, wanted, answers });
  } catch (fault) {
    if (!(fault instanceof Fault) || fault.isOfAll) throw fault;
    drawn.delete(section);
    replace(
      content,
      make(
        "p",
        { class: "fault", role: "alert" },
        make("strong", {}, fault.title),
        ` ${fault.detail}`,
      ),
    );
  } finally {
    if (!signal.aborted) root.removeAttribute("aria-busy");
  }
}

/** A page that was left open is brought up to date when somebody comes back to it. */
function refreshOnReturn() {
  if (document.hidden || Date.now() - shownAt < FRESH_MILLISECONDS) return;
  drawn.clear();
  show();
}

listenToControls();
followLinks();
letPanelClose();
window.addEventListener("addresschange", show);
document.addEventListener("visibilitychange", refreshOnReturn);
show();
