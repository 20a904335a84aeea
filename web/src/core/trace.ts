/**
 * Traces of the W3C's form, begun in the browser: each visit of a screen is a trace, and what it asks for are its spans.
 *
 * Ids come from random bytes that the caller gives, so that this stays testable.
 */

export type RandomBytes = (length: number) => Uint8Array;

/** A visit of a screen: the trace that its requests and errors join. */
export interface Visit {
  readonly screen: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly startMs: number;
}

/** What `POST /api/v1/traces` takes of a span. */
export interface Span {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string | null;
  readonly name: string;
  readonly start_ms: number;
  readonly duration_ms: number;
  readonly error: boolean;
  readonly screen: string | null;
}

/** How many spans the gateway takes at once, and so how many are kept. */
export const MOST_SPANS = 50;

/** An id of zeros alone means "none" to the standard. */
function hexId(length: number, random: RandomBytes): string {
  const id = Array.from(random(length), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return /^0+$/.test(id) ? `${id.slice(0, -1)}1` : id;
}

export const newSpanId = (random: RandomBytes): string => hexId(8, random);

/** Begin the trace of a screen's visit. */
export function beginVisit(screen: string, nowMs: number, random: RandomBytes): Visit {
  return { screen, traceId: hexId(16, random), spanId: newSpanId(random), startMs: nowMs };
}

/** Give the `traceparent` header of a request that is the span `spanId` of a visit. */
export const traceparent = ({ traceId }: Visit, spanId: string): string => `00-${traceId}-${spanId}-01`;

/** Give the span of a request. Its name says what was done, never to which address: addresses hold people's data. */
export function requestSpan(visit: Visit, spanId: string, method: string, startMs: number, endMs: number, error: boolean): Span {
  return spanOf(visit, spanId, visit.spanId, `${method} request`, startMs, endMs, error);
}

/** Give the span of a whole visit. */
export function visitSpan(visit: Visit, endMs: number): Span {
  return spanOf(visit, visit.spanId, null, visit.screen, visit.startMs, endMs, false);
}

const LONGEST_MS = 3_600_000;

function spanOf(visit: Visit, spanId: string, parent: string | null, name: string, startMs: number, endMs: number, error: boolean): Span {
  return {
    trace_id: visit.traceId,
    span_id: spanId,
    parent_span_id: parent,
    name,
    start_ms: startMs,
    // The clock of a computer that slept, or was set, must not make a span that the gateway refuses.
    duration_ms: Math.min(Math.max(endMs - startMs, 0), LONGEST_MS),
    error,
    screen: visit.screen,
  };
}

/** Add a span to those that wait to be sent; the oldest make room. */
export function keepSpan(waiting: readonly Span[], span: Span): readonly Span[] {
  return [...waiting, span].slice(-MOST_SPANS);
}

/** Give the name of the screen at a path, never the path itself. */
export function screenAt(pathname: string): string {
  if (pathname === "/") return "Issues";
  if (pathname.startsWith("/issues/")) return "Issue";
  if (pathname === "/gateway") return "Gateway";
  if (pathname === "/feed") return "Feed";
  if (pathname === "/subscriptions") return "Subscriptions";
  if (pathname.startsWith("/subscriptions/")) return "Subscription";
  if (pathname === "/account") return "Account";
  if (pathname === "/people") return "People";
  return pathname === "/sign-in" ? "Sign in" : "Unknown";
}
