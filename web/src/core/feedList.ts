/** The rows of the feed as the reader has them: the newest first, what waits to be shown, and what is gone. */

import { asObject } from "./event/json";
import { type FeedEvent, type Position, readFeedEvent } from "./feed";

/** So many rows are kept, and so many wait; what lies further back is read again when it is wanted. */
export const MOST_ROWS = 2_000;

export interface EventRow {
  readonly kind: "event";
  readonly id: string;
  readonly position: Position;
  readonly event: FeedEvent;
}

/** What happened here is not in the log any more. */
export interface GapRow {
  readonly kind: "gap";
  readonly id: string;
  readonly position: Position;
  readonly why: string;
  /** How many events the log has lost here, of all kinds, where that can be said. */
  readonly lost: number | null;
}

export type FeedRow = EventRow | GapRow;

/** What the live connection tells: an event with its place, or that something is missing before a place. */
export type FeedNews = { readonly kind: "event"; readonly position: Position; readonly event: FeedEvent } | { readonly kind: "gap"; readonly position: Position; readonly why: string };

/** A page as the gateway gives it. */
export interface FeedPage {
  readonly rows: readonly EventRow[];
  readonly next: string | null;
  readonly epoch: string;
  readonly oldest: number;
  readonly newest: number;
  readonly missing: string | null;
}

export interface FeedList {
  /** What is shown, the newest first. */
  readonly rows: readonly FeedRow[];
  /** What has come since, the newest first; it is shown when the reader wants it. */
  readonly waiting: readonly FeedRow[];
  /** How many events have come since, also of those that wait no more. */
  readonly arrived: number;
  /** Everything up to here is known. */
  readonly known: Position;
  /** Where older events are, or null at the end. */
  readonly older: string | null;
  /** Whether the log once went further back than it does now. */
  readonly trimmed: boolean;
}

export const placeText = ({ epoch, offset }: Position): string => `${epoch}:${offset}`;

/** Give the place just before a row, from which on it is the first that is told. */
export const placeBefore = ({ position }: FeedRow): string => placeText({ ...position, offset: Math.max(0, position.offset - 1) });

const rowOf = (position: Position, event: FeedEvent): EventRow => ({ kind: "event", id: placeText(position), position, event });

const gapAt = (position: Position, why: string, lost: number | null): GapRow => ({ kind: "gap", id: `gap ${placeText(position)}`, position, why, lost });

/** Read a page; what is no event is left out. */
export function readFeedPage(body: unknown): FeedPage {
  const { data, pagination, meta } = asObject(body);
  const { epoch, oldest, newest, missing } = asObject(meta);
  const next = asObject(asObject(pagination)["next"])["cursor"];
  const told = Array.isArray(data) ? data.map(readFeedEvent) : [];
  return {
    rows: told.flatMap((each) => (each === null ? [] : [rowOf(each.position, each.event)])),
    next: typeof next === "string" ? next : null,
    epoch: typeof epoch === "string" ? epoch : "",
    oldest: typeof oldest === "number" ? oldest : 0,
    newest: typeof newest === "number" ? newest : 0,
    missing: typeof missing === "string" ? missing : null,
  };
}

/** Begin with the newest page. */
export function listOf(page: FeedPage): FeedList {
  return {
    rows: page.rows.slice(0, MOST_ROWS),
    waiting: [],
    arrived: 0,
    known: { epoch: page.epoch, offset: page.newest },
    older: page.next,
    trimmed: page.oldest > 1,
  };
}

/** Add a page of older events. */
export function withOlder(list: FeedList, page: FeedPage): FeedList {
  const last = list.rows.at(-1);
  if (page.missing !== null) {
    // The log has begun anew since: of what was before nothing is left.
    const gap = last === undefined ? [] : [gapAt({ ...last.position, offset: last.position.offset - 1 }, page.missing, null)];
    return { ...list, rows: [...list.rows, ...gap], older: null, trimmed: true };
  }
  const known = new Set(list.rows.map(({ id }) => id));
  return kept({ ...list, rows: [...list.rows, ...page.rows.filter(({ id }) => !known.has(id))], older: page.next, trimmed: page.oldest > 1 });
}

/** Let what has come wait, once each; `fits` says which events are asked for. */
export function heard(list: FeedList, news: readonly FeedNews[], fits: (event: FeedEvent) => boolean): FeedList {
  let { known, rows, waiting } = list;
  let came: FeedRow[] = [];
  for (const each of news) {
    const { position } = each;
    if (each.kind === "gap") {
      // What is said to be missing may be known here, from the page that was read.
      if (position.epoch === known.epoch && position.offset <= known.offset && each.why !== "ahead") continue;
      if (each.why === "ahead") [rows, waiting, came] = [rows, waiting, came].map((some) => outlived(some, position)) as [FeedRow[], FeedRow[], FeedRow[]];
      came.push(gapAt(position, each.why, position.epoch === known.epoch && position.offset > known.offset ? position.offset - known.offset : null));
    } else {
      if (position.epoch === known.epoch && position.offset <= known.offset) continue;
      if (fits(each.event)) came.push(rowOf(position, each.event));
    }
    known = position;
  }
  if (known === list.known) return list;
  const events = came.filter(({ kind }) => kind === "event").length;
  return { ...list, known, rows, waiting: came.length === 0 ? waiting : [...came.reverse(), ...waiting].slice(0, MOST_ROWS), arrived: list.arrived + events };
}

/** Name anew what the log has lost of its end, since what comes next is given the same places. */
const outlived = (rows: readonly FeedRow[], { epoch, offset }: Position): FeedRow[] =>
  rows.map((row) => (row.position.epoch === epoch && row.position.offset > offset ? { ...row, id: `lost ${row.id}` } : row));

/** Make news of a page that was read in order from a place on. */
export function newsOf(page: FeedPage): readonly FeedNews[] {
  const events = page.rows.map(({ position, event }): FeedNews => ({ kind: "event", position, event }));
  if (page.missing === null) return events;
  const first = page.rows[0]?.position.offset ?? page.newest + 1;
  return [{ kind: "gap", position: { epoch: page.epoch, offset: first - 1 }, why: page.missing }, ...events];
}

/** Show what waits. */
export function shown(list: FeedList): FeedList {
  if (list.waiting.length === 0) return list;
  return kept({ ...list, rows: [...list.waiting, ...list.rows], waiting: [], arrived: 0 });
}

/** Keep the newest rows; those that go are older ones again. */
function kept(list: FeedList): FeedList {
  const last = list.rows[MOST_ROWS - 1];
  if (list.rows.length <= MOST_ROWS || last === undefined) return list;
  return { ...list, rows: list.rows.slice(0, MOST_ROWS), older: placeText(last.position) };
}

/** Whether no more rows fit: the older ones begin a list of their own. */
export const isFull = (list: FeedList): boolean => list.rows.length >= MOST_ROWS;
