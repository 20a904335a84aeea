/** What the gateway's states mean, in words for people. */

import { counted, epochMs, shortSpan } from "./format";
import { measureWords } from "./gatewayFigures";
import type { Breaker, BreakerState, GatewayStats, Objective, Outcome, Quota, RecentError, Suspended, WindowName } from "./gatewayModel";

const WINDOW_WORDS: Record<WindowName, { short: string; long: string }> = {
  "1m": { short: "1 min", long: "the last minute" },
  "5m": { short: "5 min", long: "the last 5 minutes" },
  "60m": { short: "60 min", long: "the last hour" },
};

export const windowWord = (name: WindowName): string => WINDOW_WORDS[name].short;
export const windowWords = (name: WindowName): string => WINDOW_WORDS[name].long;

/** In the order in which a reader wants them: first those that did not wait for Sentry. */
export const OUTCOMES: readonly { name: Outcome; label: string }[] = [
  { name: "hit", label: "Stored and fresh" },
  { name: "stale", label: "Stored, refreshed behind" },
  { name: "fallback", label: "Old, as Sentry did not answer" },
  { name: "collapsed", label: "From a call that another began" },
  { name: "miss", label: "From Sentry" },
  { name: "bypass", label: "From Sentry, never stored" },
];

const BREAKER_WORDS: Record<BreakerState, string> = {
  closed: "Calls go through",
  half_open: "Trying one call",
  open: "Held back",
};

export const breakerWord = (state: BreakerState): string => BREAKER_WORDS[state];

const CALLS: Partial<Record<string, string>> = {
  "read-issues": "Reading issues",
  "read-events": "Reading events",
  "read-stats": "Reading statistics",
  "read-other": "Other reads",
  write: "Changes",
};

export const callsWord = (breaker: string): string => CALLS[breaker] ?? breaker;

/** Give when a breaker tries next: "in 12 s". Null when it does not hold anything back. */
export function probeWords(breaker: Breaker, nowMs: number): string | null {
  const at = epochMs(breaker.retry_at);
  if (breaker.state === "closed" || at === null) return null;
  return aheadWords(at, nowMs);
}

/** Give a moment ahead: "in 12 s", or "with the next call" once it has come. */
export function aheadWords(atMs: number, nowMs: number): string {
  const seconds = Math.ceil((atMs - nowMs) / 1000);
  return seconds <= 0 ? "with the next call" : `in ${shortSpan(seconds)}`;
}

/** Give when a quota is whole again: "in 12 s", or "has reset" when that moment has passed. */
export function resetWords(quota: Quota, nowMs: number): string | null {
  const at = epochMs(quota.resets_at);
  if (at === null) return null;
  return at <= nowMs ? "has reset" : `resets ${aheadWords(at, nowMs)}`;
}

/** Give the share of a quota that is left, or null where the limit is not known. */
export function leftOf(quota: Quota): number | null {
  if (quota.limit === null || quota.remaining === null || quota.limit <= 0) return null;
  return Math.min(1, Math.max(0, quota.remaining / quota.limit));
}

const KINDS: Record<RecentError["kind"], string> = {
  answer: "Answer",
  sentry: "Sentry",
  refresh: "Refresh behind",
  browser: "Browser",
};

export const kindWord = (kind: RecentError["kind"]): string => KINDS[kind];

const PROMISES: Record<string, string> = {
  "fresh-after-writes": "a change shows everywhere at once",
  "shared-quota": "all processes together keep within Sentry's quota",
  "shared-breakers": "all processes together leave alone what fails at Sentry",
};

/** Give a promise in words; one that is not known here goes by its name. */
export const promiseWord = (promise: string): string => PROMISES[promise] ?? promise;

/** Give what can be done about a promise that does not hold. */
export function remedyOf({ promise, why }: Suspended): string {
  const said = `${promise} ${why}`.toLowerCase();
  if (/redis|valkey/.test(said)) return "Bring Redis back, or check DEXTER_REDIS_URL. The promise holds again by itself once Redis answers.";
  if (/disk|sqlite|database/.test(said)) return "Check that the folder of DEXTER_DATA_DIR can be written and has room. The promise holds again by itself after that.";
  return "It holds again by itself once the cause is gone. The gateway's log says more.";
}

const OBJECTIVES: Record<Objective["name"], string> = {
  latency: "Latency, 95th percentile",
  errors: "Error rate",
  hit_ratio: "Answered from the stores",
  coverage: "Sentry's API covered",
};

export const objectiveWord = (name: Objective["name"]): string => OBJECTIVES[name];

/** Give what an objective wants: "below 200 ms". */
export const targetWords = ({ direction, target, unit }: Objective): string => `${direction} ${measureWords(target, unit)}`;

