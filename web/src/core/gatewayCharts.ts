/**
 * The four charts of the Gateway screen as plain data, and each in a sentence for those who do not see it.
 *
 * A series has the same colour wherever it stands: `tone` names it.
 */

import { counted, exactCount } from "./format";
import { durationWords, rateWords, shareWords } from "./gatewayFigures";
import type { GatewaySeries } from "./gatewayModel";

export type ChartName = "requests" | "latency" | "hits" | "upstream";
/** accent: what the chart is about; quiet: what it is compared with; bad: failures. */
export type Tone = "accent" | "quiet" | "bad";
export type ChartUnit = "per_s" | "ms" | "ratio";

export interface ChartLine {
  readonly label: string;
  readonly tone: Tone;
  readonly filled: boolean;
  readonly values: readonly (number | null)[];
}

export interface ChartData {
  readonly name: ChartName;
  readonly title: string;
  readonly unit: ChartUnit;
  /** When each point began, epoch milliseconds. */
  readonly t: readonly number[];
  readonly lines: readonly ChartLine[];
  /** The top of its axis. */
  readonly top: number;
  readonly threshold: { readonly value: number; readonly label: string } | null;
  readonly summary: string;
}

/** What the objectives promise, drawn as dashed lines. */
export interface Thresholds {
  readonly latencyMs: number | null;
  readonly hitRatio: number | null;
}

/** Steps joined to one point, so that an hour fits a chart and a ratio has something to be a ratio of. */
const JOINED = 3;

interface Point {
  readonly ms: number;
  readonly seconds: number;
  readonly from: number;
  readonly to: number;
}

/** Cut the hour into points of equal length. The step that is still running is left out: it would look like a fall. */
function pointsOf({ t, step_s }: GatewaySeries, nowMs: number): Point[] {
  const span = step_s * JOINED;
  const points: Point[] = [];
  let from = 0;
  while (from < t.length) {
    const slot = Math.floor((t[from] ?? 0) / span);
    let to = from + 1;
    while (to < t.length && Math.floor((t[to] ?? 0) / span) === slot) to += 1;
    const endMs = (slot + 1) * span * 1000;
    if (endMs <= nowMs) points.push({ ms: slot * span * 1000, seconds: span, from, to });
    from = to;
  }
  return points;
}

function total(values: readonly number[], from = 0, to = values.length): number {
  let sum = 0;
  for (let index = from; index < to; index += 1) sum += values[index] ?? 0;
  return sum;
}

