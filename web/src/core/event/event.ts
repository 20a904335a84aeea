/**
 * One event of Sentry as the issue page shows it.
 *
 * This is the border where an event's JSON becomes values: everything behind it is typed, and nothing in an event,
 * however malformed, makes it throw. What cannot be read is left out, never invented.
 */

import { readBreadcrumbs, type Breadcrumb } from "./breadcrumbs";
import { readContexts, readExtra, type Context } from "./contexts";
import { readExceptions, readThreads, type Exception, type Thread } from "./exception";
import { readFrame, type Frame } from "./frames";
import { asList, asMoment, asNumber, asObject, asString, asText, pairsOf, type Json, type Pair } from "./json";
import { readPerson, type Person } from "./person";
import { readRequest, type HttpRequest } from "./request";
import { readTags, tagValue, type Tag } from "./tags";

export interface EventView {
  readonly id: string;
  readonly title: string;
  readonly platform: string | null;
  readonly at: number | null;
  readonly receivedAt: number | null;
  readonly sizeBytes: number | null;
  readonly newerId: string | null;
  readonly olderId: string | null;
  /** The log message, when the event has one besides its exception. */
  readonly message: string | null;
  /** The message before its parameters were filled in. */
  readonly messageTemplate: string | null;
  /** Oldest cause first, as Sentry keeps them. */
  readonly exceptions: readonly Exception[];
  readonly threads: readonly Thread[];
  readonly template: Frame | null;
  readonly breadcrumbs: readonly Breadcrumb[];
  readonly request: HttpRequest | null;
  readonly tags: readonly Tag[];
  readonly contexts: readonly Context[];
  readonly extra: readonly Pair[];
  readonly packages: readonly Pair[];
  readonly person: Person | null;
  readonly sdk: { readonly name: string; readonly version: string | null } | null;
  readonly release: string | null;
  readonly dist: string | null;
  readonly environment: string | null;
  /** What Sentry could not process, in its words. */
  readonly problems: readonly EventProblem[];
  /** What a detector saw, for issues that are no exceptions. */
  readonly evidence: readonly Pair[];
  /** Reports of browsers (CSP and its kin) and other entries that have no section of their own. */
  readonly reports: readonly { readonly title: string; readonly rows: readonly Pair[] }[];
}

export interface EventProblem {
  readonly message: string;
  readonly rows: readonly Pair[];
}

const REPORTS: Readonly<Record<string, string>> = {
  csp: "Content security policy report",
  expectct: "Expect-CT report",
  expectstaple: "Expect-Staple report",
  hpkp: "Key pinning report",
  nel: "Network error report",
};

/** Give the view of an event, from any JSON whatever. */
export function readEvent(value: unknown): EventView {
  const raw = asObject(value);
  const entries = entriesOf(raw);
  const threads = readThreads(entries.get("threads"));
  const exceptions = readExceptions(entries.get("exception"), threads);
  const tags = readTags(raw["tags"]);
  const template = entries.get("template");
  return {
    id: asText(raw["eventID"]) ?? asText(raw["id"]) ?? "",
    title: asText(raw["title"]) ?? "Untitled event",
    platform: asText(raw["platform"]),
    at: asMoment(raw["dateCreated"]) ?? asMoment(raw["dateReceived"]),
    receivedAt: asMoment(raw["dateReceived"]),
    sizeBytes: asNumber(raw["size"]),
    newerId: asText(raw["nextEventID"]),
    olderId: asText(raw["previousEventID"]),
    ...messageOf(entries.get("message"), exceptions),
    exceptions,
    threads,
    template: template === undefined ? null : readFrame(template),
    breadcrumbs: readBreadcrumbs(entries.get("breadcrumbs")),
    request: readRequest(entries.get("request")),
    tags,
    contexts: readContexts(raw["contexts"]),
    extra: readExtra(raw["context"]),
    packages: pairsOf(raw["packages"]),
    person: readPerson(raw["user"]),
    sdk: sdkOf(raw["sdk"]),
    release: releaseOf(raw["release"]) ?? tagValue(tags, "release"),
    dist: asText(raw["dist"]),
    environment: asText(raw["environment"]) ?? tagValue(tags, "environment"),
    problems: readProblems(raw["errors"]),
    evidence: readEvidence(raw["occurrence"]),
    reports: readReports(entries),
  };
}

/** Entries by type; of several with one type the first that has data counts, as on Sentry's own page. */
function entriesOf(raw: Json): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  for (const item of asList(raw["entries"])) {
    const entry = asObject(item);
    const type = asText(entry["type"]);
    if (type !== null && !found.has(type) && entry["data"] != null) found.set(type, entry["data"]);
  }
  return found;
}

function messageOf(data: unknown, exceptions: readonly Exception[]) {
  const raw = asObject(data);
  const message = asString(data) ?? asText(raw["formatted"]) ?? asText(raw["message"]);
  const repeated = exceptions.some((exception) => exception.value === message);
  const template = asText(raw["message"]);
  return {
    message: repeated ? null : message,
    messageTemplate: repeated || template === message ? null : template,
  };
}

function sdkOf(value: unknown): EventView["sdk"] {
  const raw = asObject(value);
  const name = asText(raw["name"]);
  return name === null ? null : { name, version: asText(raw["version"]) };
}

function releaseOf(value: unknown): string | null {
  return asText(value) ?? asText(asObject(value)["version"]);
}

function readProblems(value: unknown): readonly EventProblem[] {
  return asList(value).map((item) => {
    const raw = asObject(item);
    const message = asText(raw["message"]) ?? asText(raw["type"]) ?? "Part of this event could not be processed";
    return { message, rows: pairsOf(raw["data"]) };
  });
}

function readEvidence(value: unknown): readonly Pair[] {
  return asList(asObject(value)["evidenceDisplay"]).flatMap((item) => {
    const raw = asObject(item);
    const name = asText(raw["name"]);
    return name === null ? [] : [{ name, text: asText(raw["value"]) ?? "" }];
  });
}

function readReports(entries: ReadonlyMap<string, unknown>): EventView["reports"] {
  return Object.entries(REPORTS).flatMap(([type, title]) => {
    const rows = pairsOf(entries.get(type));
    return rows.length === 0 ? [] : [{ title, rows }];
  });
}
