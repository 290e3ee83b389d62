// The page of an owner of several stores: a row for each store that the key may read.

import { Fault, get } from "./api.js";
import { day } from "./days.js";
import { make, replace, table } from "./dom.js";
import { hideNotice, offerToForgetKey, showNotice } from "./notice.js";
import { amount, count, percent, relativeChange } from "./numbers.js";

const COLUMNS = [
  {
    title: "Store",
    heading: true,
    cell: ({ store, name }) => make("a", { href: `stores/${store}/` }, name),
  },
  { title: "Loaded up to", cell: ({ as_of: asOf, problem }) => (asOf ? day(asOf) : problem) },
  { title: "Orders", number: true, wide: true, cell: ({ orders }) => shown(orders, count) },
  {
    title: "Net revenue",
    number: true,
    cell: ({ net_revenue: net, currency }) => shown(net, (value) => amount(value, currency)),
  },
  { title: "Against the 30 days before", number: true, wide: true, cell: change },
];

const section = document.getElementById("stores");

function shown(value, write) {
  return value === null ? "" : write(value);
}

function change({ net_revenue: net, previous_net_revenue: previous }) {
  if (net === null || previous === null) return "";
  const relative = relativeChange(net, previous);
  return relative === null ? "" : percent(relative, { signDisplay: "exceptZero" });
}

async function show() {
  try {
    const { items } = await get("stores", new AbortController().signal);
    hideNotice();
    replace(section.querySelector(".content"), table("Stores", COLUMNS, items));
    section.hidden = false;
    document.body.classList.add("is-loaded");
    document.body.dataset.shown = location.search;
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    section.hidden = true;
    showNotice(fault, show);
  }
  offerToForgetKey(show);
}

show();
