/** What the Gateway screen reads of `GET /api/v1/gateway/stats`. None of it is invented: null says that nothing was counted. */

export const WINDOWS = ["1m", "5m", "60m"] as const;
export type WindowName = (typeof WINDOWS)[number];

export interface GatewayWindow {
  requests: number;
  per_s: number;
  errors: number;
  error_rate: number | null;
  client_errors: number;
  p50_ms: number | null;
  p95_ms: number | null;
  p99_ms: number | null;
  reads: number;
  hits: number;
  hit_ratio: number | null;
  outcomes: Record<Outcome, number>;
  upstream_calls: number;
  upstream_failures: number;
  calls_saved: number;
}

export type Outcome = "hit" | "stale" | "fallback" | "miss" | "collapsed" | "bypass";

/** The last hour in columns of equal length, oldest first; `t` is when a step began, in epoch seconds. */
export interface GatewaySeries {
  step_s: number;
  t: number[];
  requests: number[];
  errors: number[];
  reads: number[];
  hits: number[];
  upstream_calls: number[];
  saved: number[];
  p50_ms: (number | null)[];
  p95_ms: (number | null)[];
}

export interface AnsweredOperation {
  endpoint: string;
  method: string;
  requests: number;
  errors: number;
  p50_ms: number;
  p95_ms: number;
  max_ms: number;
}

export interface AskedOperation {
  operation: string;
  calls: number;
  failures: number;
  p50_ms: number;
  p95_ms: number;
  max_ms: number;
}

export type BreakerState = "closed" | "half_open" | "open";

export interface Breaker {
  name: string;
  state: BreakerState;
  since: string | null;
  last_failure: string | null;
  retry_at: string | null;
}

export interface Quota {
  bucket: string;
  limit: number | null;
  remaining: number | null;
  resets_at: string | null;
  concurrent_limit: number | null;
  learned_at: string;
}

export interface RecentError {
  at: string;
  kind: "answer" | "sentry" | "refresh" | "browser";
  endpoint: string;
  method: string;
  status: number | null;
  error: string | null;
  duration_ms: number | null;
  request_id: string;
  trace_id: string;
}

export interface Suspended {
  promise: string;
  since: string;
  why: string;
}

export interface Drift {
  operation: string;
  what: string;
  count: number;
  last_seen: string;
}

export interface Deprecation {
  operation: string;
  sunset: string | null;
  count: number;
  last_seen: string;
}

/** Misses that the window of an objective allows, had, and has left; overspent is negative. */
export interface Budget {
  allowed: number;
  spent: number;
  left: number;
}

export interface Objective {
  name: "latency" | "errors" | "hit_ratio" | "coverage";
  title: string;
  unit: "ms" | "ratio";
  direction: "below" | "above";
  target: number;
  measured: number | null;
  met: boolean | null;
  last_hour: number | null;
  budget: Budget | null;
}

export interface GatewayStats {
  now: string;
  started_at: string;
  version: string;
  workers: { live: number; seen: number };
  windows: Record<WindowName, GatewayWindow>;
  series: GatewaySeries;
  operations: AnsweredOperation[];
  upstream: AskedOperation[];
  breakers: Breaker[];
  quota: Quota[];
  queue: { waited: number; refused: number; p95_wait_ms: number | null };
  flights: { flown: number; joined: number };
  cache: { used_bytes: number };
  listeners: { sockets: number; streams: number; waiting: number; dropped: number; refused: number };
  recent_errors: RecentError[];
  suspended: Suspended[];
  drift: Drift[];
  deprecations: Deprecation[];
  slo: { window_days: number; since: string | null; objectives: Objective[] };
  tracing: boolean;
}
