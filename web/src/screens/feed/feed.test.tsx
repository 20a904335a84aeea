import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { FeedEvent } from "@/core/feed";
import { aFeedPage, anEvent } from "@tests/feed";
import { gateway } from "@tests/gateway";
import { openWorkbench, quietGateway } from "@tests/workbench";

/** The live connection, which a test speaks through. */
class Line extends EventTarget {
  readonly readyState = 1;
  constructor(readonly address: string) {
    super();
    lines.push(this);
  }
  say(kind: string, data: unknown): void {
    act(() => void this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(data) })));
  }
  close(): void {
    return undefined;
  }
}

let lines: Line[] = [];
/** What the live feed says; nothing before it is connected. */
const say = (kind: string, data: unknown): void => lines.findLast(({ address }) => address.startsWith("/events/stream"))?.say(kind, data);

/** Have events happen, as the connection tells them. */
function happens(offset: number, part: Partial<FeedEvent>, epoch = "e"): void {
  say("event", { kind: "event", epoch, offset, event: anEvent(part) });
}

const about = (number: number): Partial<FeedEvent> => ({ issue: { id: String(number), short_id: `SHOP-${number}`, title: `Error ${number}` } });

/** Answer the feed; each request's query is kept. */
function answerFeed(reply: (query: URLSearchParams) => ReturnType<typeof aFeedPage> | Response): URLSearchParams[] {
  const asked: URLSearchParams[] = [];
  gateway.use(
    http.get("/api/v1/feed", ({ request }) => {
      const query = new URL(request.url).searchParams;
      asked.push(query);
      const answer = reply(query);
      return answer instanceof Response ? answer : HttpResponse.json(answer);
    }),
  );
  return asked;
}

const rows = () => within(screen.getByRole("list", { name: "Events, the newest first" })).queryAllByRole("listitem");
const told = () => rows().map((row) => row.textContent);
const scrollTo = (top: number) => {
  const box = screen.getByRole("list", { name: "Events, the newest first" }).parentElement;
  if (box === null) return;
  box.scrollTop = top;
  fireEvent.scroll(box);
};

beforeEach(() => {
  lines = [];
  vi.stubGlobal("EventSource", Line);
  quietGateway();
  window.localStorage.clear();
});
afterEach(() => void vi.unstubAllGlobals());

