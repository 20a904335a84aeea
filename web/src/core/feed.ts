import { assigneeWord } from "./issuePatch";
import type { Issue } from "./model";

/** An event of the gateway's feed: what happened, to what, and from what to what. */
export interface FeedEvent {
  readonly type: string;
  readonly at: string;
  readonly source: string;
  readonly project: string | null;
  readonly issue: { readonly id: string; readonly short_id: string; readonly title: string } | null;
  readonly actor: { readonly type: string; readonly id: string; readonly name: string } | null;
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A place in the feed: everything up to it is known. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** How the feed reaches this workbench now. */
export type Liveness = "connecting" | "live" | "catching-up" | "polling" | "offline";

/** Say who else looks at something: "Ada looks at this too", "Ada, Grace and 2 others look at this too". */
export function alsoHere(others: readonly Viewer[]): string {
  const [first, second, ...rest] = others.map(({ name }) => name);
  if (first === undefined) return "";
  if (second === undefined) return `${first} looks at this too`;
  const [third] = rest;
  const last = third === undefined ? ` and ${second}` : rest.length === 1 ? `, ${second} and ${third}` : `, ${second} and ${rest.length} others`;
  return `${first}${last} look at this too`;
}

/** What the gateway says of itself when it begins to tell. */
export interface Greeting {
  /** When Sentry last told of something by itself, or null where it never did. */
  readonly webhooksAt: string | null;
}

/** Somebody who looks at an issue. */
export interface Viewer {
  readonly id: string;
  readonly name: string;
}

/** Read what the gateway says of itself. */
export function readGreeting(message: unknown): Greeting {
  const at = record(message)["webhooks_at"];
  return { webhooksAt: typeof at === "string" ? at : null };
}

/** Read as whom others see the reader, or null from a message that does not say. */
export function readViewer(message: unknown): string | null {
  const id = record(record(message)["viewer"])["id"];
  return typeof id === "string" ? id : null;
}

/** Read people who look at something; rubbish among them is left out. */
export function readViewers(people: unknown): Viewer[] {
  if (!Array.isArray(people)) return [];
  return people.flatMap((each: unknown): Viewer[] => {
    const { id, name } = record(each);
    return typeof id === "string" && typeof name === "string" ? [{ id, name }] : [];
  });
}

/** Whether Sentry tells the gateway what happens, as far as the feed shows it. */
export interface Telling {
  readonly webhooksAtMs: number | null;
  /** How many changes in a row had to be found by asking, although Sentry tells of such. */
  readonly found: number;
}

export const NOTHING_TOLD: Telling = { webhooksAtMs: null, found: 0 };

/** Of these Sentry tells by itself, if it tells of anything. */
const TOLD = new Set(["issue.created", "issue.resolved", "issue.unresolved", "issue.assigned", "issue.archived"]);
const DAY_MS = 86_400_000;
/** One may have been found in the moment before it was told. */
const FOUND_ENOUGH = 2;

/** What an event shows of whether Sentry tells. */
export function toldBy(telling: Telling, { type, source }: Pick<FeedEvent, "type" | "source">, nowMs: number): Telling {
  if (source === "webhook") return { webhooksAtMs: nowMs, found: 0 };
  return source === "poll" && TOLD.has(type) ? { ...telling, found: telling.found + 1 } : telling;
}

/** Whether what happens is told at once, and not found by asking only. */
export function isTold({ webhooksAtMs, found }: Telling, nowMs: number): boolean {
  return webhooksAtMs !== null && nowMs - webhooksAtMs < DAY_MS && found < FOUND_ENOUGH;
}

/** Read an event of the feed, or null for what is none. */
export function readFeedEvent(message: unknown): { event: FeedEvent; position: Position } | null {
  if (!isRecord(message) || typeof message["epoch"] !== "string" || typeof message["offset"] !== "number") return null;
  const told = message["event"];
  if (!isRecord(told) || typeof told["type"] !== "string") return null;
  const issue = isRecord(told["issue"]) ? told["issue"] : null;
  const actor = isRecord(told["actor"]) ? told["actor"] : null;
  return {
    position: { epoch: message["epoch"], offset: message["offset"] },
    event: {
      type: told["type"],
      at: text(told["at"]),
      source: text(told["source"]),
      project: typeof told["project"] === "string" ? told["project"] : null,
      issue: issue === null ? null : { id: text(issue["id"]), short_id: text(issue["short_id"]), title: text(issue["title"]) },
      actor: actor === null ? null : { type: text(actor["type"]), id: text(actor["id"]), name: text(actor["name"]) },
      before: record(told["before"]),
      after: record(told["after"]),
      data: record(told["data"]),
    },
  };
}

/** Read a place in the feed from a message that tells one, or null. */
export function readPosition(message: unknown): Position | null {
  if (!isRecord(message) || typeof message["epoch"] !== "string" || typeof message["offset"] !== "number") return null;
  return { epoch: message["epoch"], offset: message["offset"] };
}

/** Read why something is missing from a message that tells of a gap. */
export const readWhy = (message: unknown): string => (isRecord(message) ? text(message["why"]) : "");

/** How long to wait before the next try, in milliseconds: longer each time, and never in step with others. */
export function backoffMs(failures: number, chance: number): number {
  const longest = Math.min(30_000, 500 * 2 ** Math.min(failures, 10));
  return Math.round(longest * (0.5 + chance / 2));
}

/** Give an issue as an event leaves it; the same object when the event says nothing that a row shows. */
export function afterEvent(issue: Issue, event: FeedEvent): Issue {
  const { after } = event;
  const changes: Partial<Issue> = {
    ...oneOf(after["status"], ["resolved", "unresolved", "ignored"] as const, (status) => ({ status })),
    ...(typeof after["substatus"] === "string" ? { substatus: after["substatus"] === "" ? null : after["substatus"] } : {}),
    ...oneOf(after["priority"], ["high", "medium", "low"] as const, (priority) => ({ priority })),
    ...countsAfter(issue, after),
    ...(typeof after["comments"] === "number" ? { numComments: after["comments"] } : {}),
    ...(typeof after["last_seen"] === "string" ? { lastSeen: after["last_seen"] } : {}),
    ...(after["assignee"] === "" ? { assignedTo: null } : {}),
  };
  const differs = Object.entries(changes).some(([name, value]) => issue[name as keyof Issue] !== value);
  return differs ? { ...issue, ...changes } : issue;
}

/**
 * An event counts what an issue has had in all. A row counts what lies within its time, and knows beside that what it
 * has had in all: it grows by as much as that does, and by no more however often it is told.
 */
function countsAfter({ count, userCount, lifetime }: Issue, after: FeedEvent["after"]): Partial<Issue> {
  const all = after["count"];
  const users = after["user_count"];
  if (lifetime == null) {
    return { ...(typeof all === "number" ? { count: String(all) } : {}), ...(typeof users === "number" ? { userCount: users } : {}) };
  }
  const more = typeof all === "number" ? all - Number(lifetime.count) : 0;
  const moreUsers = typeof users === "number" ? users - lifetime.userCount : 0;
  if (more === 0 && moreUsers === 0) return {};
  return {
    count: String(Number(count) + more),
    userCount: userCount + moreUsers,
    lifetime: { ...lifetime, count: String(Number(lifetime.count) + more), userCount: lifetime.userCount + moreUsers },
  };
}

/** What a page or a row shows that differs between two states of an issue. */
export function changedIn(before: Issue, after: Issue): (keyof Issue)[] {
  return SHOWN.filter((name) => before[name] !== after[name]);
}

const SHOWN = ["status", "substatus", "priority", "count", "userCount", "numComments", "lastSeen", "assignedTo"] as const;

/** Whether an event names an assignee whom the row does not show yet: their name must be asked for. */
export function namesAnother(issue: Issue, event: FeedEvent): boolean {
  const word = event.after["assignee"];
  return typeof word === "string" && word !== "" && word !== (assigneeWord(issue.assignedTo) ?? "");
}

function oneOf<T extends string, R>(value: unknown, known: readonly T[], make: (value: T) => R): R | Record<string, never> {
  const found = known.find((each) => each === value);
  return found === undefined ? {} : make(found);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
