/** Where an issue stands in the list the reader came from, for going on without going back. */

import type { Issue } from "../model";
import { belongs } from "../issuePatch";
import type { View } from "../view";

export interface ListSeen {
  readonly view: View;
  readonly issues: readonly Issue[];
  /** When the list was last loaded or changed. */
  readonly updatedAt: number;
}

export interface Neighbours {
  readonly view: View;
  /** From 1. */
  readonly position: number;
  readonly total: number;
  readonly previous: string | null;
  readonly next: string | null;
}

/**
 * Give an issue's place in the most recently used list that holds it, or null when none does.
 *
 * An issue that was just resolved no longer belongs to its tab, yet it keeps its place while it is being read;
 * others that left are passed over.
 */
export function neighboursOf(lists: readonly ListSeen[], id: string): Neighbours | null {
  const list = [...lists]
    .sort((one, other) => other.updatedAt - one.updatedAt)
    .find((candidate) => candidate.issues.some((issue) => issue.id === id));
  if (list === undefined) return null;
  const kept = list.issues.filter((issue) => issue.id === id || belongs(issue, list.view.status));
  const at = kept.findIndex((issue) => issue.id === id);
  return {
    view: list.view,
    position: at + 1,
    total: kept.length,
    previous: kept[at - 1]?.id ?? null,
    next: kept[at + 1]?.id ?? null,
  };
}
