import type { Assignee, Issue, IssueUpdate } from "./model";

/** One issue and what is to become of it. */
export interface Change {
  readonly issue: Issue;
  readonly update: IssueUpdate;
  /** Who the update assigns, for the optimistic patch. */
  readonly assignee?: Assignee | null;
}

/** What waits to be sent for one issue: all that was asked of it within a moment, and how it stood before. */
export interface Parcel {
  readonly before: Issue;
  readonly update: IssueUpdate;
}

/** Give the parcels with a change among them. A later wish replaces an earlier one of the same kind; both leave in one request. */
export function gathered(parcels: ReadonlyMap<string, Parcel>, { issue, update }: Change): Map<string, Parcel> {
  const waiting = parcels.get(issue.id);
  const next = new Map(parcels);
  next.set(issue.id, { before: waiting?.before ?? issue, update: merged(waiting?.update ?? {}, update) });
  return next;
}

function merged(earlier: IssueUpdate, later: IssueUpdate): IssueUpdate {
  if (later.status === undefined) return { ...earlier, ...later };
  // Another state brings its own condition or none; the earlier one's must not stay behind.
  return { ...earlier, resolve: undefined, archive: undefined, ...later };
}
