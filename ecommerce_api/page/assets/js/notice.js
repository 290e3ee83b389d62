// What is shown when nothing can be answered: why, and what to do. It asks again by itself.

import { forgetKey, storedKey, storeKey } from "./api.js";
import { make, replace } from "./dom.js";

const RETRY_SECONDS = 5;

let timer = null;

/** Say what is wrong; `again` is what asks anew. */
export function showNotice(fault, again) {
  hideNotice();
  const notice = document.getElementById("notice");
  const isKey = fault.status === 401;
  const wait = isKey || fault.status === 403 ? null : (fault.retryAfter ?? RETRY_SECONDS);
  replace(
    notice,
    make("h2", {}, titleOf(fault)),
    make("p", {}, textOf(fault)),
    isKey
      ? keyForm(again)
      : make("button", { type: "button", id: "again", onclick: again }, "Try again"),
    wait ? make("p", { class: "muted" }, "This page looks again by itself.") : null,
  );
  notice.hidden = false;
  document.body.classList.add("is-stale");
  if (isKey) document.getElementById("key").focus();
  if (wait) timer = setTimeout(again, wait * 1000);
}

export function hideNotice() {
  clearTimeout(timer);
  document.getElementById("notice").hidden = true;
  document.body.classList.remove("is-stale");
}

function titleOf(fault) {
  if (fault.status === 503) return "No figures yet";
  if (fault.status === 401)
    return storedKey() ? "This key does not fit" : "This shop's figures need a key";
  return fault.title;
}

function textOf(fault) {
  if (fault.status !== 401) return fault.detail;
  return storedKey()
    ? "It is not known, or was revoked. Ask whoever runs the shop's server for another one."
    : "Whoever runs the shop's server can make one. It is kept in this tab only, until you close it.";
}

function keyForm(again) {
  const input = make("input", {
    id: "key",
    type: "password",
    autocomplete: "off",
    required: true,
    spellcheck: "false",
  });
  const submit = (event) => {
    event.preventDefault();
    storeKey(input.value.trim());
    again();
  };
  return make(
    "form",
    { onsubmit: submit, class: "key-form" },
    make("label", { for: "key" }, "Key"),
    input,
    make("button", { type: "submit" }, "Show the figures"),
  );
}

/** Let the key be forgotten, where there is one. */
export function offerToForgetKey(again) {
  const button = document.getElementById("forget");
  button.hidden = !storedKey();
  button.onclick = () => {
    forgetKey();
    again();
  };
}
