/** What happened, in words: the kind, from what to what, and how it was heard of. */

import { asNumber, asObject, asText } from "./event/json";
import type { FeedEvent } from "./feed";
import type { FeedGroup, FeedSource } from "./feedView";
import type { GapRow } from "./feedList";
import { counted, epochMs, exactCount, exactTime } from "./format";
import { callsWord } from "./gatewayWords";

const KIND_WORDS: Partial<Record<string, string>> = {
  "issue.created": "New issue",
  "issue.updated": "Changed",
  "issue.resolved": "Resolved",
  "issue.unresolved": "Reopened",
  "issue.regressed": "Regressed",
  "issue.assigned": "Assigned",
  "issue.archived": "Archived",
  "issue.merged": "Merged",
  "issue.deleted": "Deleted",
  "issue.escalating": "Escalating",
  "issue.commented": "Commented",
  "alert.triggered": "Alert",
  "alert.resolved": "Alert over",
  "job.progress": "Bulk job",
  "gateway.breaker": "Circuit breaker",
  "gateway.quota": "Quota",
  "gateway.drift": "API drift",
};

const GROUP_WORDS: Record<FeedGroup, string> = {
  new: "New and back",
  done: "Resolved, archived",
  people: "Assigned, commented",
  changes: "Changes",
  alerts: "Alerts",
  jobs: "Jobs",
  gateway: "Gateway",
};

const SOURCE_WORDS: Record<FeedSource, readonly [word: string, meaning: string]> = {
  webhook: ["Webhook", "Sentry told it by a webhook"],
  poll: ["Poll", "Dexter found it when it asked Sentry"],
  write: ["Through Dexter", "It was changed through Dexter"],
  dexter: ["Dexter", "It happened in Dexter itself"],
};

export const groupWord = (group: FeedGroup): string => GROUP_WORDS[group];
export const sourceWord = (source: string): string => (SOURCE_WORDS as Partial<Record<string, readonly string[]>>)[source]?.[0] ?? source;
export const sourceMeaning = (source: string): string => (SOURCE_WORDS as Partial<Record<string, readonly string[]>>)[source]?.[1] ?? "";

/** Give the kind of an event in a word or two. */
export function kindWord(event: Pick<FeedEvent, "type" | "after">): string {
  if (event.type === "issue.assigned" && event.after["assignee"] === "") return "Unassigned";
  return KIND_WORDS[event.type] ?? event.type.replaceAll(".", ": ");
}

/** One thing that changed: what it is where that needs saying, from what, to what. */
export interface ChangeWords {
  readonly field: string | null;
  readonly from: string | null;
  readonly to: string;
}

/** Give what changed, in words. `nameOf` knows people and teams by `user:2` and `team:1`. */
export function changeWords(event: FeedEvent, nameOf: (assignee: string) => string): readonly ChangeWords[] {
  const [subject] = event.type.split(".");
  if (subject === "issue") return issueChanges(event, nameOf);
  const told = subject === "job" ? jobWords(event) : subject === "alert" ? alertWords(event) : subject === "gateway" ? gatewayWords(event) : null;
  return told === null ? [] : [{ field: null, from: null, to: told }];
}

const SUBSTATUS: Partial<Record<string, string>> = {
  new: "New",
  regressed: "Regressed",
  escalating: "Escalating",
  ongoing: "Ongoing",
  archived_until_escalating: "Archived until it escalates",
  archived_until_condition_met: "Archived until a condition is met",
  archived_forever: "Archived forever",
};
const STATUS: Partial<Record<string, string>> = { resolved: "Resolved", ignored: "Archived", unresolved: "Unresolved" };

function stateWord(facts: FeedEvent["before"]): string | null {
  const status = asText(facts["status"]);
  const substatus = asText(facts["substatus"]);
  if (status === "resolved") return "Resolved";
  return SUBSTATUS[substatus ?? ""] ?? STATUS[status ?? ""] ?? null;
}

const FIELDS: readonly (readonly [name: string, field: string, words: (value: unknown) => string | null])[] = [
  ["priority", "Priority", (value) => capital(asText(value))],
  ["count", "Events", (value) => number(value)],
  ["user_count", "Users", (value) => number(value)],
  ["comments", "Comments", (value) => number(value)],
  ["title", "Title", asText],
];

