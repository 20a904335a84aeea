/** The issue page's joined answer (issue, stats, tags, activity and how fresh each part is), read without trust. */

import { LEFT_ALONE, saysLeftAlone } from "../leftAlone";
import type { Assignee, Issue, IssueMetadata, IssueStatus, Level, Priority } from "../model";
import type { SeriesPoint } from "../series";
import { readActivity, type Activity } from "./activity";
import { asFlag, asList, asMoment, asNumber, asObject, asText, isObject } from "./json";
import { safeLink } from "./safeLink";
import { readDistributions, type TagDistribution } from "./tags";

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly seenAt: number | null;
}

/** The gateway's names of what it joined; the issue itself is always there. */
export const PART_NAMES = ["tags", "activity", "stats.24h", "stats.30d"] as const;
export type PartName = (typeof PART_NAMES)[number];

export interface Part {
  readonly status: "ok" | "stale" | "missing";
  readonly cachedAt: number | null;
  readonly reason: string | null;
  readonly remedy: string | null;
}

export interface IssueDetail {
  readonly issue: Issue;
  readonly sentryLink: string | null;
  readonly firstRelease: string | null;
  readonly lastRelease: string | null;
  readonly seenBy: readonly Person[];
  readonly participants: readonly Person[];
  readonly activity: readonly Activity[];
  readonly day: readonly SeriesPoint[];
  readonly month: readonly SeriesPoint[];
  readonly distributions: readonly TagDistribution[];
  readonly cachedAt: number | null;
  readonly part: (name: PartName | "issue") => Part;
}

const WHOLE: Part = { status: "ok", cachedAt: null, reason: null, remedy: null };

/** Give the view of `GET /api/v1/issues/{id}/context`. */
export function readDetail(value: unknown): IssueDetail {
  const raw = asObject(value);
  const stats = asObject(raw["stats"]);
  const parts = asObject(raw["parts"]);
  return {
    issue: readIssue(raw),
    sentryLink: safeLink(raw["permalink"]),
    firstRelease: releaseName(raw["firstRelease"]),
    lastRelease: releaseName(raw["lastRelease"]),
    seenBy: readPeople(raw["seenBy"]),
    participants: readPeople(raw["participants"]),
    activity: readActivity(raw["activity"]),
    day: readSeries(stats["24h"]),
    month: readSeries(stats["30d"]),
    distributions: readDistributions(raw["tags"]),
    cachedAt: asMoment(raw["cached_at"]),
    part: (name) => readPart(parts[name]),
  };
}

/** How soon a page with parts from the store is asked for again; by then the gateway has refreshed them behind. */
const STALE_AGAIN_MS = 5_000;
/** The same when the issue alone is stale: the gateway brings it up to date, and yet marks it until somebody looks anew. */
const ISSUE_AGAIN_MS = 30_000;

/** In how many milliseconds asking for a page again is worth it, since the gateway asks Sentry behind; or false. */
export function askAgainMs(page: unknown): number | false {
  const parts = Object.entries(asObject(asObject(page)["parts"]));
  const stale = parts.filter(([, part]) => readPart(part).status === "stale").map(([name]) => name);
  if (stale.length === 0) return false;
  return stale.some((name) => name !== "issue") ? STALE_AGAIN_MS : ISSUE_AGAIN_MS;
}

/** The gateway refreshes an issue behind for this long; what is older stands in because Sentry does not answer. */
const STANDS_IN_AFTER_MS = 15 * 60_000;

/** Whether a part is so old that the reader must be told before deciding anything on it. */
export function isOutdated(part: Part, nowMs: number): boolean {
  return part.status === "stale" && nowMs - (part.cachedAt ?? 0) > STANDS_IN_AFTER_MS;
}

function readPart(value: unknown): Part {
  if (value === undefined) return WHOLE;
  const raw = asObject(value);
  const status = raw["status"] === "stale" || raw["status"] === "missing" ? raw["status"] : "ok";
  const reason = asText(raw["reason"]);
  const told = saysLeftAlone(reason) ? { reason: LEFT_ALONE.message, remedy: LEFT_ALONE.remedy } : { reason, remedy: asText(raw["remedy"]) };
  return { status, cachedAt: asMoment(raw["cached_at"]), ...told };
}

