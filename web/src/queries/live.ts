import { type InfiniteData, type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";

import { lastAnswerMs } from "@/api/reach";
import { afterEvent, changedIn, type FeedEvent, type Greeting, isTold, type Liveness, namesAnother, NOTHING_TOLD, type Telling, toldBy } from "@/core/feed";
import { epochMs } from "@/core/format";
import { mapPages } from "@/core/issuePatch";
import type { Issue, Page } from "@/core/model";
import { RealtimeManager } from "@/live/RealtimeManager";

import { assigneeOf } from "./assignees";
import { feedBegins, feedTells } from "./feed";
import { refreshShownOf } from "./issue";
import { issueKeys, refreshHeads } from "./issues";
import { refreshMarks } from "./labels";
import { presenceBegins, presenceEnds, presenceHeard, presenceIsMine } from "./presence";
import { sessionQuery } from "./session";

type Lists = InfiniteData<Page<Issue>, string | null>;

const CHANNELS = ["issues", "alerts", "jobs", "gateway", "presence"];
const FLASH_MS = 2_000;
/** Events of one moment ask for the newest page once. */
const GATHER_MS = 200;
/** How long an answer of the gateway shows that it is there. */
const REACHED_MS = 45_000;

/** While it stands so, the gateway is there. */
const HEARD = new Set<Liveness>(["connecting", "live"]);

/** What of an issue has just changed: fields of it, or what is told of beside them. */
export type Changed = keyof Issue | "comments";

const NOTHING: ReadonlySet<Changed> = new Set();

/** What the workbench knows of the feed itself: how it stands, since when, and what has just changed. */
interface LiveState {
  readonly connection: Liveness;
  readonly telling: Telling;
  /** When the gateway was last known to be there, while it is not. */
  readonly lostMs: number;
  readonly flashing: ReadonlyMap<string, ReadonlySet<Changed>>;
}

let state: LiveState = { connection: "connecting", telling: NOTHING_TOLD, lostMs: Date.now(), flashing: new Map() };
const watchers = new Set<() => void>();

function change(next: Partial<LiveState>): void {
  state = { ...state, ...next };
  for (const watcher of watchers) watcher();
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** How what happens reaches this workbench. */
export type Standing = Exclude<Liveness, "polling"> | "polling-gateway" | "polling-sentry";

const standing = (): Standing => {
  if (state.connection === "polling") return "polling-gateway";
  return state.connection === "live" && !isTold(state.telling, Date.now()) ? "polling-sentry" : state.connection;
};

/** How the feed reaches this workbench, and since when it does not. */
export function useLiveness(): { liveness: Liveness; since: number } {
  return { liveness: useSyncExternalStore(watch, () => state.connection), since: useSyncExternalStore(watch, () => state.lostMs) };
}

/** How what happens reaches this workbench, and since when it does not. */
export function useStanding(): { standing: Standing; lostMs: number } {
  return { standing: useSyncExternalStore(watch, standing), lostMs: useSyncExternalStore(watch, () => state.lostMs) };
}

/** Whether an issue has changed just now by somebody else's hand. */
export function useFlash(id: string): boolean {
  return useSyncExternalStore(watch, () => state.flashing.has(id));
}

/** What of an issue has changed just now by somebody else's hand. */
export function useChanged(id: string): ReadonlySet<Changed> {
  return useSyncExternalStore(watch, () => state.flashing.get(id) ?? NOTHING);
}

const ending = new Map<string, ReturnType<typeof setTimeout>>();

function flash(id: string, what: readonly Changed[]): void {
  if (what.length === 0) return;
  change({ flashing: new Map([...state.flashing, [id, new Set([...(state.flashing.get(id) ?? []), ...what])]]) });
  clearTimeout(ending.get(id));
  const end = (): void => {
    ending.delete(id);
    change({ flashing: new Map([...state.flashing].filter(([each]) => each !== id)) });
  };
  ending.set(id, setTimeout(end, FLASH_MS));
}

/** Lay an event over everything that is shown of its issue. Gives what it changed of that. */
export function applyEvent(queryClient: QueryClient, event: FeedEvent): Changed[] {
  const { issue } = event;
  if (issue === null) return [];
  const changed = new Set<Changed>();
  let isUnnamed = false;
  const named = assigneeOf(queryClient, event.after["assignee"]);
  const laid = (row: Issue): Issue => {
    if (row.id !== issue.id) return row;
    const isAnother = namesAnother(row, event);
    isUnnamed ||= isAnother && named === null;
    const after = isAnother && named !== null ? { ...afterEvent(row, event), assignedTo: named } : afterEvent(row, event);
    changedIn(row, after).forEach((name) => changed.add(name));
    if (isAnother) changed.add("assignedTo");
    return after;
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
  if (event.type === "issue.commented") changed.add("comments");
  if ("labels" in event.after) refreshMarks(queryClient);
  refreshShownOf(queryClient, event, isUnnamed);
  return [...changed];
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
    const onGreeting = ({ webhooksAt }: Greeting): void => {
      const at = epochMs(webhooksAt);
      if (at !== null && at > (state.telling.webhooksAtMs ?? 0)) change({ telling: { webhooksAtMs: at, found: 0 } });
    };
    const manager = new RealtimeManager({
      channels: CHANNELS,
      onBegin: (position) => feedBegins(queryClient, position),
      onEvent: (event, position) => {
        change({ telling: toldBy(state.telling, event, Date.now()) });
        if (event.type === "presence") presenceHeard(event);
        else feedTells(queryClient, { kind: "event", position, event });
        for (const hear of told) hear(event);
        if (!event.type.startsWith("issue.")) return;
        if (event.issue !== null) flash(event.issue.id, applyEvent(queryClient, event));
        if (event.type !== "issue.updated") askHeads();
      },
      onGap: (position, why) => {
        if (position !== null) feedTells(queryClient, { kind: "gap", position, why });
        void queryClient.invalidateQueries({ queryKey: ["issue"], predicate: ({ queryKey }) => queryKey[2] !== "event" });
        void queryClient.invalidateQueries({ queryKey: issueKeys.lists, refetchType: "none" });
        askHeads();
      },
      onHello: () => presenceBegins(),
      onGreeting,
      onViewer: presenceIsMine,
      onRefused: () => void queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey }),
      onState: (connection) => {
        if (connection === state.connection) return;
        change({ connection, ...(HEARD.has(state.connection) ? { lostMs: Date.now() } : {}) });
      },
      staysHidden: () => listening > 0,
      // What was answered before the feed was lost says nothing of now.
      answers: () => lastAnswerMs() > state.lostMs && Date.now() - lastAnswerMs() < REACHED_MS,
    });
    manager.start();
    waking = () => manager.wake();
    looking = (issue) => manager.looks(issue);
    looking(lookedAt);
    return () => {
      looking = waking = null;
      clearTimeout(asking);
      manager.stop();
      presenceEnds();
    };
  }, [queryClient]);
}

const told = new Set<(event: FeedEvent) => void>();

/** Hear every event of the feed. Gives the way to hear no more. */
export function whenTold(hear: (event: FeedEvent) => void): () => void {
  told.add(hear);
  return () => told.delete(hear);
}

let listening = 0;
let waking: (() => void) | null = null;

/** Have the feed heard while nobody looks at this tab, too. Gives the way to let it sleep again. */
export function keepListening(): () => void {
  listening += 1;
  waking?.();
  return () => (listening -= 1);
}

let lookedAt: string | null = null;
let looking: ((issue: string | null) => void) | null = null;

/** Let others see that the reader looks at an issue, as long as it is on screen. */
export function useLookingAt(issue: string): void {
  useEffect(() => {
    lookedAt = issue;
    looking?.(issue);
    return () => {
      if (lookedAt !== issue) return;
      lookedAt = null;
      looking?.(null);
    };
  }, [issue]);
}
