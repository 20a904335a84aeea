import { describe, expect, it } from "vitest";

import { gatewayAddressOf, readGatewayAddress, windowOf } from "./gatewayAddress";
import { axisTop, chartsOf } from "./gatewayCharts";
import { bytesWords, durationWords, rateWords, shareWords } from "./gatewayFigures";
import type { GatewaySeries } from "./gatewayModel";
import { bucketWords, budgetLeft, budgetWords, failureWords, leftOf, listenersWords, probeWords, remedyOf, resetWords, sunsetWords, templateWords, workersWords } from "./gatewayWords";

const NOW = Date.parse("2026-01-10T12:00:00Z");
const iso = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();

describe("figures", () => {
  // 99.96 % of a month is not all of it, and one error in a million is not none.
  it.each([
    [null, "–"],
    [0, "0 %"],
    [0.000001, "<0.01 %"],
    [0.0004, "0.04 %"],
    [0.001, "0.1 %"],
    [0.3088, "30.8 %"],
    [0.8, "80 %"],
    [0.9996, "99.96 %"],
    [0.99999, ">99.99 %"],
    [1, "100 %"],
    [0.29, "29 %"],
  ])("the share %s is %s", (ratio, words) => expect(shareWords(ratio)).toBe(words));

  it.each([
    [null, "–"],
    [0.544, "0.54 ms"],
    [34.64, "34.6 ms"],
    [132.4, "132 ms"],
    [1240, "1.2 s"],
    [30_000, "30 s"],
  ])("%s ms are %s", (ms, words) => expect(durationWords(ms)).toBe(words));

  it.each([
    [0, "0"],
    [0.004, "<0.01"],
    [0.131, "0.13"],
    [7.883, "7.9"],
    [1204.4, "1,204"],
  ])("%s a second is %s", (rate, words) => expect(rateWords(rate)).toBe(words));

  it("counts memory in the units of the trade", () => {
    expect([512, 812_000, 1_250_000, 3e9].map(bytesWords)).toEqual(["512 B", "812 kB", "1.3 MB", "3 GB"]);
  });
});

describe("words", () => {
  it.each([
    [{ state: "closed", retry_at: null }, null],
    [{ state: "closed", retry_at: iso(9) }, null],
    [{ state: "open", retry_at: iso(12) }, "in 12 s"],
    // Time goes by without a call: the breaker tries only when somebody wants something.
    [{ state: "open", retry_at: iso(-3) }, "with the next call"],
  ] as const)("a breaker %j tries %s", (part, words) => {
    expect(probeWords({ name: "write", since: null, last_failure: null, ...part }, NOW)).toBe(words);
  });

  it("says of a quota what is left and when it resets", () => {
    const quota = { bucket: "b", limit: 40, remaining: 10, resets_at: iso(5), concurrent_limit: null, learned_at: iso(0) };
    expect([leftOf(quota), resetWords(quota, NOW)]).toEqual([0.25, "resets in 5 s"]);
    expect(leftOf({ ...quota, remaining: null })).toBeNull();
    expect(leftOf({ ...quota, remaining: 90 })).toBe(1);
    expect(resetWords({ ...quota, resets_at: iso(-5) }, NOW)).toBe("has reset");
    expect(["service GET 40", "token PUT 7", "other"].map(bucketWords)).toEqual(["Dexter's token, GET", "Callers' own tokens, PUT", "other"]);
  });

  it("tells how much of a budget is left, or how far it is overspent", () => {
    const budget = (allowed: number, spent: number) => ({ budget: { allowed, spent, left: allowed - spent } });
    expect(budgetWords(budget(50, 2))).toBe("96 % of the budget left: 2 misses, 50 allowed");
    expect(budgetWords(budget(68, 235))).toBe("Budget overspent: 235 misses, 68 allowed");
    expect(budgetLeft(budget(68, 235))).toBeLessThan(0);
    expect([budgetWords({ budget: null }), budgetWords(budget(0, 0))]).toEqual([null, null]);
  });

  it("names the move that brings a promise back", () => {
    const suspended = (why: string) => ({ promise: "p", since: iso(0), why });
    expect(remedyOf(suspended("Redis is away"))).toContain("DEXTER_REDIS_URL");
    expect(remedyOf(suspended("the disk is full"))).toContain("DEXTER_DATA_DIR");
    expect(remedyOf(suspended("the moon"))).toContain("log");
  });

  it("says what failed, by name or by status", () => {
    expect(failureWords({ status: 503, error: null })).toBe("503 Sentry could not be asked");
    expect(failureWords({ status: null, error: "CircuitOpen" })).toBe("Held back by a circuit breaker");
    expect(failureWords({ status: 500, error: "KeyError" })).toBe("500 KeyError");
    expect(failureWords({ status: null, error: null })).toBe("Failed");
  });

  it("says the rest in words too", () => {
    expect([workersWords({ live: 1, seen: 1 }), workersWords({ live: 3, seen: 4 })]).toEqual(["1 worker", "3 workers, 1 lost"]);
    const listeners = { sockets: 1, streams: 0, waiting: 0, dropped: 0, refused: 0 };
    expect([listenersWords(listeners), listenersWords({ ...listeners, streams: 2, dropped: 3, refused: 4 })]).toEqual(["1 listener", "3 listeners, 3 too slow, 4 turned away"]);
    expect(templateWords("/api/0/organizations/{organization_id_or_slug}/issues/")).toBe("/api/0/organizations/{org}/issues/");
    expect([sunsetWords(null, NOW), sunsetWords("2025-12-24T00:00:00Z", NOW)]).toEqual(["Deprecated, no date given", "Ended on 24 Dec 2025"]);
  });
});

