import { act, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, it, vi } from "vitest";

import type { GatewayStats } from "@/core/gatewayModel";
import { gateway } from "@tests/gateway";
import { aPage, anIssue } from "@tests/issues";
import { answerIssues, openWorkbench, quietGateway } from "@tests/workbench";

import { NOW, noTraffic, someStats } from "./gateway.fixture";

// jsdom has no layout to plot in; what the plots say stands beside them as text, which is what is tested.
vi.mock("./plot", () => ({ plotIn: () => ({ resize: vi.fn(), dispose: vi.fn() }), draw: vi.fn() }));

beforeEach(() => {
  quietGateway();
  answerIssues(() => aPage([anIssue()]));
});

function answerStats(reply: () => GatewayStats | Response): Request[] {
  const asked: Request[] = [];
  gateway.use(
    http.get("/api/v1/gateway/stats", ({ request }) => {
      asked.push(request);
      const answer = reply();
      return answer instanceof Response ? answer : HttpResponse.json(answer);
    }),
  );
  return asked;
}

const panel = (name: string) => screen.findByRole("region", { name });
const inSeconds = (seconds: number) => new Date(Date.parse(NOW) + seconds * 1000).toISOString();

// The window stands in the address, so that a figure can be pasted to a colleague.
it("shows the figures of the window in the address, and changes both together", async () => {
  answerStats(() => someStats());
  const user = openWorkbench("/gateway?window=60m");
  expect(await screen.findByText("Requests", { selector: "dt" })).toBeInTheDocument();
  expect(screen.getByLabelText("Figures of the last hour")).toHaveTextContent("Requests3/s");
  await user.keyboard("1");
  expect(await screen.findByLabelText("Figures of the last minute")).toHaveTextContent("Requests1/s");
  expect(window.location.search).toBe("?window=1m");
  await user.click(screen.getByRole("button", { name: "Show the last 5 minutes" }));
  expect(await screen.findByLabelText("Figures of the last 5 minutes")).toHaveTextContent("Requests2/s");
  expect(window.location.search).toBe("");
});

// Those who do not see a plot read the same in a sentence.
it("says in words what each plot shows", async () => {
  answerStats(() => someStats());
  openWorkbench("/gateway");
  for (const words of ["120 requests, at most 2 a second", "All stayed under 200 ms.", "90 % of 60 reads did not wait for Sentry, over the goal of 80 %.", "Sentry got 12 calls; 108 more were saved."]) {
    expect(await screen.findByText(words, { exact: false })).toBeInTheDocument();
  }
  expect(screen.getAllByRole("img", { name: /^Plot: / })).toHaveLength(4);
});