export function metWord(met: boolean | null): string {
  if (met === null) return "Too little traffic to tell";
  return met ? "Met" : "Missed";
}

/** Give the share of an error budget that is left, at most 1 and below 0 when overspent; null where nothing was spent or allowed. */
export function budgetLeft({ budget }: Pick<Objective, "budget">): number | null {
  if (budget === null || budget.allowed <= 0) return null;
  return Math.min(1, budget.left / budget.allowed);
}

/** Give an error budget in words: "96 % of the budget left", "Overspent: 235 misses where 68 are allowed". */
export function budgetWords(objective: Pick<Objective, "budget">): string | null {
  const { budget } = objective;
  const left = budgetLeft(objective);
  if (budget === null || left === null) return null;
  const misses = counted(Math.round(budget.spent), "miss", "misses");
  const allowed = Math.floor(budget.allowed).toLocaleString("en-US");
  if (left < 0) return `Budget overspent: ${misses}, ${allowed} allowed`;
  return `${Math.floor(left * 100)} % of the budget left: ${misses}, ${allowed} allowed`;
}

/** Give how long something has lasted: "for 3 min". */
export function lastingWords(since: string | null, nowMs: number): string | null {
  const ms = epochMs(since);
  return ms === null ? null : `for ${shortSpan((nowMs - ms) / 1000)}`;
}

/** The same as a sentence: "So for 3 min". */
export function lastedWords(since: string, nowMs: number): string | null {
  const lasting = lastingWords(since, nowMs);
  return lasting === null ? null : `So ${lasting}`;
}

/** Give how many listen to the feed, and how many could not: "3 listeners, 1 too slow". */
export function listenersWords({ sockets, streams, dropped, refused }: GatewayStats["listeners"]): string {
  const trouble = [...(dropped > 0 ? [`${dropped} too slow`] : []), ...(refused > 0 ? [`${refused} turned away`] : [])];
  return [counted(sockets + streams, "listener"), ...trouble].join(", ");
}

/** Give how many processes these figures are of: "2 workers, 1 lost". */
export function workersWords({ live, seen }: { live: number; seen: number }): string {
  const lost = seen - live;
  return lost <= 0 ? counted(live, "worker") : `${counted(live, "worker")}, ${lost} lost`;
}


/** Give an address template short enough for a column. */
export const templateWords = (template: string): string => template.replaceAll("{organization_id_or_slug}", "{org}").replaceAll("{project_id_or_slug}", "{project}");

/** Give when an operation ends: "Ends on 1 Jan 2027, in 5 wk", "Ended on 1 Jan 2026", "No date given". */
export function sunsetWords(sunset: string | null, nowMs: number): string {
  const ms = epochMs(sunset);
  if (ms === null) return "Deprecated, no date given";
  const day = new Date(ms).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
  return ms <= nowMs ? `Ended on ${day}` : `Ends on ${day}, ${aheadWords(ms, nowMs)}`;
}

const STATUS_WORDS: Partial<Record<number, string>> = {
  500: "Dexter made a mistake",
  502: "Sentry's answer was of no use",
  503: "Sentry could not be asked",
  504: "Sentry did not answer in time",
};

const ERROR_WORDS: Partial<Record<string, string>> = {
  CircuitOpen: "Held back by a circuit breaker",
  Unreachable: "Sentry could not be reached",
  TimedOut: "Sentry did not answer in time",
  Garbled: "Sentry's answer was of no use",
  RateLimited: "Sentry's quota is used up",
  NotInThisSentry: "This Sentry has no such operation",
};

/** Give what went wrong: the error in words where they are known, else its name, else what its status means. */
export function failureWords({ error, status }: Pick<RecentError, "error" | "status">): string {
  const said = error === null ? "" : (ERROR_WORDS[error] ?? error);
  if (status === null) return said === "" ? "Failed" : said;
  return `${status} ${said === "" ? (STATUS_WORDS[status] ?? "") : said}`.trim();
}

/** Give why a breaker opened: "Sentry answered 503". */
export function lastFailureWords(failure: string | null): string | null {
  const status = /^status (\d{3})$/.exec(failure ?? "")?.[1];
  return status === undefined ? failure : `Sentry answered ${status}`;
}

/** Give whose quota a bucket is and of which calls: "Dexter's token, GET". */
export function bucketWords(bucket: string): string {
  const [, whose, method] = /^(service|token) ([A-Z]+)\b/.exec(bucket) ?? [];
  if (whose === undefined || method === undefined) return bucket;
  return `${whose === "service" ? "Dexter's token" : "Callers' own tokens"}, ${method}`;
}
