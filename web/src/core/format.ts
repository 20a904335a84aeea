/** Numbers and times in words for people. All take `now`, so that they can be tested and tick together. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const MONTH = 30 * DAY;
const YEAR = 365 * DAY;

/** Give a count in at most four characters: 999, 1.2k, 12.4k, 340k, 1.2m. */
export function compactCount(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const magnitude = Math.abs(value);
  if (magnitude < 1000) return String(Math.round(value));
  if (magnitude < 1_000_000) return scaled(value, 1000, "k");
  if (magnitude < 1_000_000_000) return scaled(value, 1_000_000, "m");
  return scaled(value, 1_000_000_000, "b");
}

function scaled(value: number, unit: number, letter: string): string {
  const amount = value / unit;
  // Truncated, not rounded: "10k" must not stand for 9,950.
  const shown = Math.abs(amount) < 100 ? Math.trunc(amount * 10) / 10 : Math.trunc(amount);
  return `${shown}${letter}`;
}

export const exactCount = (value: number): string => value.toLocaleString("en-US");

/** Give a counted noun: "1 event", "1,204 events". */
export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${exactCount(value)} ${value === 1 ? noun : plural}`;
}

/** Give the epoch milliseconds of an ISO time, or null when it is absent or unreadable. */
export function epochMs(iso: string | null | undefined): number | null {
  if (iso === null || iso === undefined || iso === "") return null;
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? null : ms;
}

/** Give a span in its largest unit, short: "40 s", "3 min", "5 h", "2 d", "3 wk", "4 mo", "2 yr". */
export function shortSpan(seconds: number): string {
  const span = Math.max(0, seconds);
  if (span < MINUTE) return `${Math.floor(span)} s`;
  if (span < HOUR) return `${Math.floor(span / MINUTE)} min`;
  if (span < DAY) return `${Math.floor(span / HOUR)} h`;
  if (span < 2 * WEEK) return `${Math.floor(span / DAY)} d`;
  if (span < 2 * MONTH) return `${Math.floor(span / WEEK)} wk`;
  if (span < YEAR) return `${Math.floor(span / MONTH)} mo`;
  return `${Math.floor(span / YEAR)} yr`;
}

/** Give how long ago a time was: "just now", "3 min ago", "5 d ago"; a time ahead counts as now. */
export function ago(ms: number | null, nowMs: number): string {
  if (ms === null) return "never";
  const seconds = (nowMs - ms) / 1000;
  return seconds < 10 ? "just now" : `${shortSpan(seconds)} ago`;
}

/** Give the full local time for a tooltip. */
export function exactTime(ms: number | null): string {
  if (ms === null) return "never";
  return new Date(ms).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
}

/** Give the local time of day, to the second: "14:03:07". */
export function clockTime(ms: number | null): string {
  return ms === null ? "" : new Date(ms).toLocaleTimeString("en-GB");
}

/** Give a length of time in words for a sentence: "30 minutes", "2 hours", "1 day". */
export function lengthWords(minutes: number): string {
  if (minutes % (24 * 60) === 0) return counted(minutes / (24 * 60), "day");
  if (minutes % 60 === 0) return counted(minutes / 60, "hour");
  return counted(minutes, "minute");
}
