/** Breadcrumbs: what happened before the error, as a timeline that filters by type, level and text. */

import { asList, asMoment, asNumber, asObject, asText, pairsOf, showValue, type Pair } from "./json";

export interface Breadcrumb {
  readonly key: string;
  readonly type: string;
  readonly level: string;
  readonly category: string;
  readonly message: string;
  readonly data: readonly Pair[];
  /** Epoch milliseconds, null when the SDK sent no usable time. */
  readonly at: number | null;
}

export interface BreadcrumbFilter {
  /** Empty means every type. */
  readonly types: readonly string[];
  /** Empty means every level. */
  readonly levels: readonly string[];
  readonly text: string;
}

export const NO_FILTER: BreadcrumbFilter = { types: [], levels: [], text: "" };

const LEVELS = ["fatal", "error", "warning", "info", "debug"];

/** Give the breadcrumbs of an entry in the order they happened. */
export function readBreadcrumbs(data: unknown): readonly Breadcrumb[] {
  return asList(asObject(data)["values"]).map(readBreadcrumb);
}

function readBreadcrumb(value: unknown, index: number): Breadcrumb {
  const raw = asObject(value);
  const data = asObject(raw["data"]);
  const category = asText(raw["category"]) ?? "other";
  return {
    key: `crumb-${String(index)}`,
    type: kindOf(asText(raw["type"]), category),
    level: levelOf(asText(raw["level"])),
    category,
    message: messageOf(raw["message"], data),
    data: pairsOf(data),
    at: asMoment(raw["timestamp"]),
  };
}

/** Name the kind of a breadcrumb; SDKs leave most at "default" and say it in the category. */
function kindOf(type: string | null, category: string): string {
  if (type !== null && type !== "default") return type;
  const [area] = category.split(".");
  if (area === "console" || area === "navigation" || area === "ui" || area === "query") return area;
  if (area === "fetch" || area === "xhr" || category === "httplib") return "http";
  return "other";
}

function levelOf(level: string | null): string {
  if (level === "warn") return "warning";
  return level !== null && LEVELS.includes(level) ? level : "info";
}

function messageOf(message: unknown, data: Readonly<Record<string, unknown>>): string {
  const own = asText(message);
  if (own !== null) return own;
  const url = asText(data["url"]);
  if (url !== null) {
    const status = asNumber(data["status_code"]);
    const head = [asText(data["method"]), url].filter((part) => part !== null).join(" ");
    return status === null ? head : `${head} [${String(status)}]`;
  }
  const to = asText(data["to"]);
  if (to !== null) {
    const from = asText(data["from"]);
    return from === null ? to : `${from} → ${to}`;
  }
  return message === null || message === undefined ? "" : showValue(message);
}

/** Give the breadcrumbs that pass the filter; text is looked for in message, category and data. */
export function filterBreadcrumbs(crumbs: readonly Breadcrumb[], filter: BreadcrumbFilter): readonly Breadcrumb[] {
  const wanted = filter.text.trim().toLowerCase();
  return crumbs.filter(
    (crumb) =>
      (filter.types.length === 0 || filter.types.includes(crumb.type)) &&
      (filter.levels.length === 0 || filter.levels.includes(crumb.level)) &&
      (wanted === "" || haystack(crumb).includes(wanted)),
  );
}

function haystack(crumb: Breadcrumb): string {
  const data = crumb.data.map((pair) => `${pair.name} ${pair.text}`).join(" ");
  return `${crumb.message} ${crumb.category} ${data}`.toLowerCase();
}

export interface FilterChoice {
  readonly value: string;
  readonly count: number;
}

/** Give the types that occur, with how often, most frequent first. */
export function typesOf(crumbs: readonly Breadcrumb[]): readonly FilterChoice[] {
  return counted(crumbs.map((crumb) => crumb.type)).sort((one, other) => other.count - one.count);
}

/** Give the levels that occur, with how often, worst first. */
export function levelsOf(crumbs: readonly Breadcrumb[]): readonly FilterChoice[] {
  const byRank = (choice: FilterChoice) => LEVELS.indexOf(choice.value);
  return counted(crumbs.map((crumb) => crumb.level)).sort((one, other) => byRank(one) - byRank(other));
}

function counted(values: readonly string[]): FilterChoice[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].map(([value, count]) => ({ value, count }));
}

/** Give a moment relative to the event, signed and short: `−1.2 s`, `−3 min 05 s`, `+40 ms`. */
export function offsetText(at: number | null, eventAt: number | null): string {
  if (at === null || eventAt === null) return "";
  const distance = Math.abs(at - eventAt);
  const sign = at < eventAt ? "−" : "+";
  if (distance < 1) return "0 ms";
  return `${sign}${durationText(distance)}`;
}

function durationText(ms: number): string {
  if (ms < 1_000) return `${String(Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 3_600) return `${String(Math.floor(seconds / 60))} min ${padded(seconds % 60)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1_440) return `${String(Math.floor(minutes / 60))} h ${padded(minutes % 60)} min`;
  return `${String(Math.floor(minutes / 1_440))} d ${String(Math.floor((minutes % 1_440) / 60))} h`;
}

function padded(value: number): string {
  return String(value).padStart(2, "0");
}
