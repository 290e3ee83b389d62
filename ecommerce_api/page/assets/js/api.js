// Asks the API, with the key that was given here. What is wrong with an answer becomes a `Fault`.

import { make } from "./dom.js";

/** Why there is no answer: an HTTP status, or 0 when the server could not be reached. */
export class Fault extends Error {
  constructor(status, title, detail, retryAfter = null) {
    super(detail);
    Object.assign(this, { status, title, detail, retryAfter });
  }

  /** Whether nothing on the page can be answered, and not only one question. */
  get isOfAll() {
    return [0, 401, 403, 503].includes(this.status);
  }
}

/** Ask for a path; the parameters that are null or empty are left out. */
export function path(name, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== "");
  return given.length ? `${name}?${new URLSearchParams(given)}` : name;
}

const asked = new WeakMap();

/** Get an answer; under one signal each address is asked for once. Throws a `Fault`. */
export function get(address, signal) {
  if (!asked.has(signal)) asked.set(signal, new Map());
  const answers = asked.get(signal);
  if (!answers.has(address)) answers.set(address, ask(address, signal));
  return answers.get(address);
}

/** Save a file under a name. A link alone could not send the key. Throws a `Fault`. */
export async function save(address, name) {
  const file = URL.createObjectURL(await (await answer(address)).blob());
  make("a", { href: file, download: name }).click();
  URL.revokeObjectURL(file);
}

async function ask(address, signal) {
  return (await answer(address, signal)).json();
}

async function answer(address, signal = null) {
  const response = await reach(address, signal);
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new Fault(
    response.status,
    problem.title ?? `The server answered ${response.status}`,
    problem.detail ?? "It gave no reason.",
    Number(response.headers.get("Retry-After")) || null,
  );
}

async function reach(address, signal) {
  const key = storedKey();
  try {
    return await fetch(address, { signal, headers: key ? { "X-API-Key": key } : {} });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Fault(
      0,
      "The server does not answer",
      "It may be restarting, or this device is offline.",
    );
  }
}

/** The key lasts as long as this tab. */
export function storedKey() {
  return sessionStorage.getItem("api-key");
}

export function storeKey(key) {
  sessionStorage.setItem("api-key", key);
}

export function forgetKey() {
  sessionStorage.removeItem("api-key");
}
