import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import type { IssueUpdate } from "@/core/model";
import { gateway } from "@tests/gateway";
import { aPage, anIssue } from "@tests/issues";
import { answerIssues, openWorkbench, quietGateway } from "@tests/workbench";

import { event } from "./issue.fixture";

const numbered = (id: number) => anIssue({ id: String(id), shortId: `SHOP-${id}`, metadata: { type: `Error${id}`, value: "went wrong" } });
const numbers = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => numbered(first + index));

/** Issues 1 to 9 on the first page of the plain list and 10 to 12 on its second; a search finds only 3, 5 and 7. */
function serveLists(): URLSearchParams[] {
  return answerIssues((query) => {
    if (query.get("query") === "Error") return aPage([3, 5, 7].map(numbered), null, { hits: 3 });
    if (query.get("cursor") === "two") return aPage(numbers(10, 12), null, { hits: 12 });
    return aPage(numbers(1, 9), "two", { hits: 12 });
  });
}

beforeEach(() => {
  window.localStorage.clear();
  quietGateway();
  gateway.use(
    http.get("/api/v1/issues/:id/context", ({ params }) => HttpResponse.json({ ...numbered(Number(params["id"])), events: [], parts: {} })),
    http.get("/api/v1/issues/:id/events/:event", () => HttpResponse.json(event())),
    ...["comments", "notes", "similar", "merged"].map((part) => http.get(`/api/v1/issues/:id/${part}`, () => HttpResponse.json({ data: [] }))),
    http.post("/api/v1/searches/recent", () => HttpResponse.json({ data: [] })),
    http.get("/api/v1/issues/:id/links", () => HttpResponse.json({ data: [] })),
    http.put("/api/v1/issues/:id", async ({ request }) => {
      const { status } = (await request.json()) as IssueUpdate;
      return HttpResponse.json({ status, substatus: null, statusDetails: {} });
    }),
  );
});

describe("walking from issue to issue", () => {
  // Whoever triages a search decides one after the other; any other issue in between is decided by mistake.
  it("j opened an issue of another list after resolving: it stays in the search", async () => {
    serveLists();
    const user = openWorkbench("/");
    await screen.findByRole("link", { name: "Error1" });
    await user.keyboard("/Error{Enter}{Escape}");
    await waitFor(() => expect(screen.queryByRole("link", { name: "Error1" })).toBeNull());
    await user.click(await screen.findByRole("link", { name: "Error3" }));
    expect(await screen.findByText("1 of 3")).toBeVisible();
    await screen.findByRole("button", { name: "Resolve" });
    await user.keyboard("e");
    expect(await screen.findByText("Resolved SHOP-3")).toBeVisible();
    expect(screen.getByText("1 of 3")).toBeVisible();
    await user.keyboard("j");
    await waitFor(() => expect(window.location.pathname).toBe("/issues/5"));
    expect(await screen.findByText("1 of 2")).toBeVisible();
  });

  // A list is as long as Sentry says, not as long as its first page.
  it("j ended at the loaded page: the next one is fetched, and the total is the list's", async () => {
    const asked = serveLists();
    const user = openWorkbench("/issues/9");
    expect(await screen.findByText("9 of 12")).toBeVisible();
    await waitFor(() => expect(screen.getByRole("button", { name: "Next issue" })).toBeEnabled());
    await user.keyboard("j");
    await waitFor(() => expect(window.location.pathname).toBe("/issues/10"));
    expect(await screen.findByText("10 of 12")).toBeVisible();
    expect(asked.map((query) => query.get("cursor"))).toEqual([null, "two"]);
  });

  // The address is the state: a reload, or a colleague who opens it, stands in the same list.
  it("the search and j were gone after a reload: the issue's address names its list", async () => {
    serveLists();
    const user = openWorkbench("/?query=Error");
    await user.click(await screen.findByRole("link", { name: "Error5" }));
    await screen.findByText("2 of 3");
    expect(window.location.search).toBe("?query=Error");
    expect(screen.getByRole("combobox", { name: "Search issues" })).toHaveValue("Error ");
  });

  it("opened by its address, an issue stands in the list that the address names, with another event too", async () => {
    serveLists();
    const user = openWorkbench("/issues/5?query=Error&event=latest");
    expect(await screen.findByText("2 of 3")).toBeVisible();
    expect(screen.getByRole("combobox", { name: "Search issues" })).toHaveValue("Error ");
    await user.keyboard("k");
    await waitFor(() => expect(window.location.pathname + window.location.search).toBe("/issues/3?query=Error"));
    await user.keyboard("u");
    await waitFor(() => expect(window.location.pathname + window.location.search).toBe("/?query=Error"));
  });

  // What Sentry would be asked for must be an event's id or a word of its own, whatever stands in an address.
  it("a mangled event in the address was asked for: the recommended one is", async () => {
    serveLists();
    const events: string[] = [];
    gateway.use(
      http.get("/api/v1/issues/:id/events/:event", ({ params }) => {
        events.push(String(params["event"]));
        return HttpResponse.json(event());
      }),
    );
    openWorkbench("/issues/5?event=nonsense");
    await screen.findByText("5 of 12");
    await screen.findByText("failing charge");
    expect(events).toEqual(["recommended"]);
  });
});
