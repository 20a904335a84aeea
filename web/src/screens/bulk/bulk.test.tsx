import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { aJob } from "@/core/bulk/job.fixture";
import type { JobItem } from "@/core/bulk/job";
import { gateway } from "@tests/gateway";
import { aPage, anIssue } from "@tests/issues";
import { aPreview, takeJobs } from "@tests/jobs";
import { answerIssues, openWorkbench, quietGateway } from "@tests/workbench";

const row = async (name: string) => (await screen.findByRole("link", { name })).closest("li") as HTMLElement;
const bar = () => screen.findByRole("region", { name: "Actions for the selection" });

/** Sixty issues: more than a handful, on the first of two pages, whose end is far enough away that the second is not asked for. */
const PAGE = Array.from({ length: 60 }, (_, index) => anIssue({ id: String(index + 1), metadata: { type: `Error${index + 1}`, value: "went wrong" } }));
const SECOND = [anIssue({ id: "900", metadata: { type: "LateError", value: "went wrong" } })];

function answerTwoPages() {
  return answerIssues((query) => (query.get("cursor") === null ? aPage(PAGE, "0:60:0", { hits: 4312 }) : aPage(SECOND, null, { hits: 4312 })));
}

beforeEach(() => {
  quietGateway();
  window.localStorage.clear();
});

