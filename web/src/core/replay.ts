/** The feed played anew: events in their order, as fast as they came or faster, from a place in the log to its end. */

import { epochMs } from "./format";
import { type EventRow, type FeedPage, type FeedRow, MOST_ROWS } from "./feedList";

export const SPEEDS = ["1", "10", "all"] as const;
export type Speed = (typeof SPEEDS)[number];

/** However long nothing happened, the reader waits no longer than this. */
export const LONGEST_WAIT_MS = 4_000;

export interface Replay {
  /** What is to be played next, in order. */
  readonly queue: readonly FeedRow[];
  /** What has been played, the newest first. */
  readonly played: readonly FeedRow[];
  readonly count: number;
  /** Where the page after the queue is; null once all is read. */
  readonly next: string | null;
  /** Whether the first page has come. */
  readonly begun: boolean;
}

export const NOT_BEGUN: Replay = { queue: [], played: [], count: 0, next: null, begun: false };

/** Whether the next page is needed soon. */
export const isHungry = (replay: Replay): boolean => replay.next !== null && replay.queue.length < 50;

/** Whether everything has been played. */
export const isOver = (replay: Replay): boolean => replay.begun && replay.queue.length === 0 && replay.next === null;

/** Add the page that follows. */
export function fed(replay: Replay, page: FeedPage): Replay {
  return { ...replay, begun: true, next: page.next, queue: [...replay.queue, ...gapOf(page), ...page.rows] };
}

function gapOf(page: FeedPage): readonly FeedRow[] {
  if (page.missing === null) return [];
  const position = { epoch: page.epoch, offset: (page.rows[0]?.position.offset ?? page.newest + 1) - 1 };
  return [{ kind: "gap", id: `gap ${page.epoch}:${position.offset}`, position, why: page.missing, lost: null }];
}

/** Play so many of what is next. */
export function played(replay: Replay, count: number): Replay {
  const now = replay.queue.slice(0, count);
  if (now.length === 0) return replay;
  return {
    ...replay,
    queue: replay.queue.slice(now.length),
    played: [...now.toReversed(), ...replay.played].slice(0, MOST_ROWS),
    count: replay.count + now.filter(({ kind }) => kind === "event").length,
  };
}

/** Give when the event was that was played last, or the one that is next; null when neither says. */
export function clockOf(replay: Replay): number | null {
  const row = replay.played.find(isEvent) ?? replay.queue.find(isEvent);
  return row === undefined ? null : epochMs(row.event.at);
}

/** Give how long until the next event, and how many come then: what happened at nearly the same moment comes together. */
export function nextTurn(replay: Replay, speed: Speed): { waitMs: number; count: number } {
  if (speed === "all") return { waitMs: 0, count: replay.queue.length };
  const factor = Number(speed);
  const before = replay.played[0] === undefined ? null : clockOf(replay);
  const first = atOf(replay.queue[0]);
  const waitMs = before === null || first === null ? 0 : Math.min(Math.max((first - before) / factor, 0), LONGEST_WAIT_MS);
  let count = 1;
  // Ticks shorter than the eye can follow cost more than they show.
  for (let at = atOf(replay.queue[1]); at !== null && first !== null && (at - first) / factor < 30 && count < replay.queue.length; at = atOf(replay.queue[count])) count += 1;
  return { waitMs, count };
}

const isEvent = (row: FeedRow): row is EventRow => row.kind === "event";

const atOf = (row: FeedRow | undefined): number | null => (row?.kind === "event" ? epochMs(row.event.at) : null);