describe("the feed", () => {
  // One glance: what happened, to what, from what to what, by whom, how it was heard of.
  it("tells in a row all that is known of an event", async () => {
    answerFeed(() => aFeedPage([[2, about(7)], [1, { type: "gateway.breaker", issue: null, project: null, actor: null, source: "dexter", data: { call_class: "write", state: "open", last_failure: "503" } }]]));
    openWorkbench("/feed");
    const link = await screen.findByRole("link", { name: "Error 7" });
    expect(link).toHaveAttribute("href", "/issues/7");
    const [row, breaker] = rows();
    for (const text of ["Resolved", "SHOP-7 · shop", "Ongoing to →Resolved", "Grace", "Webhook"]) expect(row).toHaveTextContent(text);
    for (const text of ["Circuit breaker", "Changes: held back (503)", "Dexter"]) expect(breaker).toHaveTextContent(text);
    expect(screen.getByText("That is all")).toBeInTheDocument();
  });

  it("shows at the top what comes, once, and only what is asked for", async () => {
    answerFeed(() => aFeedPage([[3, about(3)]]));
    openWorkbench("/feed?kind=done");
    await screen.findByRole("link", { name: "Error 3" });
    say("hello", { epoch: "e", offset: 3 });
    happens(3, about(3));
    happens(4, { ...about(4), type: "issue.created" });
    happens(5, about(5));
    expect(await screen.findByRole("link", { name: "Error 5" })).toBeInTheDocument();
    expect(screen.getAllByRole("link", { name: /^Error/ }).map(({ textContent }) => textContent)).toEqual(["Error 5", "Error 3"]);
  });

  // What happened between the page and the connection is told by neither.
  it("asks for what happened before the connection stood", async () => {
    const asked = answerFeed((query) => (query.has("since") ? aFeedPage([[4, about(4)]]) : aFeedPage([[3, about(3)]])));
    openWorkbench("/feed");
    await screen.findByRole("link", { name: "Error 3" });
    say("hello", { epoch: "e", offset: 4 });
    expect(await screen.findByRole("link", { name: "Error 4" })).toBeInTheDocument();
    expect(asked.at(-1)?.get("since")).toBe("e:3");
  });

  it("does not move under a reader who has scrolled, and counts what is new", async () => {
    answerFeed(() => aFeedPage(Array.from({ length: 40 }, (_, index) => [40 - index, about(40 - index)])));
    const user = openWorkbench("/feed");
    await screen.findByRole("link", { name: "Error 40" });
    scrollTo(400);
    for (const offset of [41, 42, 43]) happens(offset, about(offset));
    await user.click(await screen.findByRole("button", { name: "3 new events" }));
    expect(await screen.findByRole("link", { name: "Error 43" })).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: /new event/ })).not.toBeInTheDocument();
  });

  it("waits while it is paused, and goes on", async () => {
    answerFeed(() => aFeedPage([[1, about(1)]]));
    const user = openWorkbench("/feed");
    await screen.findByRole("link", { name: "Error 1" });
    await user.keyboard("p");
    happens(2, about(2));
    expect(await screen.findByText("Paused · 1 new event waiting")).toBeInTheDocument();
    expect(screen.queryByRole("link", { name: "Error 2" })).not.toBeInTheDocument();
    await user.keyboard("p");
    expect(await screen.findByRole("link", { name: "Error 2" })).toBeInTheDocument();
  });

  // A hole that nobody speaks of would be taken for a quiet hour.
  it("says where events are gone", async () => {
    answerFeed(() => aFeedPage([[1, about(1)]]));
    openWorkbench("/feed");
    await screen.findByRole("link", { name: "Error 1" });
    say("gap", { epoch: "e", offset: 9, why: "trimmed" });
    happens(10, about(10));
    await screen.findByRole("link", { name: "Error 10" });
    expect(told()[1]).toMatch(/^8 events between .* are gone: the log goes no further back$/);
  });

  it("leads back to the oldest, and says when what was before is gone", async () => {
    const asked = answerFeed((query) => (query.has("before") ? aFeedPage([[8, about(8)]], { oldest: 8 }) : aFeedPage([[9, about(9)]], { oldest: 8, next: "e:9" })));
    openWorkbench("/feed");
    expect(await screen.findByRole("link", { name: "Error 8" })).toBeInTheDocument();
    expect(asked.map((query) => query.get("before"))).toEqual([null, "e:9"]);
    expect(screen.getByText(/What was before is gone/)).toBeInTheDocument();
  });

  it("shows what was before a place, which nothing new belongs to, and leads back to now", async () => {
    const asked = answerFeed((query) => (query.has("before") ? aFeedPage([[8, about(8)]]) : aFeedPage([[20, about(20)]])));
    const user = openWorkbench("/feed?before=e:9");
    expect(await screen.findByText("Earlier events")).toBeInTheDocument();
    await screen.findByRole("link", { name: "Error 8" });
    expect(asked[0]?.get("before")).toBe("e:9");
    happens(21, about(21));
    await user.click(screen.getByRole("button", { name: "Back to live" }));
    expect(await screen.findByRole("link", { name: "Error 20" })).toBeInTheDocument();
    expect(window.location.search).toBe("");
  });

  it("is walked and opened by keys", async () => {
    answerFeed(() => aFeedPage([[2, about(2)], [1, about(1)]]));
    gateway.use(http.get("/api/v1/issues/:id/*", () => new HttpResponse(null, { status: 404 })), http.get("/api/v1/issues/:id", () => new HttpResponse(null, { status: 404 })));
    const user = openWorkbench("/feed");
    await screen.findByRole("link", { name: "Error 2" });
    await user.keyboard("jj");
    expect(screen.getByRole("link", { name: "Error 1" })).toHaveFocus();
    await user.keyboard("k");
    expect(screen.getByRole("link", { name: "Error 2" })).toHaveFocus();
    await user.keyboard("{Enter}");
    await waitFor(() => expect(window.location.pathname).toBe("/issues/2"));
  });
});

