/** What happened to an issue, in words: Sentry's activity records as sentences. */

import { counted, lengthWords } from "../format";
import { asList, asMoment, asNumber, asObject, asText, type Json } from "./json";

export interface Activity {
  readonly key: string;
  /** Who did it: a person's name, or Sentry itself. */
  readonly actor: string;
  readonly byPerson: boolean;
  /** The rest of the sentence, after the actor. */
  readonly deed: string;
  /** A comment's text. */
  readonly note: string | null;
  readonly at: number | null;
}

/** Give the activity, newest first as Sentry sends it. */
export function readActivity(value: unknown): readonly Activity[] {
  return asList(value).map((item, index) => {
    const raw = asObject(item);
    const data = asObject(raw["data"]);
    const type = asText(raw["type"]) ?? "unknown";
    const person = asText(asObject(raw["user"])["name"]) ?? asText(asObject(raw["user"])["email"]);
    const app = asText(asObject(raw["sentry_app"])["name"]);
    return {
      // Not by its place, which changes with everything that is new.
      key: `${asText(raw["id"]) ?? String(index)}-${type}`,
      actor: person ?? app ?? "Sentry",
      byPerson: person !== null,
      deed: deedOf(type)(data),
      note: type === "note" ? asText(data["text"]) : null,
      at: asMoment(raw["dateCreated"]),
    };
  });
}

type Deed = (data: Json) => string;

const DEEDS: Partial<Record<string, Deed>> = {
  first_seen: (data) => `first saw this issue${priorityTail(data)}`,
  note: () => "commented",
  set_resolved: () => "resolved it",
  set_resolved_by_age: () => "resolved it because it was quiet for long",
  set_resolved_in_release: (data) => `resolved it ${releaseTail(data)}`,
  set_resolved_in_commit: (data) => `resolved it in commit ${shortCommit(data)}`,
  set_resolved_in_pull_request: (data) => `resolved it in pull request ${pullRequest(data)}`,
  set_unresolved: (data) => (asText(data["forecast"]) === null ? "reopened it" : "reopened it because it escalated"),
  set_ignored: (data) => `archived it ${archiveTail(data)}`.trimEnd(),
  set_escalating: () => "saw it escalate",
  set_regression: (data) => `saw it come back${regressionTail(data)}`,
  set_public: () => "made it public",
  set_private: () => "made it private",
  set_priority: (data) => `set the priority to ${asText(data["priority"]) ?? "another value"}`,
  assigned: (data) => `assigned it to ${assignee(data)}`,
  unassigned: () => "unassigned it",
  mark_reviewed: () => "marked it as reviewed",
  auto_set_ongoing: () => "marked it as ongoing",
  create_issue: (data) => `linked it to ${asText(data["title"]) ?? asText(data["label"]) ?? "an outside issue"}`,
  merge: (data) => `merged ${issueCount(data)} into it`,
  unmerge_source: () => "split events off into another issue",
  unmerge_destination: () => "took events over from another issue",
  deleted_attachment: () => "deleted an attachment",
  referenced_in_commit: (data) => `referred to it in commit ${shortCommit(data)}`,
};

/** Sentry adds kinds at will; an unknown one is said in its own words rather than hidden. */
function deedOf(type: string): Deed {
  return (Object.hasOwn(DEEDS, type) ? DEEDS[type] : undefined) ?? (() => type.replaceAll("_", " "));
}

function priorityTail(data: Json): string {
  const priority = asText(data["priority"]);
  return priority === null ? "" : ` and gave it ${priority} priority`;
}

function releaseTail(data: Json): string {
  const version = asText(data["version"]) ?? asText(data["inRelease"]);
  if (version !== null) return `in ${version}`;
  return "in the next release";
}

function regressionTail(data: Json): string {
  const version = asText(data["version"]);
  return version === null ? "" : ` in ${version}`;
}

function shortCommit(data: Json): string {
  const commit = asObject(data["commit"]);
  const id = asText(data["commit"]) ?? asText(commit["id"]) ?? "";
  return id === "" ? "(unknown)" : id.slice(0, 7);
}

function pullRequest(data: Json): string {
  const pull = asObject(data["pullRequest"]);
  return asText(pull["title"]) ?? asText(pull["id"]) ?? "(unknown)";
}

function archiveTail(data: Json): string {
  const count = asNumber(data["ignoreCount"]);
  const users = asNumber(data["ignoreUserCount"]);
  const minutes = asNumber(data["ignoreDuration"]);
  if (count !== null) return `until ${counted(count, "more event")}${within(data["ignoreWindow"])}`;
  if (users !== null) return `until ${counted(users, "more user")}${within(data["ignoreUserWindow"])}`;
  if (minutes !== null) return `for ${lengthWords(minutes)}`;
  if (data["ignoreUntilEscalating"] === true) return "until it escalates";
  return asText(data["ignoreUntil"]) === null ? "" : "for a while";
}

function assignee(data: Json): string {
  return (
    asText(data["assigneeName"]) ??
    asText(data["assigneeEmail"]) ??
    asText(asObject(data["user"])["name"]) ??
    fallbackAssignee(data)
  );
}

function fallbackAssignee(data: Json): string {
  if (asText(data["assigneeType"]) === "team") return "a team";
  return "someone";
}

function issueCount(data: Json): string {
  return counted(asList(data["issues"]).length || 1, "issue");
}

function within(minutes: unknown): string {
  const window = asNumber(minutes);
  return window === null ? "" : ` within ${lengthWords(window)}`;
}
