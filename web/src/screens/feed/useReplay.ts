import { useCallback, useEffect, useState } from "react";

import type { FeedView } from "@/core/feedView";
import { fed, isHungry, isOver, nextTurn, NOT_BEGUN, played, type Replay, type Speed } from "@/core/replay";
import { replayPage } from "@/queries/feed";

interface State {
  readonly replay: Replay;
  readonly paused: boolean;
  readonly speed: Speed;
  readonly failure: unknown;
}

/** Play a view of the feed from a moment or a place on, until its end. */
export function useReplay(view: FeedView, from: string) {
  const [{ replay, paused, speed, failure }, set] = useState<State>({ replay: NOT_BEGUN, paused: false, speed: "1", failure: null });
  const place = replay.begun ? replay.next : from;
  const wantsPage = failure === null && (!replay.begun || isHungry(replay));
  useEffect(() => {
    if (!wantsPage || place === null) return;
    const stop = new AbortController();
    replayPage(view, place, stop.signal)
      .then((page) => {
        if (!stop.signal.aborted) set((now) => ({ ...now, replay: fed(now.replay, page) }));
      })
      .catch((error: unknown) => {
        if (!stop.signal.aborted) set((now) => ({ ...now, failure: error }));
      });
    return () => stop.abort();
  }, [wantsPage, place, view]);

  const hasNext = replay.queue.length > 0;
  useEffect(() => {
    if (paused || !hasNext) return;
    const { waitMs, count } = nextTurn(replay, speed);
    const timer = setTimeout(() => set((now) => ({ ...now, replay: played(now.replay, count) })), waitMs);
    return () => clearTimeout(timer);
    // Another page that comes does not begin the wait anew.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [paused, hasNext, speed, replay.played]);

  return {
    replay,
    paused,
    speed,
    failure,
    over: isOver(replay),
    setPaused: useCallback((next: boolean) => set((now) => ({ ...now, paused: next })), []),
    setSpeed: useCallback((next: Speed) => set((now) => ({ ...now, speed: next, paused: false })), []),
    step: useCallback(() => set((now) => ({ ...now, paused: true, replay: played(now.replay, 1) })), []),
    retry: useCallback(() => set((now) => ({ ...now, failure: null })), []),
  };
}
