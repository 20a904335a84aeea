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
    ...(typeof after["count"] === "number" ? { count: String(after["count"]) } : {}),
    ...(typeof after["user_count"] === "number" ? { userCount: after["user_count"] } : {}),
    ...(typeof after["comments"] === "number" ? { numComments: after["comments"] } : {}),
    ...(typeof after["last_seen"] === "string" ? { lastSeen: after["last_seen"] } : {}),
    ...(after["assignee"] === "" ? { assignedTo: null } : {}),
  };
  const differs = Object.entries(changes).some(([name, value]) => issue[name as keyof Issue] !== value);
  return differs ? { ...issue, ...changes } : issue;
}

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
