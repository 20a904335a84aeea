import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import type { IssueUpdate } from "@/core/model";
import { gateway } from "@tests/gateway";
import { aPage, anIssue } from "@tests/issues";
import { answerIssues, openWorkbench, quietGateway } from "@tests/workbench";

const rows = () => within(screen.getByRole("list", { name: "Issues" })).queryAllByRole("listitem");
const names = () => rows().map((row) => within(row).getByRole("link").textContent);
const row = async (name: string) => (await screen.findByRole("link", { name })).closest("li") as HTMLElement;

/** Three issues whose types tell them apart. */
const THREE = ["AlphaError", "BetaError", "GammaError"].map((type, index) => anIssue({ id: String(index + 1), metadata: { type, value: "went wrong" } }));

function acceptUpdates(): [string, IssueUpdate][] {
  const sent: [string, IssueUpdate][] = [];
  gateway.use(
    http.put("/api/v1/issues/:id", async ({ params, request }) => {
      const update = (await request.json()) as IssueUpdate;
      sent.push([String(params["id"]), update]);
      const status = update.status === "archived" ? "ignored" : (update.status ?? "unresolved");
      return HttpResponse.json({ status, substatus: null, statusDetails: {} });
    }),
  );
  return sent;
}

beforeEach(() => {
  quietGateway();
  window.localStorage.clear();
});

describe("the list", () => {
  // One glance must tell what broke, how bad, how many people, whose it is and since when, to eyes and to screen readers alike.
  it("says everything of an issue in its row", async () => {
    answerIssues(() => aPage([anIssue({ level: "fatal", count: "12431", userCount: 87, assignedTo: { type: "user", id: "2", name: "Grace" }, substatus: "regressed" })]));
    openWorkbench("/");
    const item = await row("ValueError");
    for (const text of ["bad price", "shop.cart in add", "SHOP-1", "Fatal", "12,431 events", "87 users", "Regressed"]) expect(within(item).getByText(text)).toBeInTheDocument();
    expect(within(item).getByText("12.4k")).toBeInTheDocument();
    expect(within(item).getByRole("button", { name: "Assigned to Grace. Change" })).toBeInTheDocument();
    expect(within(item).getByRole("button", { name: "Priority: Medium. Change" })).toBeInTheDocument();
  });

  // Text from events is hostile: it is shown, and nothing in it runs or loads.
  it("shows markup from events as text", async () => {
    const hostile = '<img src=x onerror="window.pwned = 1">';
    answerIssues(() => aPage([anIssue({ metadata: { type: hostile, value: "<script>window.pwned = 1</script>" }, culprit: "javascript:alert(1)" })]));
    openWorkbench("/");
    const item = await row(hostile);
    expect(item.querySelector("img, script, [onerror]")).toBeNull();
    expect([...item.querySelectorAll("a")].map((link) => link.getAttribute("href"))).toEqual(["/issues/1"]);
  });

  // Paging must reach the end and stop there, also past a server that repeats itself.
  it("follows the cursors to the end, each once", async () => {
    const asked = answerIssues((query) => {
      const cursor = query.get("cursor");
      if (cursor === null) return aPage([anIssue({ id: "1", metadata: { type: "First" } })], "two");
      if (cursor === "two") return aPage([anIssue({ id: "2", metadata: { type: "Second" } })], "three");
      return aPage([anIssue({ id: "3", metadata: { type: "Third" } })], "two");
    });
    openWorkbench("/");
    await waitFor(() => expect(names()).toEqual(["First", "Second", "Third"]));
    expect(await screen.findByText("That is all")).toBeInTheDocument();
    expect(asked.map((query) => query.get("cursor"))).toEqual([null, "two", "three"]);
  });

  it("keeps what it has when a later page fails, and tries again on request", async () => {
    let broken = true;
    answerIssues((query) => {
      if (query.get("cursor") === null) return aPage([anIssue({ id: "1", metadata: { type: "First" } })], "two");
      if (broken) return HttpResponse.json({ message: "The cursor has expired", remedy: "Refresh the list." }, { status: 400 });
      return aPage([anIssue({ id: "2", metadata: { type: "Second" } })]);
    });
    const user = openWorkbench("/");
    const alert = await screen.findByRole("alert");
    expect(alert).toHaveTextContent("The cursor has expired. Refresh the list.");
    expect(names()).toEqual(["First"]);
    broken = false;
    await user.click(within(alert).getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(names()).toEqual(["First", "Second"]));
  });
});

