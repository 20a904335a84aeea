import { delay, http, HttpResponse } from "msw";
import { afterEach, describe, expect, it, vi } from "vitest";

import { gateway } from "@tests/gateway";

import { addressWith, api, rememberCsrfToken, whenSignedOut } from "./client";
import { ApiError } from "./error";
import { currentVisit, takeSpans, visitScreen } from "./tracing";

const ISSUES = "/api/v1/issues";

async function failureOf(promise: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ApiError)) throw new Error(`expected an ApiError, got ${String(error)}`);
  return error;
}

afterEach(() => {
  rememberCsrfToken(null);
  whenSignedOut(null);
});

describe("what is sent", () => {
  // A write without the token is refused by the gateway; a read must not carry it about.
  it("shows the CSRF token on writes only", async () => {
    const seen: (string | null)[] = [];
    gateway.use(
      http.get(ISSUES, ({ request }) => {
        seen.push(request.headers.get("X-CSRF-Token"));
        return HttpResponse.json({});
      }),
      http.put(`${ISSUES}/1`, async ({ request }) => {
        seen.push(request.headers.get("X-CSRF-Token"), await request.text());
        return HttpResponse.json({});
      }),
    );
    rememberCsrfToken({ csrf_token: "c" });
    await api.get(ISSUES);
    await api.put(`${ISSUES}/1`, { status: "resolved" });
    expect(seen).toEqual([null, "c", '{"status":"resolved"}']);
  });

  it("repeats names for lists and leaves out what is absent", () => {
    expect(addressWith("/a", { project: ["x", "y"], level: [], cursor: null, limit: 50 })).toBe("/a?project=x&project=y&limit=50");
    expect(addressWith("/a", {})).toBe("/a");
  });
});

describe("what comes back", () => {
  // Every failure, whatever its form, reaches the screens as one kind of error that says whose move it is.
  it.each<[string, number, string | object, Partial<ApiError>]>([
    ["a problem", 502, { title: "Bad gateway", message: "Sentry is away", remedy: "Wait", request_id: "r1" }, { message: "Sentry is away", remedy: "Wait", requestId: "r1", retryable: true }],
    ["Sentry's detail", 403, { detail: "No permission" }, { message: "No permission", retryable: false }],
    ["HTML", 502, "<html>boom</html>", { message: "Sentry is not answering", retryable: true }],
    ["HTML of the gateway's own", 500, "<html>boom</html>", { message: "Sentry or the gateway could not answer", retryable: true }],
    ["nothing", 404, "", { message: "This does not exist, or the token cannot see it", retryable: false }],
    ["JSON that is no object", 429, "[1]", { message: "Sentry asks to slow down", retryable: true }],
    ["an object where text belongs", 400, { detail: { nested: 1 } }, { message: "The request was refused (400)", retryable: false }],
  ])("%s", async (_name, status, body, expected) => {
    gateway.use(http.get(ISSUES, () => new HttpResponse(typeof body === "string" ? body : JSON.stringify(body), { status })));
    expect(await failureOf(api.get(ISSUES))).toMatchObject({ status, ...expected });
  });

  // A proxy's sign-in page answers 200 with HTML: it must not be taken for data.
  it("refuses a page that is no JSON", async () => {
    gateway.use(http.get(ISSUES, () => HttpResponse.html("<p>hello</p>")));
    expect(await failureOf(api.get(ISSUES))).toMatchObject({ status: 200, retryable: false });
  });

  it("says that the gateway is away", async () => {
    gateway.use(http.get(ISSUES, () => HttpResponse.error()));
    expect(await failureOf(api.get(ISSUES))).toMatchObject({ status: 0, retryable: true });
  });

  // A session that ended leads to the sign-in from wherever the reader is.
  it("tells the router of a 401", async () => {
    const listener = vi.fn();
    whenSignedOut(listener);
    gateway.use(http.get(ISSUES, () => HttpResponse.json({ title: "Unauthorized" }, { status: 401 })));
    expect((await failureOf(api.get(ISSUES))).status).toBe(401);
    expect(listener).toHaveBeenCalledOnce();
  });

  // An aborted request is nobody's failure; queries must see it as aborted.
  it("passes an abort on as it is", async () => {
    gateway.use(
      http.get(ISSUES, async () => {
        await delay("infinite");
        return HttpResponse.json({});
      }),
    );
    const stop = new AbortController();
    const asked = api.get(ISSUES, undefined, stop.signal);
    stop.abort();
    await expect(asked).rejects.toMatchObject({ name: "AbortError" });
  });

  // The gateway's spans and log lines join the trace of the screen that asked.
  it("sends the trace of the screen, a span of its own for each request", async () => {
    const headers: string[] = [];
    gateway.use(
      http.get(ISSUES, ({ request }) => {
        headers.push(request.headers.get("traceparent") ?? "");
        return HttpResponse.json({});
      }),
    );
    visitScreen("Issues");
    takeSpans();
    await api.get(ISSUES);
    await api.get(ISSUES);
    const { traceId, spanId } = currentVisit();
    const spans = takeSpans();
    expect(headers).toEqual(spans.map((span) => `00-${traceId}-${span.span_id}-01`));
    expect(new Set(headers).size).toBe(2);
    expect(spans.map((span) => [span.name, span.parent_span_id, span.error])).toEqual([
      ["GET request", spanId, false],
      ["GET request", spanId, false],
    ]);
    visitScreen("Gateway");
    expect(currentVisit().traceId).not.toBe(traceId);
  });

  it("takes 204 as nothing", async () => {
    gateway.use(http.post("/api/v1/client-errors", () => new HttpResponse(null, { status: 204 })));
    await expect(api.post("/api/v1/client-errors", {})).resolves.toBeNull();
  });
});
