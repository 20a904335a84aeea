/** Contexts, extra data and packages of an event, as titled tables. */

import { asObject, asText, isObject, pairsOf, type Pair } from "./json";

export interface Context {
  readonly key: string;
  readonly title: string;
  /** The one line that sums it up, such as `Chrome 83.0`; null when it has no name. */
  readonly summary: string | null;
  readonly rows: readonly Pair[];
}

/** What people look at first stands first; what Sentry knows not at all keeps its own order after it. */
const KNOWN: readonly (readonly [key: string, title: string])[] = [
  ["response", "Response"],
  ["browser", "Browser"],
  ["os", "Operating system"],
  ["client_os", "Client operating system"],
  ["device", "Device"],
  ["runtime", "Runtime"],
  ["app", "App"],
  ["gpu", "Graphics"],
  ["culture", "Culture"],
  ["cloud_resource", "Cloud resource"],
  ["trace", "Trace"],
  ["profile", "Profile"],
  ["replay", "Replay"],
  ["feedback", "Feedback"],
  ["flags", "Feature flags"],
  ["state", "State"],
];

const TITLES = new Map(KNOWN);
const RANKS = new Map(KNOWN.map(([key], rank) => [key, rank]));

/** Give the contexts that say something, known ones first. */
export function readContexts(value: unknown): readonly Context[] {
  const found = Object.entries(asObject(value)).flatMap(([key, member]) => {
    const context = readContext(key, member);
    return context === null ? [] : [context];
  });
  const rank = (context: Context) => RANKS.get(context.key) ?? KNOWN.length;
  return found.sort((one, other) => rank(one) - rank(other));
}

function readContext(key: string, member: unknown): Context | null {
  if (!isObject(member)) return null;
  const rows = pairsOf(member).filter((pair) => pair.name !== "type" && !isEmpty(member[pair.name]));
  if (rows.length === 0) return null;
  const type = asText(member["type"]);
  const title = TITLES.get(key) ?? (type !== null && type !== "default" ? TITLES.get(type) : undefined);
  return { key, title: title ?? key, summary: summaryOf(member), rows };
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === "";
}

function summaryOf(member: Readonly<Record<string, unknown>>): string | null {
  const name = asText(member["name"]);
  if (name === null) return null;
  const version = asText(member["version"]);
  return version === null ? name : `${name} ${version}`;
}

/** Give the free data that the application attached (Sentry's "extra"). */
export function readExtra(value: unknown): readonly Pair[] {
  return pairsOf(value);
}