describe("the view", () => {
  // The address is the state: what is pasted is what is asked.
  it("asks for what the address says", async () => {
    const asked = answerIssues(() => aPage([]));
    openWorkbench("/?status=archived&query=is%3Anew&project=shop&project=web&environment=production&level=fatal&sort=user&period=7d");
    await screen.findByText("No issue matches");
    expect(Object.fromEntries(["status", "query", "environment", "level", "sort", "period"].map((name) => [name, asked[0]?.get(name)]))).toEqual({
      status: "archived",
      query: "is:new",
      environment: "production",
      level: "fatal",
      sort: "user",
      period: "7d",
    });
    expect(asked[0]?.getAll("project")).toEqual(["shop", "web"]);
  });

  it("puts tabs and filters into the address", async () => {
    const asked = answerIssues(() => aPage(THREE));
    const user = openWorkbench("/");
    await row("AlphaError");
    await user.click(screen.getByRole("button", { name: "Resolved" }));
    expect(window.location.search).toBe("?status=resolved");
    await user.click(screen.getByRole("button", { name: "Project: All projects" }));
    await user.click(await screen.findByRole("option", { name: /^shop/ }));
    await user.keyboard("{Escape}");
    expect(window.location.search).toBe("?status=resolved&project=shop");
    await waitFor(() => expect(asked.at(-1)?.get("project")).toBe("shop"));
  });

  it("completes a search, shows what it understood, and takes parts away", async () => {
    answerIssues(() => aPage(THREE));
    const user = openWorkbench("/");
    await row("AlphaError");
    await user.keyboard("/");
    const field = screen.getByRole("combobox", { name: "Search issues" });
    expect(field).toHaveFocus();
    await user.keyboard("lev{ArrowDown}{Enter}fat{ArrowDown}{Enter}");
    expect(field).toHaveValue("level:fatal ");
    await user.keyboard("odd:1{Enter}");
    expect(new URLSearchParams(window.location.search).get("query")).toBe("level:fatal odd:1");
    const chips = await screen.findByRole("list", { name: "What the search means" });
    expect(chips).toHaveTextContent("“odd” is no field of Sentry; it is searched as a tag");
    await user.click(within(chips).getByRole("button", { name: "Remove odd:1" }));
    await waitFor(() => expect(new URLSearchParams(window.location.search).get("query")).toBe("level:fatal"));
  });
});

