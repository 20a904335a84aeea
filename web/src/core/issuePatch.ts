import type { Assignee, Issue, IssueUpdate, Page, Priority } from "./model";
import type { StatusTab } from "./view";

/** What the patch cannot know on its own: the moment and who the new assignee is. */
export interface PatchContext {
  readonly nowMs: number;
  readonly assignee?: Assignee | null;
}

/** Give the issue as it will look once Sentry has taken the update. */
export function patched(issue: Issue, update: IssueUpdate, context: PatchContext): Issue {
  return {
    ...issue,
    ...statusPatch(update, context.nowMs),
    ...(update.assignee === undefined || context.assignee === undefined ? {} : { assignedTo: context.assignee }),
    ...(update.priority === undefined ? {} : { priority: update.priority }),
    ...(update.seen === undefined ? {} : { hasSeen: update.seen }),
    ...(update.bookmark === undefined ? {} : { isBookmarked: update.bookmark }),
    ...(update.subscribed === undefined ? {} : { isSubscribed: update.subscribed }),
    ...(update.public === undefined ? {} : { isPublic: update.public }),
  };
}

type StatusPart = Partial<Pick<Issue, "status" | "substatus" | "statusDetails">>;

function statusPatch(update: IssueUpdate, nowMs: number): StatusPart {
  if (update.status === undefined) return {};
  if (update.status === "unresolved") return { status: "unresolved", substatus: "ongoing", statusDetails: {} };
  if (update.status === "resolved") return { status: "resolved", substatus: null, statusDetails: resolvedDetails(update) };
  return archivedPatch(update, nowMs);
}

function resolvedDetails(update: IssueUpdate): Issue["statusDetails"] {
  const resolve = update.resolve ?? { mode: "now" };
  if (resolve.mode === "next_release") return { inNextRelease: true };
  if (resolve.mode === "release") return { inRelease: resolve.release };
  if (resolve.mode === "commit") return { inCommit: { commit: resolve.commit } };
  return {};
}

function archivedPatch(update: IssueUpdate, nowMs: number): StatusPart {
  const archive = update.archive ?? { mode: "until_escalating" };
  const ignored = { status: "ignored", substatus: "archived_until_condition_met" } as const;
  switch (archive.mode) {
    case "until_escalating":
      return { status: "ignored", substatus: "archived_until_escalating", statusDetails: {} };
    case "forever":
      return { status: "ignored", substatus: "archived_forever", statusDetails: {} };
    case "for_duration":
      return { ...ignored, statusDetails: { ignoreUntil: new Date(nowMs + archive.duration_minutes * 60_000).toISOString() } };
    case "until_count":
      return { ...ignored, statusDetails: { ignoreCount: archive.count, ignoreWindow: archive.window_minutes ?? null } };
    case "until_users":
      return { ...ignored, statusDetails: { ignoreUserCount: archive.users, ignoreUserWindow: archive.window_minutes ?? null } };
  }
}

/** Give the update that puts back what `update` changes, as it stood in `before`. */
export function undoOf(before: Issue, update: IssueUpdate, nowMs: number): IssueUpdate {
  return {
    ...(update.status === undefined ? {} : statusUndo(before, nowMs)),
    ...(update.assignee === undefined ? {} : { assignee: assigneeWord(before.assignedTo) }),
    ...(update.priority === undefined || before.priority === null ? {} : { priority: before.priority }),
    ...(update.seen === undefined ? {} : { seen: before.hasSeen }),
    ...(update.bookmark === undefined ? {} : { bookmark: before.isBookmarked }),
    ...(update.subscribed === undefined ? {} : { subscribed: before.isSubscribed }),
    ...(update.public === undefined ? {} : { public: before.isPublic === true }),
  };
}

function statusUndo(before: Issue, nowMs: number): IssueUpdate {
  const details = before.statusDetails;
  if (before.status === "unresolved") return { status: "unresolved" };
  if (before.status === "resolved") return { status: "resolved", resolve: resolveBack(before) };
  if (before.substatus === "archived_forever") return { status: "archived", archive: { mode: "forever" } };
  if (typeof details.ignoreUntil === "string") {
    const minutes = Math.max(1, Math.round((Date.parse(details.ignoreUntil) - nowMs) / 60_000));
    return { status: "archived", archive: { mode: "for_duration", duration_minutes: minutes } };
  }
  if (typeof details.ignoreCount === "number") {
    return { status: "archived", archive: { mode: "until_count", count: details.ignoreCount, ...window(details.ignoreWindow) } };
  }
  if (typeof details.ignoreUserCount === "number") {
    return { status: "archived", archive: { mode: "until_users", users: details.ignoreUserCount, ...window(details.ignoreUserWindow) } };
  }
  return { status: "archived", archive: { mode: "until_escalating" } };
}

function window(minutes: number | null | undefined): { window_minutes?: number } {
  return typeof minutes === "number" ? { window_minutes: minutes } : {};
}

function resolveBack(before: Issue): NonNullable<IssueUpdate["resolve"]> {
  const { inNextRelease, inRelease, inCommit } = before.statusDetails;
  const commit = inCommit?.commit ?? inCommit?.id;
  if (inNextRelease === true) return { mode: "next_release" };
  if (typeof inRelease === "string") return { mode: "release", release: inRelease };
  if (typeof commit === "string") return { mode: "commit", commit };
  return { mode: "now" };
}

/** Give the word by which the gateway knows an assignee: "user:1", "team:2", or null for nobody. */
export function assigneeWord(assignee: Pick<Assignee, "type" | "id"> | null): string | null {
  return assignee === null ? null : `${assignee.type}:${assignee.id}`;
}

/** Say whether an issue belongs on a tab. Sentry's search lags its writes, so a fresh list may still hold what was just resolved. */
export function belongs(issue: Pick<Issue, "status">, tab: StatusTab): boolean {
  if (tab === "all") return true;
  if (tab === "resolved") return issue.status === "resolved";
  if (tab === "archived") return issue.status === "ignored";
  return issue.status === "unresolved";
}

/** Say whether Sentry did what was asked, judged by the issue it gave back. */
export function tookEffect(update: IssueUpdate, after: Issue): boolean {
  if (update.status !== undefined && after.status !== SENTRY_STATUS[update.status]) return false;
  if (update.priority !== undefined && after.priority !== update.priority) return false;
  if (update.assignee === null && after.assignedTo !== null) return false;
  if (typeof update.assignee === "string" && after.assignedTo === null) return false;
  return true;
}

const SENTRY_STATUS = { resolved: "resolved", unresolved: "unresolved", archived: "ignored" } as const;

/** Give the pages with every issue replaced by what `change` gives for it. */
export function mapPages(pages: readonly Page<Issue>[], change: (issue: Issue) => Issue): Page<Issue>[] {
  return pages.map((page) => ({ ...page, data: page.data.map(change) }));
}

export const PRIORITIES: readonly Priority[] = ["high", "medium", "low"];
