import type { Issue, Page } from "./model";
import { belongs } from "./issuePatch";
import type { StatusTab } from "./view";

/**
 * Give the cursor of the next page, or undefined at the end.
 *
 * A cursor that was followed before also ends the list: a server that hands the same page out again must not loop the reader.
 */
export function nextCursor(last: Page<unknown>, followed: readonly (string | null)[]): string | undefined {
  const cursor = last.pagination.next?.cursor;
  if (cursor === undefined || cursor === "" || followed.includes(cursor)) return undefined;
  return cursor;
}

/**
 * Give the rows to show: each issue once (pages shift while they are read), without those that have left the tab.
 * The one that is being read stays, whatever became of it.
 */
export function rowsOf(pages: readonly Page<Issue>[], tab: StatusTab, reading: string | null = null): Issue[] {
  const seen = new Set<string>();
  return pages.flatMap((page) =>
    page.data.filter((issue) => {
      if (seen.has(issue.id) || !(issue.id === reading || belongs(issue, tab))) return false;
      seen.add(issue.id);
      return true;
    }),
  );
}

/** Sentry counts no further. */
export const MOST_COUNTED = 1000;

/** Give how many issues match, where Sentry says it; it estimates, and those that have just left the tab no longer count. */
export function totalOf(pages: readonly Page<Issue>[], shown: readonly Issue[]): number | null {
  const hits = pages[0]?.meta.hits;
  if (typeof hits !== "number") return null;
  const loaded = new Set(pages.flatMap((page) => page.data.map(({ id }) => id)));
  return Math.max(shown.length, hits - (loaded.size - shown.length));
}

/** What a newer first page knows that the list on screen does not. */
export interface News {
  /** Issues that stand before ones the list holds. Those behind them have only moved up from a later page. */
  readonly arrived: number;
  /** Newer counts for issues it holds, by id: these tick in place. */
  readonly ticks: ReadonlyMap<string, Issue>;
}

export function newsIn(head: readonly Issue[], shown: readonly Issue[], tab: StatusTab): News {
  const known = new Map(shown.map((issue) => [issue.id, issue]));
  const current = head.filter((issue) => belongs(issue, tab));
  const lastKnown = current.findLastIndex((issue) => known.has(issue.id));
  // None known among so many: all of them have come since.
  const before = lastKnown < 0 ? current : current.slice(0, lastKnown);
  const arrived = before.filter((issue) => !known.has(issue.id)).length;
  const ticks = new Map(
    current.filter((issue) => {
      const row = known.get(issue.id);
      return row !== undefined && (row.count !== issue.count || row.lastSeen !== issue.lastSeen);
    }).map((issue) => [issue.id, issue]),
  );
  return { arrived, ticks };
}

/**
 * Give by how many places a list has moved under its reader, of whom it is known which row stands at the top of their window.
 *
 * At the very top it does not move: who reads there reads what is newest.
 */
export function rowsMoved(before: readonly string[], after: readonly string[], top: number): number {
  if (before === after || top === 0) return 0;
  const places = new Map(after.map((id, place) => [id, place]));
  for (let place = top; place < before.length; place += 1) {
    const now = places.get(before[place] ?? "");
    if (now !== undefined) return now - place;
  }
  return 0;
}
