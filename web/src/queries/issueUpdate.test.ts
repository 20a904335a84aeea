import { type InfiniteData, QueryClient } from "@tanstack/react-query";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, it, vi } from "vitest";

import type { Issue, IssueUpdate, Page } from "@/core/model";
import { DEFAULT_VIEW } from "@/core/view";
import { gateway } from "@tests/gateway";
import { aPage, anIssue } from "@tests/issues";

import { applyChanges } from "./issueUpdate";
import { issueKeys } from "./issues";

type Lists = InfiniteData<Page<Issue>, string | null>;

const LIST = issueKeys.list(DEFAULT_VIEW);
const NOW = Date.parse("2026-01-10T00:00:00Z");

let client: QueryClient;
beforeEach(() => {
  client = new QueryClient();
  const data: Lists = { pages: [aPage([anIssue({ id: "1" }), anIssue({ id: "2" })])], pageParams: [null] };
  client.setQueryData(LIST, data);
});

const statuses = () => client.getQueryData<Lists>(LIST)?.pages.flatMap((page) => page.data.map(({ status }) => status));

/** Lets each test say when and how Sentry answers. */
function answers(reply: (id: string, update: IssueUpdate) => Response | Promise<Response>) {
  gateway.use(http.put("/api/v1/issues/:id", async ({ params, request }) => reply(String(params["id"]), (await request.json()) as IssueUpdate)));
}

// Any key answers within 100 ms: the row changes before Sentry has been heard.
it("changes the list before Sentry answers, and keeps what it answers", async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  answers(async () => {
    await held;
    return HttpResponse.json({ status: "resolved", substatus: null, priority: "high" });
  });
  const applied = applyChanges(client, [{ issue: anIssue({ id: "1" }), update: { status: "resolved" } }], NOW);
  await vi.waitFor(() => expect(statuses()).toEqual(["resolved", "unresolved"]));
  release();
  const outcome = await applied;
  expect(outcome.done.map(({ id, priority }) => [id, priority])).toEqual([["1", "high"]]);
  expect(outcome.undo.map(({ issue, update }) => [issue.id, update])).toEqual([["1", { status: "unresolved" }]]);
});

// One refusal must not undo the others, and must say why.
it("takes back what Sentry refuses and keeps the rest", async () => {
  answers((id) => (id === "1" ? HttpResponse.json({ message: "No permission", remedy: "Ask" }, { status: 403 }) : HttpResponse.json({ status: "resolved" })));
  const changes = ["1", "2"].map((id) => ({ issue: anIssue({ id }), update: { status: "resolved" } as const }));
  const outcome = await applyChanges(client, changes, NOW);
  expect(statuses()).toEqual(["unresolved", "resolved"]);
  expect(outcome.refused.map(({ issue, message, remedy }) => [issue.id, message, remedy])).toEqual([["1", "No permission", "Ask"]]);
  expect(outcome.done.map(({ id }) => id)).toEqual(["2"]);
});

// 200 is not proof: Sentry may answer with the issue as it was.
it("does not claim a change that the answer does not show", async () => {
  answers(() => HttpResponse.json({ status: "unresolved" }));
  const outcome = await applyChanges(client, [{ issue: anIssue({ id: "1" }), update: { status: "resolved" } }], NOW);
  expect(outcome.done).toEqual([]);
  expect(outcome.refused[0]?.message).toBe("Sentry took the request but did not change the issue");
  expect(statuses()).toEqual(["unresolved", "unresolved"]);
});

// The answer to an update has no series; the row must not lose its sparkline.
it("keeps the series of the row", async () => {
  const stats = { "24h": [[1, 2]] as const };
  client.setQueryData<Lists>(LIST, { pages: [aPage([anIssue({ id: "1", stats })])], pageParams: [null] });
  answers(() => HttpResponse.json({ status: "resolved", stats: {} }));
  await applyChanges(client, [{ issue: anIssue({ id: "1" }), update: { status: "resolved" } }], NOW);
  expect(client.getQueryData<Lists>(LIST)?.pages[0]?.data[0]?.stats).toEqual(stats);
});

// A hasty hand must not become a burst: what is made within a moment leaves together, ten at a time, and one issue's wishes in one request.
it("sends together, at most ten at a time, one request for each issue", async () => {
  let running = 0;
  let most = 0;
  const sent: [string, IssueUpdate][] = [];
  answers(async (id, update) => {
    running += 1;
    most = Math.max(most, running);
    sent.push([id, update]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running -= 1;
    return HttpResponse.json({ status: "resolved", priority: "high" });
  });
  const issues = Array.from({ length: 25 }, (_, index) => anIssue({ id: String(index + 1) }));
  const resolved = applyChanges(client, issues.map((issue) => ({ issue, update: { status: "resolved" } })), NOW);
  const raised = applyChanges(client, [{ issue: anIssue({ id: "1" }), update: { priority: "high" } }], NOW);
  expect((await resolved).done).toHaveLength(25);
  expect((await raised).done).toHaveLength(1);
  expect(sent).toHaveLength(25);
  expect(sent.find(([id]) => id === "1")?.[1]).toEqual({ status: "resolved", priority: "high" });
  expect(most).toBe(10);
});

// Two wishes that left in one request fail as one: the issue must not stay half changed on screen.
it("takes back all that left in one request", async () => {
  answers(() => HttpResponse.json({ message: "No" }, { status: 403 }));
  const first = applyChanges(client, [{ issue: anIssue({ id: "1" }), update: { priority: "high" } }], NOW);
  const second = applyChanges(client, [{ issue: anIssue({ id: "1", priority: "high" }), update: { status: "resolved" } }], NOW);
  expect((await first).refused).toHaveLength(1);
  expect((await second).refused[0]?.message).toBe("No");
  const row = client.getQueryData<Lists>(LIST)?.pages[0]?.data[0];
  expect([row?.priority, row?.status]).toEqual(["medium", "unresolved"]);
});
