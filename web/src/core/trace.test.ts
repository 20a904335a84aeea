import { expect, it } from "vitest";

import { beginVisit, keepSpan, MOST_SPANS, newSpanId, requestSpan, screenAt, type Span, traceparent, visitSpan } from "./trace";

const counting = (length: number) => Uint8Array.from({ length }, (_, index) => index + 1);
const zeros = (length: number) => new Uint8Array(length);
const visit = beginVisit("Issues", 1000, counting);

// The gateway joins the trace only when the header has the standard's form.
it("writes the header that the standard wants", () => {
  expect(traceparent(visit, newSpanId(counting))).toBe("00-0102030405060708090a0b0c0d0e0f10-0102030405060708-01");
});

// An id of zeros means "no trace": the gateway would throw it away.
it("never gives an id of zeros alone", () => {
  expect(beginVisit("Issues", 0, zeros).traceId).toBe(`${"0".repeat(31)}1`);
  expect(newSpanId(zeros)).toBe("0000000000000001");
});

it("puts requests beneath the visit, without their addresses", () => {
  expect(requestSpan(visit, "a".repeat(16), "GET", 1100, 1250, false)).toEqual({
    trace_id: visit.traceId,
    span_id: "a".repeat(16),
    parent_span_id: visit.spanId,
    name: "GET request",
    start_ms: 1100,
    duration_ms: 150,
    error: false,
    screen: "Issues",
  });
  expect(visitSpan(visit, 4000)).toMatchObject({ span_id: visit.spanId, parent_span_id: null, name: "Issues", duration_ms: 3000 });
});

// A computer that slept, or whose clock was set back, must not make a span that the gateway refuses.
it("keeps durations within what the gateway takes", () => {
  expect(visitSpan(visit, 900).duration_ms).toBe(0);
  expect(visitSpan(visit, 1e12).duration_ms).toBe(3_600_000);
});

it("keeps no more spans than the gateway takes at once, and the newest of them", () => {
  const spans = Array.from({ length: MOST_SPANS + 3 }, (_, at) => visitSpan(visit, 1000 + at));
  const kept = spans.reduce<readonly Span[]>(keepSpan, []);
  expect(kept).toHaveLength(MOST_SPANS);
  expect(kept.at(-1)?.duration_ms).toBe(MOST_SPANS + 2);
});

it.each([
  ["/", "Issues"],
  ["/issues/4711", "Issue"],
  ["/gateway", "Gateway"],
  ["/sign-in", "Sign in"],
  ["/people/ada@acme.test", "Unknown"],
])("%s is the screen %s", (path, name) => expect(screenAt(path)).toBe(name));
