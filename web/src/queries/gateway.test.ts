import { QueryClient } from "@tanstack/react-query";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, it } from "vitest";

import { api } from "@/api/client";
import { spansAreCollected, takeSpans, visitScreen } from "@/api/tracing";
import { gateway } from "@tests/gateway";

import { sendSpans } from "./gateway";

let client: QueryClient;
let reports: { spans: { name: string }[] }[];

function collector(tracing: boolean, exported = tracing): void {
  gateway.use(
    http.get("/api/v1/issues", () => HttpResponse.json({})),
    http.get("/api/v1/gateway/stats", () => HttpResponse.json({ tracing })),
    http.post("/api/v1/traces", async ({ request }) => {
      reports.push((await request.json()) as (typeof reports)[number]);
      return HttpResponse.json({ accepted: 1, exported });
    }),
  );
}

beforeEach(() => {
  client = new QueryClient();
  reports = [];
  spansAreCollected(true);
  takeSpans();
});

const names = () => reports.map(({ spans }) => spans.map(({ name }) => name));

// Telling of spans must not make spans, or the browser would never fall silent.
it("sends what was measured, once", async () => {
  collector(true);
  await api.get("/api/v1/issues");
  visitScreen("Gateway");
  await sendSpans(client);
  await sendSpans(client);
  expect(names()).toEqual([["GET request", expect.any(String), "GET request"]]);
});

// Without a collector the gateway is spared the reports, and the browser the memory.
it("sends nothing and keeps nothing while nobody collects spans", async () => {
  collector(false);
  await api.get("/api/v1/issues");
  await sendSpans(client);
  await api.get("/api/v1/issues");
  expect([names(), takeSpans()]).toEqual([[], []]);
});

it("stops when the gateway says that nothing is exported", async () => {
  collector(true, false);
  await api.get("/api/v1/issues");
  await sendSpans(client);
  await api.get("/api/v1/issues");
  expect([reports.length, takeSpans()]).toEqual([1, []]);
});

// Spans are a help, never a trouble: somebody who may not see the figures works on undisturbed.
it("is silent when the figures are refused", async () => {
  gateway.use(http.get("/api/v1/gateway/stats", () => HttpResponse.json({ title: "Forbidden" }, { status: 403 })));
  await expect(sendSpans(client)).resolves.toBeUndefined();
  expect(takeSpans()).toEqual([]);
});
