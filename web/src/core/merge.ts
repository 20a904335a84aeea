import { counted, epochMs, exactTime } from "./format";
import { headline, levelWord, stateWords } from "./issueWords";
import type { Issue } from "./model";

/** Give the issue into which Sentry merges the others: the one with most events, of equals the oldest. */
export function parentOf(issues: readonly Issue[]): Issue | undefined {
  return [...issues].sort((one, other) => Number(other.count) - Number(one.count) || (epochMs(one.firstSeen) ?? 0) - (epochMs(other.firstSeen) ?? 0))[0];
}

export interface Comparison {
  readonly label: string;
  readonly values: readonly string[];
  readonly differs: boolean;
}

const FIELDS: readonly (readonly [label: string, read: (issue: Issue) => string])[] = [
  ["Type", (issue) => headline(issue).type],
  ["Value", (issue) => headline(issue).value],
  ["Culprit", (issue) => issue.culprit ?? ""],
  ["Project", (issue) => issue.project.slug],
  ["Level", (issue) => levelWord(issue.level)],
  ["State", (issue) => stateWords(issue)],
  ["Events", (issue) => counted(Number(issue.count), "event")],
  ["Users", (issue) => counted(issue.userCount, "user")],
  ["First seen", (issue) => exactTime(epochMs(issue.firstSeen))],
  ["Last seen", (issue) => exactTime(epochMs(issue.lastSeen))],
  ["Assignee", (issue) => issue.assignedTo?.name ?? "nobody"],
];

/** Give each field of the issues side by side, with what `extra` knows beyond the rows, and whether they differ in it. */
export function compared(issues: readonly Issue[], extra: readonly (readonly [label: string, values: readonly string[]])[] = []): Comparison[] {
  const own = FIELDS.map(([label, read]) => [label, issues.map(read)] as const);
  return [...own, ...extra].map(([label, values]) => ({ label, values, differs: new Set(values).size > 1 }));
}

/** Why issues cannot be merged, or null when they can. Sentry merges within one project only. */
export function mergeRefusal(issues: readonly Issue[]): string | null {
  if (issues.length < 2) return "Select two issues or more to merge them.";
  if (new Set(issues.map(({ project }) => project.slug)).size > 1) return "Sentry merges issues of one project only, and these are of several.";
  return null;
}
