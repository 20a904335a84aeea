/** Where an issue stands in the list that its address names, for going on without going back. */

import { epochMs } from "../format";
import { belongs } from "../issuePatch";
import type { Issue, Page } from "../model";
import { MOST_COUNTED, rowsOf, totalOf } from "../paging";
import type { View } from "../view";

/** A list as far as it is loaded. */
export interface ListSoFar {
  readonly view: View;
  readonly pages: readonly Page<Issue>[];
  /** Whether there are more pages. */
  readonly more: boolean;
}

export interface Neighbours {
  /** From 1. */
  readonly position: number;
  readonly total: number;
  /** Whether there are more than `total`, and nobody says how many. */
  readonly isLeast: boolean;
  readonly previous: string | null;
  readonly next: string | null;
}

/** How many rows before the end the next page is asked for. */
const AHEAD = 10;
/** How far into a list an issue is looked for. */
const MOST_PAGES = 10;

/**
 * Give an issue's place in a list, or null when what is loaded does not hold it.
 *
 * An issue that was just resolved no longer belongs to its tab, yet it keeps its place while it is being read;
 * others that left are passed over.
 */
export function neighboursOf({ view, pages, more }: ListSoFar, id: string): Neighbours | null {
  const rows = rowsOf(pages, view.status, id);
  const at = rows.findIndex((issue) => issue.id === id);
  if (at === -1) return null;
  const total = totalOf(pages, rows);
  return {
    position: at + 1,
    total: total ?? rows.length,
    isLeast: total === null ? more : pages[0]?.meta.hits === MOST_COUNTED,
    previous: rows[at - 1]?.id ?? null,
    next: rows[at + 1]?.id ?? null,
  };
}

/** Whether the next page is needed: the reader nears the end of what is loaded, or the issue can only stand behind it. */
export function needsMore(list: ListSoFar, issue: Issue): boolean {
  const { view, pages, more } = list;
  if (!more) return false;
  const rows = rowsOf(pages, view.status, issue.id);
  const at = rows.findIndex(({ id }) => id === issue.id);
  if (at !== -1) return rows.length - at <= AHEAD;
  return pages.length < MOST_PAGES && mayFollow(view, rows, issue);
}

/** Whether an issue can stand behind the rows so far. Nobody looks for one in a list that cannot hold it. */
function mayFollow(view: View, rows: readonly Issue[], issue: Issue): boolean {
  if (!belongs(issue, view.status)) return false;
  if (view.project.length > 0 && !view.project.some((project) => project === issue.project.slug || project === issue.project.id)) return false;
  if (view.sort !== "date") return true;
  const [own, last] = [epochMs(issue.lastSeen), epochMs(rows.at(-1)?.lastSeen)];
  return own === null || last === null || own <= last;
}