describe("the selection", () => {
  // What was chosen must not be lost by looking at it in another order, by asking for newer rows, or by acting on it.
  it("outlasts another order, a refresh, a look into an issue and an action", async () => {
    answerIssues(() => aPage(PAGE.slice(0, 3)));
    gateway.use(http.put("/api/v1/issues/:id", () => HttpResponse.json({ priority: "high" })));
    const user = openWorkbench("/");
    await row("Error1");
    await user.keyboard("jxjx");
    expect(within(await bar()).getByText("2 issues selected")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Sort by events" }));
    await waitFor(() => expect(window.location.search).toBe("?sort=freq"));
    expect(within(await bar()).getByText("2 issues selected")).toBeInTheDocument();
    await user.keyboard("r");
    await user.keyboard("p");
    await user.click(await screen.findByRole("option", { name: "High" }));
    expect(await screen.findByText("Set the priority of 2 issues to high")).toBeInTheDocument();
    expect(within(await bar()).getByText("2 issues selected")).toBeInTheDocument();
    // Another search lists other issues: an action must not reach what is no longer in sight.
    await user.keyboard("2");
    await waitFor(() => expect(screen.queryByRole("region", { name: "Actions for the selection" })).not.toBeInTheDocument());
  });

  it("says what of it the list no longer holds", async () => {
    let round = 0;
    answerIssues(() => aPage(round++ === 0 ? PAGE.slice(0, 3) : PAGE.slice(1, 3)));
    const user = openWorkbench("/");
    await row("Error1");
    await user.keyboard("jxjx");
    await user.keyboard("r");
    expect(await screen.findByText("2 issues selected, 1 not in the list now")).toBeInTheDocument();
  });

  // "All 4,312 matching" is a query, which the gateway resolves itself; what was taken out again is named.
  it("takes all that match, but for what is taken out again", async () => {
    answerTwoPages();
    const seen = takeJobs(aPreview({ total: 4311, needs_confirmation: true }));
    const user = openWorkbench("/?query=level%3Afatal");
    await row("Error1");
    await user.click(screen.getByRole("checkbox", { name: "Select all that are loaded" }));
    await user.click(within(await bar()).getByRole("button", { name: "Select all 4,312 matching" }));
    await user.click(within(await row("Error3")).getByRole("checkbox"));
    expect(within(await bar()).getByText("All 4,311 matching issues selected, without 1")).toBeInTheDocument();
    await user.click(within(await bar()).getByRole("button", { name: "Resolve" }));
    await screen.findByRole("dialog", { name: "Preview: 4,311 issues" });
    expect(seen.asked).toEqual([{ selection: { query: "level:fatal", status: "unresolved", period: "14d", exclude: ["3"] }, operations: [{ op: "status", status: "resolved" }] }]);
  });
});

describe("a job", () => {
  // Nothing of weight happens unseen: the preview says what, and everything needs its number typed.
  it("is previewed, confirmed by its number, watched to its end, and taken back", async () => {
    answerTwoPages();
    const seen = takeJobs(aPreview({ total: 60, needs_confirmation: true, skipped: [{ reason: "No permission", count: 1 }] }));
    const user = openWorkbench("/");
    await row("Error1");
    await user.keyboard("*a");
    await user.keyboard("e");
    const dialog = await screen.findByRole("dialog", { name: "Preview: 60 issues" });
    expect(await within(dialog).findByRole("table")).toHaveTextContent("Statusunresolved resolved3");
    expect(within(dialog).getByRole("region", { name: "What is left out" })).toHaveTextContent("1 No permission");
    const go = within(dialog).getByRole("button", { name: "Resolve: 60 issues" });
    expect(go).toBeDisabled();
    await user.type(within(dialog).getByLabelText("Type 60 to confirm"), "60");
    await user.click(go);
    const tray = await screen.findByRole("region", { name: "Jobs" });
    expect(await within(tray).findByText("Finished: 60 done")).toBeInTheDocument();
    expect(seen.confirmations).toEqual(["seen"]);
    // What the job took away is selected no more.
    expect(screen.queryByRole("region", { name: "Actions for the selection" })).not.toBeInTheDocument();
    await user.click(within(tray).getByRole("button", { name: /^Undo \(/ }));
    expect(await within(tray).findByRole("article", { name: "Undo · 60 issues" })).toBeInTheDocument();
    expect(seen.acts).toEqual(["apply", "undo"]);
  });

  // A few issues need no ceremony; what cannot be undone always does.
  it("shows what cannot be undone in so many words, even for one issue", async () => {
    answerTwoPages();
    const seen = takeJobs(aPreview({ total: 1, changes: [], irreversible: [{ op: "delete", count: 1, why: "Sentry forgets deleted issues" }] }));
    const user = openWorkbench("/");
    await row("Error1");
    await user.keyboard("jx");
    await user.click(within(await bar()).getByRole("button", { name: "More actions for the selection" }));
    await user.click(await screen.findByRole("menuitem", { name: "Delete…" }));
    const dialog = await screen.findByRole("dialog", { name: "Preview: 1 issue" });
    expect(await within(dialog).findByRole("alert")).toHaveTextContent("This cannot be undone1 issue: Sentry forgets deleted issues");
    await user.keyboard("{Escape}");
    await waitFor(() => expect(seen.acts).toEqual(["cancel"]));
    expect(seen.confirmations).toEqual([]);
  });

  it("mixes what the reader chooses", async () => {
    answerTwoPages();
    const seen = takeJobs();
    const user = openWorkbench("/");
    await row("Error1");
    await user.keyboard("jx{Shift>}b{/Shift}");
    const dialog = await screen.findByRole("dialog", { name: "Change 1 issue" });
    await user.click(within(dialog).getByRole("button", { name: "State: leave as it is" }));
    await user.type(await screen.findByRole("combobox", { name: "State" }), "archive forever{Enter}");
    await user.click(within(dialog).getByRole("button", { name: "Priority: leave as it is" }));
    await user.type(await screen.findByRole("combobox", { name: "Priority" }), "high{Enter}");
    await user.click(within(dialog).getByRole("button", { name: "Preview" }));
    await waitFor(() =>
      expect(seen.asked).toEqual([
        {
          selection: { ids: ["1"] },
          operations: [
            { op: "status", status: "archived", archive: { mode: "forever" } },
            { op: "priority", priority: "high" },
          ],
        },
      ]),
    );
  });

  // Per-item truth: which failed, and why.
  it("tells what became of each issue, by state", async () => {
    answerTwoPages();
    const items: JobItem[] = [
      { position: 0, issue_id: "1", short_id: "SHOP-1", title: "Error1", project: "shop", state: "done", reason: null, before: { status: "unresolved" }, after: { status: "resolved" } },
      { position: 1, issue_id: "2", short_id: "SHOP-2", title: "Error2", project: "shop", state: "failed", reason: "Sentry answered 403", before: null, after: null },
    ];
    const job = aJob({ state: "done", started_at: "2026-01-01T00:00:00Z", finished_at: new Date().toISOString(), counts: { total: 2, pending: 0, done: 1, unchanged: 0, skipped: 0, failed: 1, unknown: 0 } });
    takeJobs(aPreview({ total: 2 }), items, [job]);
    const user = openWorkbench("/");
    // Nobody started it on this page: it is the gateway that knows of it, as after a reload.
    await user.click(await screen.findByRole("button", { name: "Resolve · 2 issues: what became of each" }));
    const dialog = await screen.findByRole("dialog", { name: "Resolve · 2 issues" });
    const list = await within(dialog).findByRole("list", { name: "Issues of the job" });
    expect(within(list).getAllByRole("listitem")).toHaveLength(2);
    await user.click(within(dialog).getByRole("button", { name: "Failed 1" }));
    await waitFor(() => expect(within(within(dialog).getByRole("list", { name: "Issues of the job" })).getAllByRole("listitem")).toHaveLength(1));
    expect(within(dialog).getByText("Sentry answered 403")).toBeInTheDocument();
  });

  it("says why it was not taken, and changes nothing", async () => {
    answerTwoPages();
    gateway.use(http.post("/api/v1/bulk", () => HttpResponse.json({ message: "A viewer may not change issues", remedy: "Ask for the role of a triager." }, { status: 403 })));
    const user = openWorkbench("/");
    await row("Error1");
    await user.keyboard("*a");
    await user.keyboard("e");
    expect(await screen.findByText("A viewer may not change issues")).toBeInTheDocument();
    expect(screen.getByText("Ask for the role of a triager.")).toBeInTheDocument();
  });
});
