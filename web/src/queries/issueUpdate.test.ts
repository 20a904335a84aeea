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
