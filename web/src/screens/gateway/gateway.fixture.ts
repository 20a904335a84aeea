import type { GatewayStats, GatewayWindow } from "@/core/gatewayModel";

export const NOW = "2026-01-10T12:00:00.000Z";
const NOW_S = Date.parse(NOW) / 1000;

export function aWindow(part: Partial<GatewayWindow> = {}): GatewayWindow {
  return {
    requests: 600,
    per_s: 2,
    errors: 0,
    error_rate: 0,
    client_errors: 4,
    p50_ms: 1.5,
    p95_ms: 40,
    p99_ms: 90,
    reads: 500,
    hits: 450,
    hit_ratio: 0.9,
    outcomes: { hit: 400, stale: 50, fallback: 0, miss: 40, collapsed: 10, bypass: 0 },
    upstream_calls: 60,
    upstream_failures: 0,
    calls_saved: 540,
    ...part,
  };
}

const NO_WINDOW = aWindow({
  requests: 0,
  per_s: 0,
  error_rate: null,
  client_errors: 0,
  p50_ms: null,
  p95_ms: null,
  p99_ms: null,
  reads: 0,
  hits: 0,
  hit_ratio: null,
  outcomes: { hit: 0, stale: 0, fallback: 0, miss: 0, collapsed: 0, bypass: 0 },
  upstream_calls: 0,
  calls_saved: 0,
});

/** A gateway in good health, with traffic for a minute; a test names only what matters to it. */
export function someStats(part: Partial<GatewayStats> = {}): GatewayStats {
  const t = [60, 50, 40, 30, 20, 10].map((ago) => NOW_S - ago);
  const each = (value: number) => t.map(() => value);
  return {
    now: NOW,
    started_at: "2026-01-10T11:00:00.000Z",
    version: "0.1.0",
    workers: { live: 2, seen: 2 },
    windows: { "1m": aWindow({ per_s: 1 }), "5m": aWindow(), "60m": aWindow({ per_s: 3 }) },
    series: { step_s: 10, t, requests: each(20), errors: each(0), reads: each(10), hits: each(9), upstream_calls: each(2), saved: each(18), p50_ms: each(1.5), p95_ms: each(40) },
    operations: [{ endpoint: "/api/v1/issues", method: "GET", requests: 300, errors: 0, p50_ms: 1, p95_ms: 38, max_ms: 120 }],
    upstream: [{ operation: "GET /api/0/organizations/{organization_id_or_slug}/issues/", calls: 60, failures: 1, p50_ms: 20, p95_ms: 80, max_ms: 150 }],
    breakers: [{ name: "read-issues", state: "closed", since: null, last_failure: null, retry_at: null }],
    quota: [],
    queue: { waited: 0, refused: 0, p95_wait_ms: null },
    flights: { flown: 60, joined: 10 },
    cache: { used_bytes: 1_500_000 },
    listeners: { sockets: 2, streams: 1, waiting: 0, dropped: 0, refused: 0 },
    recent_errors: [],
    suspended: [],
    drift: [],
    deprecations: [],
    slo: {
      window_days: 30,
      since: "2026-01-01T00:00:00.000Z",
      objectives: [
        { name: "latency", title: "", unit: "ms", direction: "below", target: 200, measured: 40, met: true, last_hour: 40, budget: { allowed: 50, spent: 2, left: 48 } },
        { name: "hit_ratio", title: "", unit: "ratio", direction: "above", target: 0.8, measured: null, met: null, last_hour: null, budget: null },
      ],
    },
    tracing: false,
    ...part,
  };
}

/** A gateway that nobody has asked anything yet. */
export function noTraffic(): GatewayStats {
  const { slo } = someStats();
  return someStats({
    windows: { "1m": NO_WINDOW, "5m": NO_WINDOW, "60m": NO_WINDOW },
    series: { step_s: 10, t: [], requests: [], errors: [], reads: [], hits: [], upstream_calls: [], saved: [], p50_ms: [], p95_ms: [] },
    operations: [],
    upstream: [],
    slo: { ...slo, objectives: slo.objectives.map((one) => ({ ...one, measured: null, met: null, last_hour: null, budget: null })) },
  });
}