describe("the states", () => {
  it("teaches when nothing is unresolved", async () => {
    answerIssues(() => aPage([]));
    openWorkbench("/");
    expect(await screen.findByText("Nothing is unresolved")).toBeInTheDocument();
    expect(screen.getByText(/as soon as an application with a Sentry SDK reports an error/)).toBeInTheDocument();
  });

  it("says what happened and whose move it is", async () => {
    answerIssues(() => HttpResponse.json({ message: "This token may not read issues", remedy: "Ask for event:read.", request_id: "r-7" }, { status: 403 }));
    openWorkbench("/");
    const alert = await screen.findByRole("alert");
    expect(alert).toHaveTextContent("This token may not read issues");
    expect(alert).toHaveTextContent("Ask for event:read.");
    expect(alert).toHaveTextContent("r-7");
  });

  it("offers to clear a search that Sentry refuses", async () => {
    answerIssues((query) => (query.get("query") === null ? aPage(THREE) : HttpResponse.json({ message: "Invalid query" }, { status: 400 })));
    const user = openWorkbench("/?query=is%3Aodd");
    await user.click(within(await screen.findByRole("alert")).getByRole("button", { name: "Clear the search" }));
    await row("AlphaError");
  });

  // A saved address outlives the project it names.
  it("a filter that leads nowhere was a dead end: it is named, and can be cleared", async () => {
    answerIssues((query) => (query.has("project") ? HttpResponse.json({ message: "This token may not do that" }, { status: 403 }) : aPage(THREE)));
    const user = openWorkbench("/?query=is%3Anew&project=nope");
    const alert = await screen.findByRole("alert");
    await waitFor(() => expect(alert).toHaveTextContent("There is no project “nope”, or you may not see it."));
    await user.click(within(alert).getByRole("button", { name: "Clear the filters" }));
    await row("AlphaError");
    expect(window.location.search).toBe("?query=is%3Anew");
  });

  // Whoever looks to the left for where they are finds nothing marked, and doubts the list.
  it("with a search nothing was current in the navigation: the plain list is, and a named one where it fits", async () => {
    answerIssues(() => aPage(THREE));
    const user = openWorkbench("/?query=odd");
    await row("AlphaError");
    const [side] = screen.getAllByRole("navigation", { name: "Main" });
    const main = within(side ?? document.body);
    expect(main.getByRole("link", { name: "Issues" })).toHaveAttribute("data-here");
    await user.click(main.getByRole("link", { name: "Regressed" }));
    await waitFor(() => expect(main.getByRole("link", { name: "Regressed" })).toHaveAttribute("data-here"));
    expect(main.getByRole("link", { name: "Issues" })).not.toHaveAttribute("data-here");
  });

  // Stale beats blank, and says so.
  it("shows old content with its age while Sentry is away", async () => {
    answerIssues(() => aPage(THREE, null, { source: "fallback", stale: true, cached_at: new Date(Date.now() - 200_000).toISOString() }));
    openWorkbench("/");
    expect(await screen.findByText("Sentry is not answering. This is the list as of 3 min ago.")).toBeInTheDocument();
    expect(names()).toHaveLength(3);
  });
});