function issueChanges(event: FeedEvent, nameOf: (assignee: string) => string): readonly ChangeWords[] {
  const { type, before, after, data } = event;
  if (type === "issue.merged") return mergedInto(after["into"]);
  if (type === "issue.deleted") return [];
  const found: ChangeWords[] = [];
  const state = stateWord(after);
  const was = stateWord(before);
  // What the kind says already is not said twice.
  if (state !== null && type !== "issue.created" && (was !== null || state !== kindWord(event))) found.push({ field: null, from: was, to: state });
  if ("assignee" in after) {
    const assignee = (value: unknown): string => (asText(value) === null ? "Nobody" : nameOf(String(value)));
    const [from, to] = ["assignee" in before ? assignee(before["assignee"]) : null, assignee(after["assignee"])];
    if (type === "issue.assigned") found.push({ field: from === null ? "To" : null, from, to });
    else if (type !== "issue.created" || to !== "Nobody") found.push({ field: "Assignee", from, to });
  }
  const comment = asText(data["comment"]);
  if (type === "issue.commented" && comment !== null && asNumber(comment) === null) found.push({ field: null, from: null, to: `“${comment}”` });
  for (const [name, field, words] of FIELDS) {
    // A new issue has one event, no user more and no comment: only what stands out is told of it.
    const to = type === "issue.created" && name !== "priority" ? null : words(after[name]);
    if (to !== null) found.push({ field, from: words(before[name]), to });
  }
  if (Array.isArray(after["labels"])) found.push({ field: "Labels", from: list(before["labels"]), to: list(after["labels"]) ?? "none" });
  const seen = asText(after["last_seen"]);
  if (found.length === 0 && seen !== null && type !== "issue.created") found.push({ field: "Last seen", from: null, to: exactTime(epochMs(seen)) });
  return found;
}

function mergedInto(into: unknown): readonly ChangeWords[] {
  const id = asText(into) ?? asText(asObject(into)["id"]);
  return id === null ? [] : [{ field: null, from: null, to: `Into issue ${id}` }];
}

const capital = (text: string | null): string | null => (text === null ? null : text.charAt(0).toUpperCase() + text.slice(1));

function number(value: unknown): string | null {
  const found = asNumber(value);
  return found === null ? null : exactCount(found);
}

function list(value: unknown): string | null {
  if (!Array.isArray(value)) return null;
  return value.map((each) => asText(each) ?? asText(asObject(each)["name"]) ?? "?").join(", ") || "none";
}

const JOB_STATES: Partial<Record<string, string>> = {
  resolving: "Finding the issues",
  previewed: "Waiting for a confirmation",
  applying: "Under way",
  verifying: "Reading back what Sentry did",
  paused: "Paused",
  done: "Finished",
  cancelled: "Cancelled",
  failed: "Failed",
};

function jobWords({ data }: FeedEvent): string {
  const counts = asObject(data["counts"]);
  const of = (name: string): number => asNumber(counts[name]) ?? 0;
  const total = of("total");
  const state = asText(data["state"]) ?? "";
  const parts = [
    JOB_STATES[state] ?? capital(state.replaceAll("_", " ")) ?? "",
    ...(total > 0 ? [`${exactCount(total - of("pending"))} of ${counted(total, "issue")}`] : []),
    ...(of("failed") > 0 ? [`${exactCount(of("failed"))} failed`] : []),
  ];
  return parts.filter((part) => part !== "").join(" · ");
}

function alertWords({ data }: FeedEvent): string | null {
  const title = asText(data["title"]);
  const level = asText(data["level"]);
  return title === null ? level : level === null ? title : `${title} (${level})`;
}

const BREAKERS: Partial<Record<string, string>> = { open: "held back", half_open: "tried again", closed: "back to normal" };

function gatewayWords({ type, data }: FeedEvent): string | null {
  const of = (name: string): string => asText(data[name]) ?? "";
  switch (type) {
    case "gateway.breaker": {
      const state = BREAKERS[of("state")] ?? of("state");
      return `${callsWord(of("call_class"))}: ${state}${of("last_failure") === "" || of("state") === "closed" ? "" : ` (${of("last_failure")})`}`;
    }
    case "gateway.quota":
      return `Sentry refused ${of("method")} ${of("endpoint")}: ${of("reason").replaceAll("_", " ")}`;
    case "gateway.drift":
      return of("ends") === "" ? `${of("endpoint")}: ${of("field")} ${of("fault")}` : `${of("endpoint")} ends ${of("ends")}`;
    default:
      return null;
  }
}

const WHY: Partial<Record<string, string>> = {
  epoch: "the log began anew",
  trimmed: "the log goes no further back",
  ahead: "the log lost its end",
};

/** Give what is said where events are missing: "37 events between 14:03:07 and 14:05:00 are gone: the log goes no further back". */
export function gapWords({ why, lost }: Pick<GapRow, "why" | "lost">, fromMs: number | null, toMs: number | null): string {
  const [from, to] = [fromMs, toMs].map((ms) => (ms === null ? null : exactTime(ms)));
  const when = from !== null && to !== null ? ` between ${from} and ${to}` : from !== null ? ` after ${from}` : to !== null ? ` before ${to}` : "";
  const what = lost === null || lost < 1 ? "Events" : counted(lost, "event");
  const reason = WHY[why];
  return `${what}${when} ${lost === 1 ? "is" : "are"} gone${reason === undefined ? "" : `: ${reason}`}`;
}