/** Percentiles cannot be added; the worst of the joined steps is what a reader looks for. */
function worst(values: readonly (number | null)[], from: number, to: number): number | null {
  const known = values.slice(from, to).filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function peak(values: readonly (number | null)[]): { value: number; at: number } | null {
  let best: { value: number; at: number } | null = null;
  values.forEach((value, at) => {
    if (value !== null && (best === null || value > best.value)) best = { value, at };
  });
  return best;
}

const TOPS = [1, 2, 3, 4, 6, 8, 10];

/** Give the end of an axis that holds `value`: a number whose half is round too, as that is where the middle line stands. */
export function axisTop(value: number): number {
  if (value <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return (TOPS.find((top) => top * unit >= value * 1.02) ?? 20) * unit;
}

const highest = (lines: readonly ChartLine[]): number => Math.max(0, ...lines.map(({ values }) => peak(values)?.value ?? 0));

/** Give the time of day of a moment: "10:16". */
export const clock = (ms: number): string => new Date(ms).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

/** Give the charts of the last hour. */
export function chartsOf(series: GatewaySeries, thresholds: Thresholds, nowMs: number): ChartData[] {
  return plainCharts(series, thresholds, nowMs).map((chart) => ({
    ...chart,
    top: chart.unit === "ratio" ? 1 : axisTop(Math.max(highest(chart.lines), chart.threshold?.value ?? 0)),
  }));
}

function plainCharts(series: GatewaySeries, thresholds: Thresholds, nowMs: number): Omit<ChartData, "top">[] {
  const points = pointsOf(series, nowMs);
  const t = points.map(({ ms }) => ms);
  const rates = (values: readonly number[]) => points.map(({ from, to, seconds }) => total(values, from, to) / seconds);
  const slow = (values: readonly (number | null)[]) => points.map(({ from, to }) => worst(values, from, to));
  const ratio = points.map(({ from, to }) => {
    const reads = total(series.reads, from, to);
    return reads === 0 ? null : total(series.hits, from, to) / reads;
  });
  const requests = rates(series.requests);
  const p95 = slow(series.p95_ms);
  return [
    {
      name: "requests",
      title: "Requests per second",
      unit: "per_s",
      t,
      lines: [
        { label: "Requests", tone: "accent", filled: true, values: requests },
        { label: "Errors", tone: "bad", filled: true, values: rates(series.errors) },
      ],
      threshold: null,
      summary: requestsSummary(series, requests, t),
    },
    {
      name: "latency",
      title: "Latency",
      unit: "ms",
      t,
      lines: [
        { label: "95th percentile", tone: "accent", filled: false, values: p95 },
        { label: "Median", tone: "quiet", filled: false, values: slow(series.p50_ms) },
      ],
      threshold: thresholds.latencyMs === null ? null : { value: thresholds.latencyMs, label: durationWords(thresholds.latencyMs) },
      summary: latencySummary(p95, t, thresholds.latencyMs),
    },
    {
      name: "hits",
      title: "Answered from the stores",
      unit: "ratio",
      t,
      lines: [{ label: "Hit ratio", tone: "accent", filled: true, values: ratio }],
      threshold: thresholds.hitRatio === null ? null : { value: thresholds.hitRatio, label: shareWords(thresholds.hitRatio) },
      summary: hitsSummary(series, thresholds.hitRatio),
    },
    {
      name: "upstream",
      title: "Calls to Sentry per second",
      unit: "per_s",
      t,
      lines: [
        { label: "Saved", tone: "accent", filled: true, values: rates(series.saved) },
        { label: "Made", tone: "quiet", filled: false, values: rates(series.upstream_calls) },
      ],
      threshold: null,
      summary: upstreamSummary(series),
    },
  ];
}

const NOTHING = "Nothing was asked in the last hour.";

function requestsSummary(series: GatewaySeries, rates: readonly number[], t: readonly number[]): string {
  const all = total(series.requests);
  if (all === 0) return NOTHING;
  const errors = total(series.errors);
  const most = peak(rates);
  const height = most === null || most.value === 0 ? "" : `, at most ${rateWords(most.value)} a second at ${clock(t[most.at] ?? 0)}`;
  return `${counted(all, "request")}${height}. ${errors === 0 ? "No errors." : `${counted(errors, "error")}.`}`;
}

function latencySummary(p95: readonly (number | null)[], t: readonly number[], limit: number | null): string {
  const most = peak(p95);
  if (most === null) return "Nothing was measured in the last hour.";
  const slowest = `The slowest half minute had a 95th percentile of ${durationWords(most.value)} at ${clock(t[most.at] ?? 0)}.`;
  if (limit === null) return slowest;
  const over = p95.filter((value) => value !== null && value > limit).length;
  return over === 0 ? `${slowest} All stayed under ${durationWords(limit)}.` : `${slowest} ${counted(over, "half minute")} went over ${durationWords(limit)}.`;
}

function hitsSummary(series: GatewaySeries, goal: number | null): string {
  const reads = total(series.reads);
  if (reads === 0) return "Nothing that can be stored was read in the last hour.";
  const ratio = total(series.hits) / reads;
  const against = goal === null ? "" : ratio >= goal ? `, over the goal of ${shareWords(goal)}` : `, under the goal of ${shareWords(goal)}`;
  return `${shareWords(ratio)} of ${counted(reads, "read")} did not wait for Sentry${against}.`;
}

function upstreamSummary(series: GatewaySeries): string {
  const made = total(series.upstream_calls);
  const saved = total(series.saved);
  if (made + saved === 0) return "Sentry was not needed in the last hour.";
  return `Sentry got ${counted(made, "call")}; ${exactCount(saved)} more were saved.`;
}
