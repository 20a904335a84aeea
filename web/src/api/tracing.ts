/**
 * The trace of the screen on view, and the spans that wait to be told to the gateway.
 *
 * Every request carries the visit's trace, so that the gateway's spans and log lines join it. Spans of our own are kept
 * only until it is known that nobody collects them.
 */

import { beginVisit, keepSpan, newSpanId, type RandomBytes, requestSpan, type Span, traceparent, type Visit, visitSpan } from "@/core/trace";

const random: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));

let visit: Visit = beginVisit("Start", Date.now(), random);
let waiting: readonly Span[] = [];
let collected = true;

/** Begin a new trace: the reader has come to another screen. */
export function visitScreen(screen: string): void {
  keep(visitSpan(visit, Date.now()));
  visit = beginVisit(screen, Date.now(), random);
}

export const currentVisit = (): Visit => visit;

/** Begin the span of a request: give its header, and what to call when it has ended. */
export function beginRequest(method: string): { readonly traceparent: string; readonly end: (failed: boolean) => void } {
  const of = visit;
  const spanId = newSpanId(random);
  const startMs = Date.now();
  return {
    traceparent: traceparent(of, spanId),
    end: (failed) => keep(requestSpan(of, spanId, method, startMs, Date.now(), failed)),
  };
}

function keep(span: Span): void {
  if (collected) waiting = keepSpan(waiting, span);
}

/** Take the spans that wait; they are the caller's to send. */
export function takeSpans(): readonly Span[] {
  const taken = waiting;
  waiting = [];
  return taken;
}

/** Say whether somebody collects spans. While nobody does, none are kept. */
export function spansAreCollected(yes: boolean): void {
  collected = yes;
  if (!yes) waiting = [];
}