/** Give an issue with every field that the page's words rely on, from JSON that may lack any of them. */
export function readIssue(value: unknown): Issue {
  const raw = asObject(value);
  const project = asObject(raw["project"]);
  const id = asText(raw["id"]) ?? "";
  return {
    id,
    shortId: asText(raw["shortId"]) ?? id,
    title: asText(raw["title"]) ?? "Untitled issue",
    culprit: asText(raw["culprit"]),
    level: (asText(raw["level"]) ?? "error") as Level,
    status: (asText(raw["status"]) ?? "unresolved") as IssueStatus,
    substatus: asText(raw["substatus"]),
    statusDetails: asObject(raw["statusDetails"]),
    priority: readPriority(raw["priority"]),
    platform: asText(raw["platform"]),
    permalink: safeLink(raw["permalink"]),
    project: {
      id: asText(project["id"]) ?? "",
      slug: asText(project["slug"]) ?? "",
      name: asText(project["name"]) ?? asText(project["slug"]) ?? "Unknown project",
    },
    metadata: readMetadata(raw["metadata"]),
    assignedTo: readAssignee(raw["assignedTo"]),
    count: String(asNumber(raw["count"]) ?? 0),
    userCount: asNumber(raw["userCount"]) ?? 0,
    firstSeen: asText(raw["firstSeen"]),
    lastSeen: asText(raw["lastSeen"]),
    isUnhandled: asFlag(raw["isUnhandled"]) ?? false,
    isBookmarked: asFlag(raw["isBookmarked"]) ?? false,
    isSubscribed: asFlag(raw["isSubscribed"]) ?? false,
    hasSeen: asFlag(raw["hasSeen"]) ?? false,
    numComments: asNumber(raw["numComments"]) ?? 0,
    isPublic: asFlag(raw["isPublic"]) ?? false,
  };
}

function readPriority(value: unknown): Priority | null {
  return value === "low" || value === "medium" || value === "high" ? value : null;
}

function readMetadata(value: unknown): IssueMetadata {
  const raw = asObject(value);
  const names = ["type", "value", "title", "function", "filename"] as const;
  return Object.fromEntries(names.flatMap((name) => (asText(raw[name]) === null ? [] : [[name, asText(raw[name])]])));
}

function readAssignee(value: unknown): Assignee | null {
  const raw = asObject(value);
  const id = asText(raw["id"]);
  if (id === null) return null;
  const type = raw["type"] === "team" ? "team" : "user";
  return {
    type,
    id,
    name: asText(raw["name"]) ?? asText(raw["email"]) ?? `${type} ${id}`,
    email: asText(raw["email"]),
  };
}

function releaseName(value: unknown): string | null {
  return asText(value) ?? asText(asObject(value)["version"]);
}

function readPeople(value: unknown): readonly Person[] {
  return asList(value).map((item, index) => {
    const raw = asObject(item);
    const id = asText(raw["id"]) ?? String(index);
    return {
      id,
      name: asText(raw["name"]) ?? asText(raw["email"]) ?? asText(raw["username"]) ?? `User ${id}`,
      seenAt: asMoment(raw["lastSeen"]),
    };
  });
}

/** Give a series of epoch seconds and counts; points that are no numbers are left out. */
export function readSeries(value: unknown): readonly SeriesPoint[] {
  return asList(value).flatMap((item): SeriesPoint[] => {
    const [moment, count] = asList(item);
    const at = asNumber(moment);
    return at === null ? [] : [[at, Math.max(0, asNumber(count) ?? 0)]];
  });
}

/** Give the joined document with one part replaced by a fresh answer; a document that is none stays as it is. */
export function withPart(page: unknown, name: PartName, value: unknown, nowMs: number): unknown {
  if (!isObject(page) || value === undefined) return page;
  const [family, period] = name.split(".");
  const fresh = { status: "ok", cached_at: new Date(nowMs).toISOString() };
  const parts = { ...asObject(page["parts"]), [name]: fresh };
  if (family === undefined || period === undefined) return { ...page, [name]: value, parts };
  return { ...page, [family]: { ...asObject(page[family]), [period]: value }, parts };
}
