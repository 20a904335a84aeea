import { type QueryClient, queryOptions } from "@tanstack/react-query";

import { api } from "@/api/client";
import type { Position } from "@/core/feed";
import { type FeedList, type FeedNews, type FeedPage, heard, listOf, newsOf, placeText, readFeedPage, shown, withOlder } from "@/core/feedList";
import { feedQueryOf, type FeedView, fitsFeed } from "@/core/feedView";

const ROWS = 100;
/** What comes within a moment is shown at once. */
const GATHER_MS = 100;
/** So many pages are read to catch up; who has missed more begins anew. */
const MOST_PAGES = 10;

/** Under this all of it is kept; the view stands behind it. */
const KEY = "feed";

const ask = async (view: FeedView, from: { before?: string; since?: string; moment?: string }, signal?: AbortSignal): Promise<FeedPage> =>
  readFeedPage(await api.get("/api/v1/feed", { ...feedQueryOf(view), ...from, limit: ROWS }, signal));

/** Those who are reading a page now, and what has been told meanwhile. */
const readers = new Set<FeedNews[]>();
/** From here on everything is told. */
let begun: Position | null = null;

const isBehind = ({ epoch, offset }: Position, place: Position | null): boolean => place !== null && (epoch !== place.epoch || offset < place.offset);

/** The feed as a view asks for it. What is told live is laid over it, so that it is never old while the workbench is open. */
export function feedQuery(view: FeedView) {
  return queryOptions({
    queryKey: [KEY, view] as const,
    queryFn: async ({ signal }): Promise<FeedList> => {
      const meanwhile: FeedNews[] = [];
      readers.add(meanwhile);
      try {
        if (view.before !== "") return listOf(await ask(view, { before: view.before }, signal));
        let list = listOf(await ask(view, {}, signal));
        // The connection may have begun after this was read, and tells nothing of what came between.
        if (isBehind(list.known, begun)) list = listOf(await ask(view, {}, signal));
        // Nothing is shown yet that could move: what came meanwhile is the top of the list.
        return shown(heard(list, meanwhile, (event) => fitsFeed(event, view)));
      } finally {
        readers.delete(meanwhile);
      }
    },
    staleTime: Infinity,
    structuralSharing: false,
  });
}

/** Give the page of the feed in order, from a moment or a place on; the gateway's cursor leads to the next. */
export const replayPage = (view: FeedView, from: string, signal: AbortSignal): Promise<FeedPage> => ask(view, from.includes("T") ? { moment: from } : { since: from }, signal);

let gathered: FeedNews[] = [];
let gathering: ReturnType<typeof setTimeout> | undefined;

/** Hear what the live connection tells. */
export function feedTells(queryClient: QueryClient, news: FeedNews): void {
  for (const meanwhile of readers) meanwhile.push(news);
  gathered.push(news);
  gathering ??= setTimeout(() => {
    gathering = undefined;
    const told = gathered;
    gathered = [];
    change(queryClient, (list, view) => heard(list, told, (event) => fitsFeed(event, view)));
  }, GATHER_MS);
}

/** Hear from where on the live connection tells: what happened between the page that was read and then is asked for. */
export function feedBegins(queryClient: QueryClient, position: Position): void {
  begun = position;
  for (const [view, list] of listsOf(queryClient)) {
    if (isBehind(list.known, position)) void catchUp(queryClient, view, list.known);
  }
}

/** Ask for what has happened since, where nobody tells it. */
export function pollFeed(queryClient: QueryClient): void {
  for (const [view, list] of listsOf(queryClient)) void catchUp(queryClient, view, list.known);
}

/** Add the page of older events to the list of a view. */
export async function readOlder(queryClient: QueryClient, view: FeedView, before: string): Promise<void> {
  const page = await ask(view, { before });
  queryClient.setQueryData<FeedList>([KEY, view], (list) => list && withOlder(list, page));
}

/** Show what waits in the list of a view. */
export function showWaiting(queryClient: QueryClient, view: FeedView): void {
  queryClient.setQueryData<FeedList>([KEY, view], (list) => list && shown(list));
}

async function catchUp(queryClient: QueryClient, view: FeedView, from: Position): Promise<void> {
  let since: string | null = placeText(from);
  try {
    for (let pages = 0; since !== null; pages += 1) {
      if (pages === MOST_PAGES) {
        await queryClient.invalidateQueries({ queryKey: [KEY, view] });
        return;
      }
      const page: FeedPage = await ask(view, { since });
      change(queryClient, (list, each) => (each === view ? heard(list, newsOf(page), () => true) : list));
      since = page.next;
    }
  } catch {
    // The next poll, or whoever refreshes, tries again; the badge says how the feed stands.
  }
}

function listsOf(queryClient: QueryClient): readonly (readonly [FeedView, FeedList])[] {
  return queryClient
    .getQueryCache()
    .findAll({ queryKey: [KEY] })
    .flatMap(({ queryKey, state }) => {
      const view = queryKey[1] as FeedView;
      return state.data === undefined || view.before !== "" ? [] : [[view, state.data as FeedList] as const];
    });
}

function change(queryClient: QueryClient, make: (list: FeedList, view: FeedView) => FeedList): void {
  for (const [view, list] of listsOf(queryClient)) {
    const next = make(list, view);
    if (next !== list) queryClient.setQueryData([KEY, view], next);
  }
}
