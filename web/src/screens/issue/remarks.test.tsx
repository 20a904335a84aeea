import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, it } from "vitest";

// Already there when it is asked for: on a busy machine its first import takes longer than a reader waits.
import "@/ui/RenderedMarkdown";
import { gateway } from "@tests/gateway";
import { openWorkbench, quietGateway } from "@tests/workbench";

import { context, event } from "./issue.fixture";

interface Kept {
  comments: { id: string; text: string }[];
  notes: { id: string; body: string; pinned: boolean; version: number }[];
  sent: unknown[];
}

/** An issue with comments, notes, labels and one that looks like it; what is sent is kept. */
function serve(part: Partial<Kept> = {}): Kept {
  const kept: Kept = { comments: [], notes: [], sent: [], ...part };
  gateway.use(
    http.get("/api/v1/issues/:id/context", () => HttpResponse.json(context())),
    http.get("/api/v1/issues/:id/events/:event", () => HttpResponse.json(event())),
    http.get("/api/v1/issues/marks", () => HttpResponse.json({ data: { "101": { labels: [{ name: "flaky", color: "#1f8a4c" }], notes: 0 } } })),
    http.get("/api/v1/issues/:id/similar", () => HttpResponse.json({ data: [{ issue: { id: "102", shortId: "SHOP-1G", title: "GatewayTimeout again" }, score: 0.93, scores: {} }] })),
    http.get("/api/v1/issues/:id/merged", () => HttpResponse.json({ data: [] })),
    http.get("/api/v1/issues/:id/comments", () => HttpResponse.json({ data: kept.comments.map(({ id, text }) => ({ id, user: { id: "1", name: "Ada" }, data: { text }, dateCreated: "2026-01-01T00:00:00Z", may_change: true })) })),
    http.post("/api/v1/issues/:id/comments", async ({ request }) => {
      const body = (await request.json()) as { text: string };
      kept.sent.push(body);
      kept.comments.push({ id: String(kept.comments.length + 1), text: body.text });
      return HttpResponse.json({}, { status: 201 });
    }),
    http.get("/api/v1/issues/:id/notes", () => HttpResponse.json({ data: kept.notes.map((note) => ({ ...note, author: { id: "p", name: "Ada" }, updated_at: "2026-01-01T00:00:00Z", may_change: true })) })),
    http.put("/api/v1/issues/:id/notes/:note", async ({ request }) => {
      kept.sent.push(await request.json());
      return HttpResponse.json({});
    }),
  );
  return kept;
}

beforeEach(quietGateway);

// A comment tells those whom it names, and is shown as it was meant: Markdown, and never HTML.
it("writes a comment with a mention, looks at it first, and shows it without running anything", async () => {
  const kept = serve();
  const user = openWorkbench("/issues/101");
  const field = await screen.findByRole("textbox", { name: "Comment" });
  await user.type(field, "Ask @gra");
  await user.click(await screen.findByRole("option", { name: /Grace/ }));
  await user.type(field, "**now** <img src=x onerror=alert(1)>");
  await user.click(screen.getByRole("tab", { name: "Preview" }));
  const panel = await screen.findByRole("tabpanel");
  expect(await within(panel).findByText("now", { selector: "strong" })).toBeInTheDocument();
  expect(panel.querySelector("img")).toBeNull();
  await user.click(screen.getByRole("button", { name: "Comment" }));
  expect(await screen.findByRole("article", { name: "comment of Ada" })).toHaveTextContent("Ask @Grace now");
  expect(kept.sent).toEqual([{ text: "Ask @Grace **now** <img src=x onerror=alert(1)>", mentions: ["user:2"] }]);
  expect(screen.getByRole("textbox", { name: "Comment" })).toHaveValue("");
});

// What somebody wrote must not be lost to a refusal.
it("keeps what was written when it is refused, and says why", async () => {
  serve();
  gateway.use(http.post("/api/v1/issues/:id/comments", () => HttpResponse.json({ message: "A viewer may not comment", remedy: "Ask for the role of a triager." }, { status: 403 })));
  const user = openWorkbench("/issues/101");
  await user.type(await screen.findByRole("textbox", { name: "Comment" }), "Lost?{Control>}{Enter}{/Control}");
  expect(await screen.findByText("A viewer may not comment. Ask for the role of a triager.")).toBeInTheDocument();
  expect(screen.getByRole("textbox", { name: "Comment" })).toHaveValue("Lost?");
});

// Not every Sentry has comments: that is said once, and no field pretends otherwise.
it("says that this Sentry has no comments", async () => {
  serve();
  gateway.use(http.get("/api/v1/issues/:id/comments", () => HttpResponse.json({ message: "This Sentry has no comments on issues." }, { status: 501 })));
  openWorkbench("/issues/101");
  expect(await screen.findByText(/This Sentry has no comments on issues/)).toBeInTheDocument();
  expect(screen.queryByRole("textbox", { name: "Comment" })).not.toBeInTheDocument();
});

// Two people may change the same note: the version goes back, so that nothing is overwritten unseen.
it("pins a note with the version it was read in", async () => {
  const kept = serve({ notes: [{ id: "n", body: "Look at the *bank* first", pinned: false, version: 4 }] });
  const user = openWorkbench("/issues/101");
  await user.click(within(await screen.findByRole("article", { name: "note of Ada" })).getByRole("button", { name: "Pin" }));
  await waitFor(() => expect(kept.sent).toEqual([{ body: "Look at the *bank* first", pinned: true, version: 4 }]));
});

// Optimistic, and honest: a label that could not be taken off comes back with the reason.
it("brings a label back that could not be taken off", async () => {
  serve();
  gateway.use(http.delete("/api/v1/issues/:id/labels/:name", () => HttpResponse.json({ message: "A viewer may not label" }, { status: 403 })));
  const user = openWorkbench("/issues/101");
  await user.click(await screen.findByRole("button", { name: "Remove the label flaky" }));
  expect(await screen.findByText(/SHOP-1F: A viewer may not label/)).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Remove the label flaky" })).toBeInTheDocument();
});

it("offers what looks like it for merging, with what differs", async () => {
  serve();
  const merged: unknown[] = [];
  gateway.use(
    http.post("/api/v1/issues/:id/merge", async ({ params, request }) => {
      merged.push([params["id"], await request.json()]);
      return HttpResponse.json({ parent: "101", children: ["102"], state: "done" });
    }),
    http.get("/api/v1/issues/102/context", () => HttpResponse.json({ ...context(), id: "102", shortId: "SHOP-1G", count: "5", culprit: "checkout in retry" })),
  );
  const user = openWorkbench("/issues/101");
  await user.click(await screen.findByRole("checkbox", { name: "Merge SHOP-1G" }));
  await user.click(screen.getByRole("button", { name: "Compare and merge 2 issues" }));
  const dialog = await screen.findByRole("dialog", { name: "Merge 2 issues" });
  expect(within(dialog).getByRole("row", { name: /^Culprit/ })).toHaveTextContent("checkout in postcheckout in retry");
  await user.click(within(dialog).getByRole("button", { name: "Merge into SHOP-1F" }));
  expect(await screen.findByText("Merged SHOP-1G into SHOP-1F")).toBeInTheDocument();
  expect(merged).toEqual([["101", { ids: ["102"] }]]);
});
