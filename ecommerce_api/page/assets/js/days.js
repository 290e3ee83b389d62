// Calendar days, as ISO dates: arithmetic, periods and how they are written. No clock but `today`.

import { LOCALE } from "./numbers.js";

const DAY = 86_400_000;

const dayFormat = format({ day: "numeric", month: "short", year: "numeric" });
const longFormat = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const weekdayFormat = format({ weekday: "short", day: "numeric", month: "short", year: "numeric" });
const monthFormat = format({ month: "short", year: "numeric" });

const TIME = { hour: "2-digit", minute: "2-digit", timeZoneName: "short" };

function format(options) {
  return new Intl.DateTimeFormat(LOCALE, { timeZone: "UTC", ...options });
}

function asDate(day) {
  return new Date(`${day}T00:00:00Z`);
}

function iso(date) {
  return date.toISOString().slice(0, 10);
}

export function isDay(text) {
  return (
    /^\d{4}-\d\d-\d\d$/.test(text) &&
    !Number.isNaN(Number(asDate(text))) &&
    iso(asDate(text)) === text
  );
}

export function plus(day, days) {
  return iso(new Date(Number(asDate(day)) + days * DAY));
}

/** How many days a period has, both ends included. */
export function length({ start, end }) {
  return Math.round((asDate(end) - asDate(start)) / DAY) + 1;
}

/** Every day of a period. */
export function each({ start, end }) {
  return Array.from({ length: Math.max(0, length({ start, end })) }, (_, i) => plus(start, i));
}

/** Seconds since 1970, which is what the chart's axis counts in. */
export function seconds(day) {
  return Number(asDate(day)) / 1000;
}

export function ofSeconds(value) {
  return iso(new Date(Math.round((value * 1000) / DAY) * DAY));
}

/** The same day of another month, or that month's last day where it has none such. */
function plusMonths(day, months) {
  const date = asDate(day);
  const first = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1));
  const lastDay = new Date(
    Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0),
  ).getUTCDate();
  first.setUTCDate(Math.min(date.getUTCDate(), lastDay));
  return iso(first);
}

function firstOfMonth(day) {
  return `${day.slice(0, 8)}01`;
}

/** The periods that have a name, each counted back from the last loaded day. */
const NAMED = {
  "7d": (last) => ({ start: plus(last, -6), end: last }),
  "30d": (last) => ({ start: plus(last, -29), end: last }),
  "90d": (last) => ({ start: plus(last, -89), end: last }),
  "12m": (last) => ({ start: plus(plusMonths(last, -12), 1), end: last }),
  month: (last) => ({ start: firstOfMonth(last), end: last }),
  "last-month": (last) => {
    const end = plus(firstOfMonth(last), -1);
    return { start: firstOfMonth(end), end };
  },
  year: (last) => ({ start: `${last.slice(0, 4)}-01-01`, end: last }),
};

/** The period that the address asks for. */
export function chosenPeriod({ period, start, end }, lastLoaded) {
  return period === "custom" ? { start, end } : NAMED[period](lastLoaded);
}

/** The period that another is compared with; null if with none. */
export function earlierPeriod(period, compare) {
  if (compare === "none") return null;
  if (compare === "year") {
    return { start: plusMonths(period.start, -12), end: plusMonths(period.end, -12) };
  }
  return { start: plus(period.start, -length(period)), end: plus(period.start, -1) };
}

export function day(value) {
  return dayFormat.format(asDate(value));
}

export function longDay(value) {
  return longFormat.format(asDate(value));
}

export function weekday(value) {
  return weekdayFormat.format(asDate(value));
}

export function month(value) {
  return monthFormat.format(asDate(value));
}

export function range({ start, end }) {
  return start <= end
    ? dayFormat.formatRange(asDate(start), asDate(end))
    : `${day(start)} – ${day(end)}`;
}

/** A moment as the shop's clock has it, with the short name of its time zone. */
export function moment(value, timeZone) {
  const date = { day: "numeric", month: "short", year: "numeric" };
  return format({ ...date, ...TIME, timeZone }).format(new Date(value));
}

/** The shop's time of day of a moment. */
export function time(value, timeZone) {
  return format({ ...TIME, timeZone }).format(new Date(value));
}

/** How long ago a day was, for people. */
export function ago(value) {
  const words = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto" });
  const days = daysAgo(value);
  if (days < 60) return words.format(-days, "day");
  if (days < 730) return words.format(-Math.round(days / 30.44), "month");
  return words.format(-Math.round(days / 365.25), "year");
}

export function daysAgo(value) {
  const now = new Date();
  const today = `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, "0")}-${String(now.getDate()).padStart(2, "0")}`;
  return length({ start: value, end: today }) - 1;
}