describe("the address", () => {
  // A mangled address shows the usual window, never an error.
  it.each([
    [{}, "5m"],
    [{ window: "60m" }, "60m"],
    [{ window: "7d" }, "5m"],
    [{ window: ["1m"] }, "5m"],
  ])("%j shows %s", (search, window) => expect(windowOf(readGatewayAddress(search))).toBe(window));

  it("stays short", () => expect([gatewayAddressOf("5m"), gatewayAddressOf("1m")]).toEqual([{}, { window: "1m" }]));
});

describe("charts", () => {
  const start = NOW / 1000 - 90;
  const series: GatewaySeries = {
    step_s: 10,
    t: [0, 10, 20, 30, 40, 50, 60, 70, 80, 90].map((at) => start + at),
    requests: [30, 30, 30, 0, 0, 0, 60, 0, 0, 99],
    errors: [0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
    reads: [10, 10, 0, 0, 0, 0, 10, 0, 0, 0],
    hits: [10, 5, 0, 0, 0, 0, 0, 0, 0, 0],
    upstream_calls: [3, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    saved: [12, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    p50_ms: [1, 2, null, null, null, null, 3, null, null, null],
    p95_ms: [10, 250, null, null, null, null, 30, null, null, null],
  };
  const charts = chartsOf(series, { latencyMs: 200, hitRatio: 0.8 }, NOW);
  const lines = (at: number) => charts[at]?.lines.map(({ values }) => values);

  // The step that still runs has seen little yet: drawn, every chart would end in a fall.
  it("joins steps into half minutes and leaves out the one still running", () => {
    expect(charts[0]?.t.map((ms) => (ms - start * 1000) / 1000)).toEqual([0, 30, 60]);
    expect(lines(0)).toEqual([
      [3, 0, 2],
      [1 / 30, 0, 0],
    ]);
  });

  // A half minute without traffic has no latency and no ratio; zero would be a lie.
  it("has gaps where nothing was measured", () => {
    expect(lines(1)?.[0]).toEqual([250, null, 30]);
    expect(lines(2)?.[0]).toEqual([0.75, null, 0]);
  });

  it("says each chart in a sentence", () => {
    expect(charts.map(({ summary }) => summary.replaceAll(/\d\d:\d\d/g, "hh:mm"))).toEqual([
      "249 requests, at most 3 a second at hh:mm. 1 error.",
      "The slowest half minute had a 95th percentile of 250 ms at hh:mm. 1 half minute went over 200 ms.",
      "50 % of 30 reads did not wait for Sentry, under the goal of 80 %.",
      "Sentry got 3 calls; 12 more were saved.",
    ]);
  });

  it("says so when nothing was asked", () => {
    const none = { step_s: 10, t: [], requests: [], errors: [], reads: [], hits: [], upstream_calls: [], saved: [], p50_ms: [], p95_ms: [] };
    expect(chartsOf(none, { latencyMs: null, hitRatio: null }, NOW).map(({ summary }) => summary)).toEqual([
      "Nothing was asked in the last hour.",
      "Nothing was measured in the last hour.",
      "Nothing that can be stored was read in the last hour.",
      "Sentry was not needed in the last hour.",
    ]);
  });

  it.each([
    [0, 1],
    [18.3, 20],
    [24, 30],
    [230, 300],
    [0.07, 0.08],
    [1, 2],
  ])("an axis for %s ends at %s", (value, top) => expect(axisTop(value)).toBeCloseTo(top));
});
