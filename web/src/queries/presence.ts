import { useEffect, useMemo, useSyncExternalStore } from "react";

import { api } from "@/api/client";
import { type FeedEvent, readViewers, type Viewer } from "@/core/feed";

/** As many ids as one address can carry. */
const IDS_AT_ONCE = 50;
/** The gateway forgets who died with their process after 45 seconds, and nobody may be left to say so. */
const ASK_AGAIN_MS = 60_000;

const NOBODY: readonly Viewer[] = [];

/** Who looks at which issue, as far as this workbench has heard. */
interface Presence {
  readonly there: ReadonlyMap<string, readonly Viewer[]>;
  /** As whom others see the reader. */
  readonly me: string | null;
  /** Grows with every connection to the feed: what was known before may have changed unheard. 0 without one. */
  readonly round: number;
}

const START: Presence = { there: new Map(), me: null, round: 0 };

let state = START;
const watchers = new Set<() => void>();
const asked = new Set<string>();
/** Issues heard of since they were asked for: what was heard is newer than the answer. */
const heard = new Set<string>();

function change(next: Partial<Presence>): void {
  state = { ...state, ...next };
  for (const watcher of watchers) watcher();
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

function place(told: Readonly<Record<string, readonly Viewer[]>>): void {
  const there = new Map(state.there);
  for (const [issue, viewers] of Object.entries(told)) {
    if (viewers.length === 0) there.delete(issue);
    else there.set(issue, viewers);
  }
  change({ there });
}

/** Take note of who is at an issue now. */
export function presenceHeard({ issue, after }: FeedEvent): void {
  if (issue === null) return;
  heard.add(issue.id);
  place({ [issue.id]: readViewers(after["people"]) });
}

/** Begin anew with a connection to the feed. */
export function presenceBegins(): void {
  asked.clear();
  change({ round: state.round + 1 });
}

/** Note as whom others see the reader. */
export function presenceIsMine(id: string | null): void {
  if (id !== state.me) change({ me: id });
}

/** Forget everybody: nobody listens any more. */
export function presenceEnds(): void {
  asked.clear();
  change(START);
}

async function ask(ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    asked.add(id);
    heard.delete(id);
  }
  try {
    const { data } = await api.get<{ data: Record<string, unknown> }>("/api/v1/issues/presence", { id: ids });
    place(Object.fromEntries(ids.filter((id) => !heard.has(id)).map((id) => [id, readViewers(data[id])])));
  } catch {
    // Who else is there is beside the point where it cannot be had.
  }
}

function askFor(ids: readonly string[]): void {
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) void ask(ids.slice(from, from + IDS_AT_ONCE));
}

/** See to it that it is known who looks at issues, while the feed is heard. */
export function useAskPresence(ids: readonly string[]): void {
  const round = useSyncExternalStore(watch, () => state.round);
  useEffect(() => {
    if (round > 0) askFor(ids.filter((id) => !asked.has(id)));
  }, [ids, round]);
  useEffect(() => {
    if (round === 0) return;
    const timer = setInterval(() => askFor(ids.filter((id) => state.there.has(id))), ASK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [ids, round]);
}

/** Give who else looks at an issue. */
export function useOthersAt(id: string): readonly Viewer[] {
  const there = useSyncExternalStore(watch, () => state.there.get(id) ?? NOBODY);
  const me = useSyncExternalStore(watch, () => state.me);
  return useMemo(() => there.filter((viewer) => viewer.id !== me), [there, me]);
}