describe("triage by keyboard", () => {
  it("moves, resolves, keeps the reader's place, and undoes", async () => {
    answerIssues(() => aPage(THREE));
    const sent = acceptUpdates();
    const user = openWorkbench("/");
    await row("AlphaError");
    await user.keyboard("jj");
    await waitFor(() => expect(screen.getByRole("link", { name: "BetaError" })).toHaveFocus());
    await user.keyboard("e");
    await waitFor(() => expect(names()).toEqual(["AlphaError", "GammaError"]));
    expect(await screen.findByText("Resolved SHOP-2")).toBeInTheDocument();
    await waitFor(() => expect(screen.getByRole("link", { name: "GammaError" })).toHaveFocus());
    await user.click(screen.getByRole("button", { name: "Undo" }));
    await waitFor(() => expect(names()).toEqual(["AlphaError", "BetaError", "GammaError"]));
    expect(await screen.findByText("Undone: Resolved SHOP-2")).toBeInTheDocument();
    expect(sent).toEqual([
      ["2", { status: "resolved" }],
      ["2", { status: "unresolved" }],
    ]);
  });

  // Nothing is announced that is not true: the row comes back and the reason is told.
  it("brings a row back when Sentry refuses", async () => {
    answerIssues(() => aPage(THREE));
    gateway.use(http.put("/api/v1/issues/:id", () => HttpResponse.json({ message: "This token may not change issues", remedy: "Ask for event:write." }, { status: 403 })));
    const user = openWorkbench("/");
    await row("AlphaError");
    await user.keyboard("je");
    expect(await screen.findByText("SHOP-1: This token may not change issues. Ask for event:write.")).toBeInTheDocument();
    expect(names()).toEqual(["AlphaError", "BetaError", "GammaError"]);
    expect(screen.queryByText("Resolved SHOP-1")).not.toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Undo" })).not.toBeInTheDocument();
  });

  it("archives a selection under a condition typed by hand", async () => {
    answerIssues(() => aPage(THREE));
    const sent = acceptUpdates();
    const user = openWorkbench("/");
    await row("AlphaError");
    await user.keyboard("jxjx");
    expect(await screen.findByText("2 issues selected")).toBeInTheDocument();
    await user.keyboard("y");
    await user.type(await screen.findByRole("combobox", { name: "Archive 2 issues" }), "50 events in 1 hour{Enter}");
    expect(await screen.findByText("Archived 2 issues until 50 more events within 1 hour")).toBeInTheDocument();
    const mode = { mode: "until_count", count: 50, window_minutes: 60 };
    expect(sent).toEqual([
      ["1", { status: "archived", archive: mode }],
      ["2", { status: "archived", archive: mode }],
    ]);
    await waitFor(() => expect(names()).toEqual(["GammaError"]));
    expect(screen.queryByText("2 issues selected")).not.toBeInTheDocument();
  });

  // A release of another project is refused, and two packages may both have a 2.8.1.
  it("offered every project's releases, without their package: those of the issue's project, in full", async () => {
    answerIssues(() => aPage([anIssue(), anIssue({ id: "2", project: { id: "2", slug: "web", name: "Web" } })]));
    const asked: string[][] = [];
    gateway.use(
      http.get("/api/v1/releases", ({ request }) => {
        asked.push(new URL(request.url).searchParams.getAll("project"));
        return HttpResponse.json(aPage([{ version: "shop-web@2.8.1", shortVersion: "2.8.1" }]));
      }),
    );
    const user = openWorkbench("/");
    await screen.findAllByRole("link", { name: "ValueError" });
    await user.keyboard("j{Shift>}e{/Shift}");
    expect(await screen.findByRole("option", { name: "In shop-web@2.8.1" })).toBeInTheDocument();
    expect(asked).toEqual([["1"]]);
    await user.keyboard("{Escape}xjx{Shift>}e{/Shift}");
    await screen.findByRole("combobox", { name: "Resolve 2 issues" });
    expect(screen.getByText("Releases are offered where all issues are of one project")).toBeInTheDocument();
    expect(screen.queryByRole("option", { name: /shop-web/ })).toBeNull();
  });

  it("assigns from the picker and shows the new owner at once", async () => {
    answerIssues(() => aPage(THREE));
    gateway.use(http.put("/api/v1/issues/:id", () => HttpResponse.json({ assignedTo: { type: "user", id: "2", name: "Grace" } })));
    const user = openWorkbench("/");
    await row("AlphaError");
    await user.keyboard("ja");
    await user.click(await screen.findByRole("option", { name: /Grace/ }));
    expect(await screen.findByText("Assigned SHOP-1 to Grace")).toBeInTheDocument();
    expect(within(await row("AlphaError")).getByRole("button", { name: "Assigned to Grace. Change" })).toBeInTheDocument();
  });

  it("opens an issue, and lists its keys and actions", async () => {
    answerIssues(() => aPage(THREE));
    const user = openWorkbench("/");
    await row("AlphaError");
    await user.keyboard("?");
    const sheet = await screen.findByRole("dialog", { name: "Keys of this screen" });
    for (const words of ["Next issue", "Resolve", "Archive…", "Search issues", "Refresh the list"]) expect(within(sheet).getByText(words)).toBeInTheDocument();
    await user.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
    await user.keyboard("{Control>}k{/Control}");
    await user.type(await screen.findByRole("combobox", { name: "Actions and screens" }), "go to for review{Enter}");
    await waitFor(() => expect(window.location.search).toBe("?status=for_review"));
  });

  // Keys typed into a field are text, not commands.
  it("leaves keys alone while the reader types", async () => {
    answerIssues(() => aPage(THREE));
    const sent = acceptUpdates();
    const user = openWorkbench("/");
    await row("AlphaError");
    await user.keyboard("j/eaxr");
    expect(screen.getByRole("combobox", { name: "Search issues" })).toHaveValue("eaxr");
    expect(sent).toEqual([]);
  });

  // "r" must reach Sentry past the caches, and begin at the first page.
  it("refreshes past the caches", async () => {
    let round = 0;
    const caches: RequestCache[] = [];
    gateway.use(
      http.get("/api/v1/issues", ({ request }) => {
        caches.push(request.cache);
        round += 1;
        return HttpResponse.json(aPage(round === 1 ? THREE : THREE.slice(0, 1)));
      }),
    );
    const user = openWorkbench("/");
    await row("GammaError");
    await user.keyboard("r");
    await waitFor(() => expect(names()).toEqual(["AlphaError"]));
    expect(caches).toEqual(["default", "no-cache"]);
  });
});