describe("filters", () => {
  it("stand in the address and are the gateway's to apply", async () => {
    const asked = answerFeed(() => aFeedPage([[1, about(1)]]));
    const user = openWorkbench("/feed?source=poll");
    await screen.findByRole("link", { name: "Error 1" });
    expect(asked[0]?.get("filter")).toBe("source:poll");
    await user.click(screen.getByRole("checkbox", { name: "Jobs" }));
    await user.type(screen.getByRole("textbox", { name: "Who" }), "Grace Hopper");
    await waitFor(() => expect(new URLSearchParams(window.location.search).get("actor")).toBe("Grace Hopper"));
    expect(new URLSearchParams(window.location.search).get("kind")).toBe("jobs");
    await waitFor(() => expect(asked.at(-1)?.get("filter")).toBe('type:job source:poll actor:"Grace Hopper"'));
    expect(asked.at(-1)?.get("channels")).toBe("jobs");
  });

  it("that fit nothing say so, with the way out", async () => {
    answerFeed((query) => (query.has("filter") ? aFeedPage([]) : aFeedPage([[1, about(1)]])));
    const user = openWorkbench("/feed?text=nowhere");
    await user.click(await screen.findByRole("button", { name: "Clear the filters" }));
    expect(await screen.findByRole("link", { name: "Error 1" })).toBeInTheDocument();
  });
});

describe("when it cannot be read", () => {
  it("says why, and tries again", async () => {
    let fails = true;
    answerFeed(() => (fails ? HttpResponse.json({ message: "The feed's log does not answer", remedy: "Try again in a moment." }, { status: 503 }) : aFeedPage([])));
    const user = openWorkbench("/feed");
    expect(await screen.findByText("The feed's log does not answer")).toBeInTheDocument();
    fails = false;
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("Nothing has happened yet")).toBeInTheDocument();
  });

  it("says how old it is while the browser is offline", async () => {
    answerFeed(() => aFeedPage([[1, about(1)]]));
    openWorkbench("/feed");
    await screen.findByRole("link", { name: "Error 1" });
    act(() => void window.dispatchEvent(new Event("offline")));
    expect(await screen.findByText(/^This browser is offline\. This is the feed as of just now\.$/)).toBeInTheDocument();
    act(() => void window.dispatchEvent(new Event("online")));
    say("hello", { epoch: "e", offset: 1 });
    await waitFor(() => expect(screen.queryByText(/^This browser is offline/)).not.toBeInTheDocument());
  });
});

describe("a replay", () => {
  // So far apart that no machine is too slow to interrupt it.
  const film = () => aFeedPage(Array.from({ length: 12 }, (_, index) => [index + 1, { ...about(index + 1), at: new Date(Date.UTC(2026, 0, 2, 3, index)).toISOString() }]));

  it("plays from a row on, is plainly not live, and leads back", async () => {
    const asked = answerFeed((query) => (query.has("since") ? film() : aFeedPage([[3, about(3)], [2, about(2)]])));
    const user = openWorkbench("/feed");
    await screen.findByRole("link", { name: "Error 2" });
    await user.keyboard("jj{Shift>}r{/Shift}");
    expect(await screen.findByText("Replay, not live")).toBeInTheDocument();
    expect(asked.at(-1)?.get("since")).toBe("e:1");
    expect(window.location.search).toBe("?replay=e%3A1");
    // What happens meanwhile is no part of what was.
    happens(90, about(90));
    await screen.findByRole("link", { name: "Error 1" });
    expect(screen.queryByRole("link", { name: "Error 90" })).not.toBeInTheDocument();
    await user.keyboard("l");
    expect(await screen.findByRole("link", { name: "Error 90" })).toBeInTheDocument();
    expect(screen.queryByText("Replay, not live")).not.toBeInTheDocument();
  });

  it("pauses, steps, and plays all at once to the present", async () => {
    const asked = answerFeed(() => film());
    const user = openWorkbench("/feed?replay=2026-01-02T03:00:00Z&project=shop");
    await screen.findByRole("link", { name: "Error 1" });
    expect([asked[0]?.get("moment"), asked[0]?.get("filter")]).toEqual(["2026-01-02T03:00:00.000Z", "project:shop"]);
    await user.keyboard("p");
    expect(screen.getByRole("button", { name: "Play" })).toBeInTheDocument();
    const before = rows().length;
    await user.keyboard("s");
    await waitFor(() => expect(rows()).toHaveLength(before + 1));
    await user.click(screen.getByRole("button", { name: "All at once" }));
    expect(await screen.findByText("Reached the present")).toBeInTheDocument();
    expect(rows()).toHaveLength(12);
    expect(rows()[0]).toHaveTextContent("Error 12");
  });

  it("that fails says so and goes on when asked to", async () => {
    let fails = true;
    answerFeed(() => (fails ? HttpResponse.json({ message: "The feed's log does not answer", remedy: "Try again." }, { status: 503 }) : film()));
    const user = openWorkbench("/feed?replay=e:0");
    await screen.findByText("Broken off");
    fails = false;
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("link", { name: "Error 1" })).toBeInTheDocument();
  });
});
