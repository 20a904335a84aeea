import type { ReactNode } from "react";

import { counted, exactCount } from "@/core/format";
import { durationWords, rateWords, shareWords } from "@/core/gatewayFigures";
import type { GatewayWindow, Objective, WindowName } from "@/core/gatewayModel";
import { windowWords } from "@/core/gatewayWords";

import classes from "./gateway.module.css";

interface Props {
  window: GatewayWindow;
  name: WindowName;
  objectives: readonly Objective[];
}

/** The figures of the chosen window; those that miss an objective say so. */
export function Figures({ window, name, objectives }: Props) {
  const goal = (wanted: Objective["name"]) => objectives.find((one) => one.name === wanted)?.target ?? null;
  const errors = goal("errors");
  const latency = goal("latency");
  const hits = goal("hit_ratio");
  const wanted = window.upstream_calls + window.calls_saved;
  return (
    <dl className={classes.figures} aria-label={`Figures of ${windowWords(name)}`}>
      <Figure label="Requests" value={rateWords(window.per_s)} unit="/s" note={`${exactCount(window.requests)} in all`} />
      <Figure
        label="Error rate"
        value={shareWords(window.error_rate)}
        note={`${counted(window.errors, "error")}, ${exactCount(window.client_errors)} refused`}
        missed={over(window.error_rate, errors) ? `over ${shareWords(errors)}` : null}
      />
      <Figure label="Median" value={durationWords(window.p50_ms)} note="half are faster" />
      <Figure
        label="95th percentile"
        value={durationWords(window.p95_ms)}
        note={latency === null ? "" : `goal ${durationWords(latency)}`}
        missed={over(window.p95_ms, latency) ? `over ${durationWords(latency)}` : null}
      />
      <Figure label="99th percentile" value={durationWords(window.p99_ms)} note="1 in 100 is slower" />
      <Figure
        label="Hit ratio"
        value={shareWords(window.hit_ratio)}
        note={`${exactCount(window.hits)} of ${counted(window.reads, "read")}`}
        missed={over(hits, window.hit_ratio) ? `under ${shareWords(hits)}` : null}
      />
      <Figure label="Calls to Sentry" value={exactCount(window.upstream_calls)} note={`${exactCount(window.upstream_failures)} failed`} />
      <Figure label="Calls saved" value={exactCount(window.calls_saved)} note={wanted === 0 ? "none was needed" : `${shareWords(window.calls_saved / wanted)} of those wanted`} />
    </dl>
  );
}

const over = (value: number | null, limit: number | null): boolean => value !== null && limit !== null && value > limit;

function Figure({ label, value, unit, note, missed = null }: { label: string; value: string; unit?: string; note: ReactNode; missed?: string | null }) {
  return (
    <div data-missed={missed !== null || undefined}>
      <dt>{label}</dt>
      <dd className={classes.figure}>
        {value}
        {unit !== undefined && <span>{unit}</span>}
      </dd>
      <dd className={classes.figureNote}>
        {missed !== null && <strong>{missed}, </strong>}
        {note}
      </dd>
    </div>
  );
}
