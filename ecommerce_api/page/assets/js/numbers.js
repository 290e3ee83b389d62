// Writes figures for people. Amounts and rates come as decimal strings and are never made floats:
// Intl takes the string as it is, and what is computed here is computed in whole numbers.

/** The English of this browser, so that numbers and words on the page are of one language. */
export const LOCALE = navigator.languages.find((tag) => /^en\b/i.test(tag)) ?? "en-GB";

const NOTHING = "–";

const numberFormat = remembered((options) => new Intl.NumberFormat(LOCALE, JSON.parse(options)));

function formatted(value, options) {
  return value === null
    ? NOTHING
    : numberFormat(JSON.stringify(options)).format(value).replace("-", "−");
}

export function count(value, options = {}) {
  return formatted(value, options);
}

/** An amount of money, to the cent. */
export function amount(value, currency, options = {}) {
  return formatted(value, {
    style: "currency",
    currency,
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
    ...options,
  });
}

/** A price for one unit, with the four places it may have but at least two. */
export function price(value, currency) {
  return amount(value, currency, { maximumFractionDigits: 4 });
}

/** A share of one, in percent. */
export function rate(value, options = {}) {
  return formatted(value, {
    style: "percent",
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
    ...options,
  });
}

/** A share of one, in percent to one place. */
export function percent(value, options = {}) {
  return rate(value, { minimumFractionDigits: 1, maximumFractionDigits: 1, ...options });
}

/** A figure in its metric's unit. */
export function figure(value, unit, currency) {
  if (unit === "amount") return amount(value, currency);
  return unit === "rate" ? rate(value) : count(value);
}

/** A short form for an axis; three decimals keep the labels of neighbouring steps apart. */
export function short(value, unit, currency) {
  if (unit === "rate") return rate(value, { minimumFractionDigits: 0, maximumFractionDigits: 3 });
  const options = { notation: "compact", maximumFractionDigits: 3 };
  if (unit === "count") return count(value, options);
  return amount(value, currency, { ...options, minimumFractionDigits: 0 });
}

/** The difference of two decimal strings or counts, as a decimal string; null without either. */
export function difference(current, earlier) {
  if (current === null || earlier === null) return null;
  const places = Math.max(placesOf(current), placesOf(earlier));
  return written(scaled(current, places) - scaled(earlier, places), places);
}

/** The change ÷ the size of the earlier figure, half up to 4 decimals; null where there is none. */
export function relativeChange(current, earlier) {
  const absolute = difference(current, earlier);
  return absolute === null ? null : quotient(absolute, earlier);
}

/** One figure ÷ the size of another, half up to 4 decimals; null where that is 0. */
export function quotient(figure, size) {
  const places = Math.max(placesOf(figure), placesOf(size));
  const below = magnitude(scaled(size, places));
  if (below === 0n) return null;
  const above = scaled(figure, places) * 10000n;
  const whole = (2n * magnitude(above) + below) / (2n * below);
  return written(above < 0n ? -whole : whole, 4);
}

/** The sum of decimal strings of the same number of decimals. */
export function total(values) {
  const places = Math.max(0, ...values.map(placesOf));
  return written(
    values.reduce((sum, value) => sum + scaled(value, places), 0n),
    places,
  );
}

function placesOf(value) {
  return String(value).split(".")[1]?.length ?? 0;
}

function scaled(value, places) {
  const [whole, fraction = ""] = String(value).split(".");
  return BigInt(whole + fraction.padEnd(places, "0"));
}

function written(scaledValue, places) {
  const digits = String(magnitude(scaledValue)).padStart(places + 1, "0");
  const sign = scaledValue < 0n ? "-" : "";
  if (places === 0) return sign + digits;
  return `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

function magnitude(value) {
  return value < 0n ? -value : value;
}

function remembered(compute) {
  const known = new Map();
  return (key) => {
    if (!known.has(key)) known.set(key, compute(key));
    return known.get(key);
  };
}
