import { lengthWords, counted } from "./format";
import type { ArchiveMode, Issue, IssueUpdate, Level, Priority, ResolveMode } from "./model";

/** Give the two lines that say what broke. Messages without an exception type have only the first. */
export function headline(issue: Pick<Issue, "metadata" | "title">): { type: string; value: string } {
  const type = issue.metadata.type?.trim() ?? "";
  const value = issue.metadata.value?.trim() ?? "";
  if (type !== "") return { type, value };
  const title = issue.metadata.title?.trim() ?? "";
  return { type: title === "" ? issue.title || "(no title)" : title, value: "" };
}

/** Give where it broke, unless a line of the headline says the same: messages often have their own text as culprit. */
export function placeOf(issue: Pick<Issue, "metadata" | "title" | "culprit">): string {
  const { type, value } = headline(issue);
  const culprit = issue.culprit?.trim() ?? "";
  return culprit === type || culprit === value ? "" : culprit;
}

const LEVEL_WORDS: Record<Level, string> = {
  fatal: "Fatal",
  error: "Error",
  warning: "Warning",
  info: "Info",
  debug: "Debug",
  sample: "Sample",
  unknown: "Unknown level",
};

export const levelWord = (level: Level): string => (LEVEL_WORDS as Partial<Record<string, string>>)[level] ?? "Unknown level";

export const priorityWord = (priority: Priority | null): string =>
  priority === null ? "No priority" : `${priority.charAt(0).toUpperCase()}${priority.slice(1)}`;

const SUBSTATUS_WORDS: Partial<Record<string, string>> = {
  new: "New",
  regressed: "Regressed",
  escalating: "Escalating",
  ongoing: "Ongoing",
  archived_until_escalating: "Archived until it escalates",
  archived_until_condition_met: "Archived until a condition is met",
  archived_forever: "Archived forever",
};

const PASSING_WORDS = { reprocessing: "Being reprocessed", pending_deletion: "Being deleted", pending_merge: "Being merged" };

/** Give an issue's state in one phrase: "Resolved in the next release", "Archived until 100 more events". */
export function stateWords(issue: Pick<Issue, "status" | "substatus" | "statusDetails">): string {
  if (issue.status === "resolved") return resolvedWords(issue.statusDetails);
  if (issue.status === "ignored") return archivedWords(issue);
  if (issue.status === "unresolved") return SUBSTATUS_WORDS[issue.substatus ?? ""] ?? "Unresolved";
  return PASSING_WORDS[issue.status];
}

function resolvedWords(details: Issue["statusDetails"]): string {
  if (details.inNextRelease === true) return "Resolved in the next release";
  if (typeof details.inRelease === "string") return `Resolved in ${details.inRelease}`;
  if (details.inCommit) return "Resolved in a commit";
  return "Resolved";
}

function archivedWords(issue: Pick<Issue, "substatus" | "statusDetails">): string {
  const details = issue.statusDetails;
  if (typeof details.ignoreCount === "number") return `Archived until ${counted(details.ignoreCount, "more event")}${within(details.ignoreWindow)}`;
  if (typeof details.ignoreUserCount === "number") return `Archived until ${counted(details.ignoreUserCount, "more user")}${within(details.ignoreUserWindow)}`;
  if (typeof details.ignoreUntil === "string") return `Archived until ${new Date(details.ignoreUntil).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })}`;
  return SUBSTATUS_WORDS[issue.substatus ?? ""] ?? "Archived";
}

const within = (minutes: number | null | undefined): string => (typeof minutes === "number" ? ` within ${lengthWords(minutes)}` : "");

/** Give the words for an archive mode, to follow "Archived". */
export function archiveWords(mode: ArchiveMode): string {
  switch (mode.mode) {
    case "until_escalating":
      return "until it escalates";
    case "forever":
      return "forever";
    case "for_duration":
      return `for ${lengthWords(mode.duration_minutes)}`;
    case "until_count":
      return `until ${counted(mode.count, "more event")}${within(mode.window_minutes)}`;
    case "until_users":
      return `until ${counted(mode.users, "more user")}${within(mode.window_minutes)}`;
  }
}

/** Give the words for a way to resolve, to follow "Resolve" or its subject; nothing for now. */
export function resolveWords(mode: ResolveMode): string {
  switch (mode.mode) {
    case "now":
      return "";
    case "next_release":
      return " in the next release";
    case "release":
      return ` in ${mode.release}`;
    case "commit":
      return " in a commit";
  }
}

/** Give what an update did, as a past tense that takes its subject: "Resolved SHOP-12", "Archived 3 issues until they escalate". */
export function doneWords(update: IssueUpdate, subject: string, assigneeName?: string | null): string {
  if (update.status === "resolved") return `Resolved ${subject}${resolveWords(update.resolve ?? { mode: "now" })}`;
  if (update.status === "unresolved") return `Reopened ${subject}`;
  if (update.status === "archived") return `Archived ${subject} ${archiveWords(update.archive ?? { mode: "until_escalating" })}`;
  if (update.assignee === null) return `Unassigned ${subject}`;
  if (update.assignee !== undefined) return `Assigned ${subject} to ${assigneeName ?? "you"}`;
  if (update.priority !== undefined) return `Set the priority of ${subject} to ${update.priority}`;
  if (update.bookmark !== undefined) return `${update.bookmark ? "Bookmarked" : "Removed the bookmark of"} ${subject}`;
  if (update.subscribed !== undefined) return `${update.subscribed ? "Subscribed to" : "Unsubscribed from"} ${subject}`;
  if (update.public !== undefined) return update.public ? `Shared ${subject} with everybody who has its link` : `Stopped sharing ${subject}`;
  if (update.reviewed !== undefined) return `Marked ${subject} as reviewed`;
  if (update.seen !== undefined) return `Marked ${subject} as ${update.seen ? "seen" : "unseen"}`;
  return `Updated ${subject}`;
}

/** Give the name of one issue, or the number of several. */
export function subjectOf(issues: readonly Pick<Issue, "shortId">[]): string {
  const only = issues.length === 1 ? issues[0] : undefined;
  return only === undefined ? counted(issues.length, "issue") : only.shortId;
}
