import { type InfiniteData, type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";

import { asApiError } from "@/api/error";
import type { Change } from "@/core/batch";
import { mapPages, patched, tookEffect, undoOf, type PatchContext } from "@/core/issuePatch";
import type { Issue, IssueUpdate, Page } from "@/core/model";
import { settleAll } from "@/core/pool";

import { sendTogether, Unsent } from "./batch";
import { issueKeys } from "./issues";

export type { Change };

type Lists = InfiniteData<Page<Issue>, string | null>;

export interface Refusal {
  readonly issue: Issue;
  readonly message: string;
  readonly remedy: string;
}

/** What truly happened to a set of changes, and how to put it back. */
export interface Outcome {
  readonly done: readonly Issue[];
  readonly refused: readonly Refusal[];
  readonly undo: readonly Change[];
}

/** A row counts what lies within its list's time, and keeps its own series. */
function over(row: Issue, issue: Issue): Issue {
  const { stats, lifetime } = row;
  return { ...row, ...issue, stats, ...(lifetime == null ? {} : { lifetime, count: row.count, userCount: row.userCount }) };
}

/** Show `issue` in every list and on its page at once. Rows that no longer belong to a tab are left out when it is drawn. */
function show(queryClient: QueryClient, issue: Issue): void {
  queryClient.setQueriesData<Lists>({ queryKey: issueKeys.lists }, (lists) =>
    lists === undefined ? undefined : { ...lists, pages: mapPages(lists.pages, (row) => (row.id === issue.id ? over(row, issue) : row)) },
  );
  queryClient.setQueriesData<Page<Issue>>({ queryKey: issueKeys.heads }, (head) =>
    head === undefined ? undefined : { ...head, data: head.data.map((row) => (row.id === issue.id ? over(row, issue) : row)) },
  );
  queryClient.setQueriesData<Issue>({ queryKey: issueKeys.detail(issue.id), exact: true }, (page) =>
    page === undefined ? undefined : { ...page, ...issue, stats: page.stats, count: page.count, userCount: page.userCount },
  );
}

/** Sentry said yes and did nothing: it does so where it may not assign somebody, for one. */
class NoEffect extends Error {
  readonly remedy: string;
  constructor({ assignee, status, priority }: IssueUpdate) {
    const onlyAssigned = assignee !== undefined && status === undefined && priority === undefined;
    super(onlyAssigned ? "Sentry did not change the assignee" : "Sentry took the request but did not change the issue");
    this.remedy =
      onlyAssigned && assignee !== null
        ? "Whom it is assigned to must be a member of a team of the issue's project. Add them in Sentry, or choose somebody else."
        : "Reload the list to see how it stands in Sentry.";
  }
}

async function change(queryClient: QueryClient, wanted: Change): Promise<Issue> {
  const { issue, update } = wanted;
  const answer = await sendTogether(wanted);
  const after = { ...issue, ...answer };
  show(queryClient, after);
  if (!tookEffect(update, after)) throw new NoEffect(update);
  return after;
}

/**
 * Apply changes at once on screen, then in Sentry, together with all others of this moment and at most ten at a time.
 *
 * A change that fails is taken back on screen and named in the outcome; it stops none of the others.
 */
export async function applyChanges(queryClient: QueryClient, changes: readonly Change[], nowMs: number): Promise<Outcome> {
  await queryClient.cancelQueries({ queryKey: issueKeys.lists });
  for (const { issue } of changes) await queryClient.cancelQueries({ queryKey: issueKeys.detail(issue.id) });
  for (const { issue, update, assignee } of changes) {
    const context: PatchContext = assignee === undefined ? { nowMs } : { nowMs, assignee };
    show(queryClient, patched(issue, update, context));
  }
  const outcomes = await settleAll(changes, changes.length, (wanted) => change(queryClient, wanted));
  const done: Issue[] = [];
  const refused: Refusal[] = [];
  const undo: Change[] = [];
  for (const outcome of outcomes) {
    const { issue, update } = outcome.item;
    if (outcome.ok) {
      done.push(outcome.value);
      undo.push({ issue: outcome.value, update: undoOf(issue, update, nowMs), assignee: issue.assignedTo });
    } else {
      const { error } = outcome;
      show(queryClient, error instanceof Unsent ? error.before : issue);
      refused.push(refusalOf(issue, error instanceof Unsent ? error.cause : error));
    }
  }
  // Other tabs gain or lose these issues; they are asked again when they are next looked at.
  void queryClient.invalidateQueries({ queryKey: issueKeys.lists, refetchType: "none" });
  // The page of an issue also shows what was just done to it as activity.
  for (const { id } of done) void queryClient.invalidateQueries({ queryKey: issueKeys.detail(id) });
  return { done, refused, undo };
}

function refusalOf(issue: Issue, error: unknown): Refusal {
  if (error instanceof NoEffect) return { issue, message: error.message, remedy: error.remedy };
  const failure = asApiError(error);
  return { issue, message: failure.message, remedy: failure.remedy };
}

/** Give the function that applies changes in this workbench. */
export function useApplyChanges(): (changes: readonly Change[]) => Promise<Outcome> {
  const queryClient = useQueryClient();
  return useCallback((changes) => applyChanges(queryClient, changes, Date.now()), [queryClient]);
}