// Every loss of a promise is visible, before anything else on the screen.
it("tells of a suspended promise, since when, why, and what to do", async () => {
  answerStats(() => someStats({ suspended: [{ promise: "fresh-after-writes", since: inSeconds(-180), why: "Redis does not answer" }] }));
  openWorkbench("/gateway");
  const notice = await screen.findByRole("region", { name: "Suspended promise" });
  expect(notice).toHaveTextContent("Suspended: a change shows everywhere at once");
  expect(notice).toHaveTextContent("Redis does not answer. So for 3 min. Bring Redis back");
  const figures = screen.getByLabelText("Figures of the last 5 minutes");
  expect(notice.compareDocumentPosition(figures) & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
});

it("says which calls a breaker holds back and when it tries again", async () => {
  const breakers: GatewayStats["breakers"] = [
    { name: "read-issues", state: "open", since: inSeconds(-20), last_failure: "status 503", retry_at: inSeconds(40) },
    { name: "write", state: "half_open", since: inSeconds(-1), last_failure: null, retry_at: inSeconds(-1) },
  ];
  answerStats(() => someStats({ breakers }));
  openWorkbench("/gateway");
  const rows = within(await panel("Circuit breakers")).getAllByRole("row");
  expect(rows[1]).toHaveTextContent(/^Reading issuesHeld back for 20 s.*Sentry answered 503in 40 s$/);
  expect(rows[2]).toHaveTextContent(/^ChangesTrying one call for 1 s.*with the next call$/);
});

it("shows what is left of a quota and when it resets", async () => {
  answerStats(() => someStats({ quota: [{ bucket: "service GET 40", limit: 40, remaining: 10, resets_at: inSeconds(12), concurrent_limit: 25, learned_at: NOW }] }));
  openWorkbench("/gateway");
  expect(await panel("Sentry's quotas")).toHaveTextContent("Dexter's token, GET10 of 40 leftresets in 12 s · 25 at once");
});

// Null is "no traffic yet", never zero: nothing is invented.
it("shows objectives with their budget, and those without traffic as such", async () => {
  answerStats(() => someStats());
  openWorkbench("/gateway");
  const items = within(await panel("Objectives")).getAllByRole("listitem");
  expect(items[0]).toHaveTextContent("Met40 ms below 200 ms96 % of the budget left: 2 misses, 50 allowed");
  expect(items[1]).toHaveTextContent("Too little traffic to tell– above 80 %");
});

// The ids are what finds an error in the logs and traces.
it("lists recent errors with ids that copy whole", async () => {
  const id = "0123456789abcdef0123456789abcdef";
  answerStats(() => someStats({ recent_errors: [{ at: inSeconds(-60), kind: "answer", endpoint: "/api/v1/issues", method: "GET", status: 504, error: null, duration_ms: 30_000, request_id: id, trace_id: "f".repeat(32) }] }));
  const user = openWorkbench("/gateway");
  const row = within(await panel("Recent errors")).getByRole("listitem");
  expect(row).toHaveTextContent("1 min agoAnswer504 Sentry did not answer in timeGET /api/v1/issues30 srequest 01234567trace ffffffff");
  await user.click(within(row).getByRole("button", { name: "Copy the request id" }));
  expect(await window.navigator.clipboard.readText()).toBe(id);
});

it("lists drift and deprecations", async () => {
  answerStats(() =>
    someStats({
      drift: [{ operation: "GET /api/0/projects/", what: "[].slug: missing", count: 3, last_seen: NOW }],
      deprecations: [{ operation: "GET /api/0/issues/{issue_id}/", sunset: "2026-03-01T00:00:00Z", count: 1, last_seen: NOW }],
    }),
  );
  openWorkbench("/gateway");
  expect(await panel("Drift")).toHaveTextContent("GET /api/0/projects/[].slug: missing3 replies, last just now");
  expect(await panel("Deprecations")).toHaveTextContent("GET /api/0/issues/{issue_id}/Ends on 1 Mar 2026, in 7 wk1 call, last just now");
});

it("teaches when there was no traffic", async () => {
  answerStats(noTraffic);
  openWorkbench("/gateway");
  expect(await screen.findByText("No traffic in the last hour")).toBeInTheDocument();
  expect(screen.queryByRole("img", { name: /^Plot: / })).not.toBeInTheDocument();
  expect(await panel("Circuit breakers")).toBeInTheDocument();
});

it("says what happened when the figures never came, and tries again on request", async () => {
  let away = true;
  answerStats(() => (away ? HttpResponse.json({ message: "These figures are for operators", remedy: "Sign in with Dexter's own token." }, { status: 503 }) : someStats()));
  const user = openWorkbench("/gateway");
  const alert = await screen.findByRole("alert");
  expect(alert).toHaveTextContent("These figures are for operators");
  away = false;
  await user.click(within(alert).getByRole("button", { name: "Try again" }));
  expect(await screen.findByLabelText("Figures of the last 5 minutes")).toBeInTheDocument();
});

// Stale beats blank: the last figures stay, with their age, and the screen goes on asking by itself.
it("keeps the last figures while the gateway is away, and asks every five seconds unless paused", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true, toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout"] });
  try {
    let away = false;
    const asked = answerStats(() => (away ? HttpResponse.error() : someStats()));
    openWorkbench("/gateway");
    await screen.findByLabelText("Figures of the last 5 minutes");
    away = true;
    await act(() => vi.advanceTimersByTimeAsync(5_000));
    expect(await screen.findByText(/^Dexter's gateway does not answer. These are the figures as of just now/)).toBeInTheDocument();
    expect(screen.getByLabelText("Figures of the last 5 minutes")).toBeInTheDocument();
    away = false;
    await act(() => vi.advanceTimersByTimeAsync(5_000));
    await waitFor(() => expect(screen.queryByText(/^Dexter's gateway does not answer/)).not.toBeInTheDocument());
    act(() => screen.getByRole("button", { name: "Pause the figures" }).click());
    expect(await screen.findByText(/^Paused, as of/)).toBeInTheDocument();
    const before = asked.length;
    await act(() => vi.advanceTimersByTimeAsync(20_000));
    expect(asked).toHaveLength(before);
  } finally {
    vi.useRealTimers();
  }
});

// The screens are two keys apart, and the list is found as it was left.
it("is reached by g g and left by g i", async () => {
  answerStats(() => someStats());
  const user = openWorkbench("/?status=archived");
  await screen.findByText(/Archived/, { selector: "button" });
  await user.keyboard("gg");
  await screen.findByLabelText("Figures of the last 5 minutes");
  expect(window.location.pathname).toBe("/gateway");
  expect(screen.getAllByRole("link", { name: "Gateway" })[0]).toHaveAttribute("aria-current", "page");
  expect(screen.getAllByRole("link", { name: "Issues" })[0]).not.toHaveAttribute("aria-current");
  await user.keyboard("gi");
  await waitFor(() => expect(window.location.pathname + window.location.search).toBe("/?status=archived"));
});
