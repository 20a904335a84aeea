import { type InfiniteData, type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";

import { afterEvent, type FeedEvent, type Liveness, namesAnother } from "@/core/feed";
import { mapPages } from "@/core/issuePatch";
import type { Issue, Page } from "@/core/model";
import { RealtimeManager } from "@/live/RealtimeManager";

import { feedBegins, feedTells } from "./feed";
import { issueKeys, refreshHeads } from "./issues";
import { refreshMarks } from "./labels";

type Lists = InfiniteData<Page<Issue>, string | null>;

const FLASH_MS = 2_000;
/** Events of one moment ask for the newest page once. */
const GATHER_MS = 200;

/** What the workbench knows of the feed itself: how it stands, since when, and which rows have just changed. */
interface LiveState {
  readonly liveness: Liveness;
  readonly since: number;
  readonly flashing: ReadonlySet<string>;
}

let state: LiveState = { liveness: "connecting", since: Date.now(), flashing: new Set() };
const watchers = new Set<() => void>();

function change(next: Partial<LiveState>): void {
  state = { ...state, ...next };
  for (const watcher of watchers) watcher();
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** How the feed reaches this workbench, and since when. */
export function useLiveness(): { liveness: Liveness; since: number } {
  const liveness = useSyncExternalStore(watch, () => state.liveness);
  const since = useSyncExternalStore(watch, () => state.since);
  return { liveness, since };
}

/** Whether an issue has changed just now by somebody else's hand. */
export function useFlash(id: string): boolean {
  return useSyncExternalStore(watch, () => state.flashing.has(id));
}

function flash(id: string): void {
  change({ flashing: new Set([...state.flashing, id]) });
  setTimeout(() => change({ flashing: new Set([...state.flashing].filter((each) => each !== id)) }), FLASH_MS);
}

/** Lay an event over everything that is shown of its issue. Gives whether anything of it was. */
export function applyEvent(queryClient: QueryClient, event: FeedEvent): boolean {
  const { issue } = event;
  if (issue === null) return false;
  const found = { known: false, unnamed: false };
  const laid = (row: Issue): Issue => {
    if (row.id !== issue.id) return row;
    found.known = true;
    found.unnamed ||= namesAnother(row, event);
    return afterEvent(row, event);
  };
  queryClient.setQueriesData<Lists>({ queryKey: issueKeys.lists }, (lists) =>
    lists === undefined ? undefined : { ...lists, pages: mapPages(lists.pages, laid) },
  );
  queryClient.setQueriesData<Page<Issue>>({ queryKey: issueKeys.heads }, (head) =>
    head === undefined ? undefined : { ...head, data: head.data.map(laid) },
  );
  queryClient.setQueriesData<Issue>({ queryKey: issueKeys.detail(issue.id), exact: true }, (page) =>
    page === undefined ? undefined : laid(page),
  );
  if ("labels" in event.after) refreshMarks(queryClient);
  // What an event does not carry, such as a name or the new activity, is asked for if somebody looks at it.
  if (found.unnamed || event.type !== "issue.updated" || event.source === "dexter") void queryClient.invalidateQueries({ queryKey: ["issue", issue.id] });
  return found.known;
}

/** Keep what is shown as it is in Sentry, for as long as the workbench is open. */
export function useLive(): void {
  const queryClient = useQueryClient();
  useEffect(() => {
    let asking: ReturnType<typeof setTimeout> | undefined;
    const askHeads = (): void => {
      clearTimeout(asking);
      asking = setTimeout(() => void refreshHeads(queryClient), GATHER_MS);
    };
    const manager = new RealtimeManager({
      channels: ["issues", "alerts", "jobs", "gateway"],
      onBegin: (position) => feedBegins(queryClient, position),
      onEvent: (event, position) => {
        feedTells(queryClient, { kind: "event", position, event });
        if (!event.type.startsWith("issue.")) return;
        if (applyEvent(queryClient, event) && event.issue !== null) flash(event.issue.id);
        if (event.type !== "issue.updated") askHeads();
      },
      onGap: (position, why) => {
        if (position !== null) feedTells(queryClient, { kind: "gap", position, why });
        void queryClient.invalidateQueries({ queryKey: ["issue"] });
        void queryClient.invalidateQueries({ queryKey: issueKeys.lists, refetchType: "none" });
        askHeads();
      },
      onState: (liveness) => {
        if (liveness !== state.liveness) change({ liveness, since: Date.now() });
      },
    });
    manager.start();
    return () => {
      clearTimeout(asking);
      manager.stop();
    };
  }, [queryClient]);
}
