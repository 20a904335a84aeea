/** Tags: the ones of an event, and how an issue's tag values are distributed over its events. */

import { asList, asMoment, asNumber, asObject, asString, asText } from "./json";

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface TagShare {
  readonly value: string;
  readonly label: string;
  readonly count: number;
  /** 0 to 100, for the length of a bar. */
  readonly percent: number;
  /** The same for reading: `34%`, `<1%`, `>99%`. */
  readonly percentText: string;
  readonly lastSeen: number | null;
  /** The search term that finds these events' issues, null when the key cannot be searched. */
  readonly term: string | null;
}

export interface TagDistribution {
  readonly key: string;
  readonly name: string;
  readonly total: number;
  readonly shares: readonly TagShare[];
  /** What the shown values leave over; null when nothing. */
  readonly rest: { readonly count: number; readonly percent: number; readonly percentText: string } | null;
}

/** Give an event's tags in Sentry's order. */
export function readTags(value: unknown): readonly Tag[] {
  return asList(value).flatMap((item) => {
    const raw = asObject(item);
    const key = asText(raw["key"]);
    return key === null ? [] : [{ key, value: asString(raw["value"]) ?? "" }];
  });
}

/** Give the value of one tag, or null. */
export function tagValue(tags: readonly Tag[], key: string): string | null {
  return asText(tags.find((tag) => tag.key === key)?.value);
}

/** Give the distributions from the facets of an issue, the given number of values in each. */
export function readDistributions(facets: unknown, most = 5): readonly TagDistribution[] {
  return asList(facets).flatMap((facet) => {
    const distribution = readDistribution(asObject(facet), most);
    return distribution === null ? [] : [distribution];
  });
}

function readDistribution(raw: Readonly<Record<string, unknown>>, most: number): TagDistribution | null {
  const key = asText(raw["key"]);
  if (key === null) return null;
  const counted = asList(raw["topValues"]).map((item) => readValue(asObject(item)));
  const known = counted.reduce((sum, item) => sum + item.count, 0);
  // Sentry's total may lag behind its values; a bar must never be longer than its track.
  const total = Math.max(asNumber(raw["totalValues"]) ?? 0, known);
  const shown = [...counted].sort((one, other) => other.count - one.count).slice(0, most);
  const rest = total - shown.reduce((sum, item) => sum + item.count, 0);
  return {
    key,
    name: asText(raw["name"]) ?? key,
    total,
    shares: shown.map((item) => ({ ...item, ...share(item.count, total), term: searchTerm(key, item.value) })),
    rest: rest > 0 ? { count: rest, ...share(rest, total) } : null,
  };
}

function readValue(raw: Readonly<Record<string, unknown>>) {
  const value = asString(raw["value"]) ?? asText(raw["value"]) ?? "";
  return {
    value,
    label: asText(raw["name"]) ?? (value.trim() === "" ? "(empty)" : value),
    count: Math.max(0, asNumber(raw["count"]) ?? 0),
    lastSeen: asMoment(raw["lastSeen"]),
  };
}

function share(count: number, total: number): { percent: number; percentText: string } {
  if (total <= 0) return { percent: 0, percentText: "0%" };
  const percent = (count / total) * 100;
  return { percent, percentText: percentText(percent, count, total) };
}

function percentText(percent: number, count: number, total: number): string {
  if (count > 0 && percent < 1) return "<1%";
  if (count < total && percent > 99) return ">99%";
  return `${String(Math.round(percent))}%`;
}

/**
 * Give the term of Sentry's search syntax that finds exactly this tag value.
 *
 * Values are quoted whenever a bare word could be read as anything else; `*` is escaped, since it is a wildcard even
 * inside quotes. An empty value is found by the tag's absence.
 */
export function searchTerm(key: string, value: string): string | null {
  if (!/^[\w.:-]{1,200}$/.test(key)) return null;
  const name = key.includes(":") ? `"${key}"` : key;
  if (value === "") return `!has:${name}`;
  if (/[\p{Cc}]/u.test(value)) return null;
  if (/^[\p{L}\p{N}_@./+-]+$/u.test(value) && !/^[<>!]/.test(value)) return `${name}:${value}`;
  const escaped = value.replace(/[\\"*]/g, (character) => `\\${character}`);
  return `${name}:"${escaped}"`;
}
