import { screen, waitFor, within, render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { App } from "@/app/App";

import { gateway } from "../../../tests/gateway";
import { context, event, EVENT, issue, OLDER, SESSION } from "./issue.fixture";

const PAGE = {
  data: [],
  pagination: { next: null, prev: null },
  meta: { cached_at: null, age_s: 0, stale: false, source: "miss" },
};

interface Seen {
  puts: unknown[];
  events: string[];
}

/** The gateway with one issue in it; what it was asked is kept. */
function serve(page: Record<string, unknown> = context(), one: Record<string, unknown> = event()): Seen {
  const seen: Seen = { puts: [], events: [] };
  let current = page;
  gateway.use(
    http.get("/api/v1/session", () => HttpResponse.json(SESSION)),
    http.get("/ready", () => HttpResponse.json({ status: "ok" })),
    http.get("/health", () => HttpResponse.json({ status: "ok" })),
    http.get("/api/v1/issues/:id/context", () => HttpResponse.json(current)),
    http.get("/api/v1/issues/:id/events/:event", ({ params }) => {
      seen.events.push(String(params["event"]));
      return HttpResponse.json(
        params["event"] === OLDER ? { ...one, id: OLDER, eventID: OLDER, previousEventID: null } : one,
      );
    }),
    http.put("/api/v1/issues/:id", async ({ request }) => {
      const update = (await request.json()) as Record<string, unknown>;
      seen.puts.push(update);
      current = {
        ...current,
        ...(update["status"] === undefined ? {} : { status: update["status"], substatus: null }),
      };
      return HttpResponse.json(issue({ status: current["status"], substatus: current["substatus"] }));
    }),
    http.get("/api/v1/issues/marks", () => HttpResponse.json({ data: {} })),
    ...["comments", "notes", "similar", "merged"].map((part) => http.get(`/api/v1/issues/:id/${part}`, () => HttpResponse.json({ data: [] }))),
    http.get("/api/v1/issues/:id/owners", () => HttpResponse.json({ suggested: [] })),
    http.get("/api/v1/searches/recent", () => HttpResponse.json({ data: [] })),
    http.get("/api/v1/:list", () => HttpResponse.json(PAGE)),
  );
  return seen;
}

async function open(address = "/issues/101") {
  window.history.replaceState(null, "", address);
  render(<App />);
  // The first element that only this page has; a frame with a heading of its own stands before it.
  await screen.findByRole("button", { name: "Bookmark" });
}

const search = () => window.location.search;

beforeEach(() => window.localStorage.clear());

describe("the issue page", () => {
  // One glance must answer what broke, how bad it is, and in which state it stands.
  it("shows what broke, its state and its numbers", async () => {
    serve();
    await open();
    expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent("GatewayTimeout");
    expect(screen.getByText("Ongoing")).toBeVisible();
    expect(screen.getByText("12,431 events")).toBeInTheDocument();
    expect(screen.getByText(/in shop@1.2|shop@1.2/)).toBeInTheDocument();
    expect(screen.getByRole("img", { name: /12 events in 24 hours, at most 9 an hour/ })).toBeInTheDocument();
    expect(screen.getByRole("link", { name: "Open in Sentry" })).toHaveAttribute("rel", "noopener noreferrer");
  });

  // Own code is open with its failing line; library code must not stand between the reader and it.
  it("opens in-app frames, folds the library's and chains the exceptions", async () => {
    serve();
    await open();
    const frames = await screen.findByRole("list", { name: "Frames of GatewayTimeout" });
    expect(within(frames).getByText("failing charge")).toBeVisible();
    expect(within(frames).queryByText("failing wsgi")).toBeNull();
    await userEvent.click(within(frames).getByRole("button", { name: "Show 2 library frames" }));
    expect(within(frames).getByText("wsgi.py")).toBeVisible();
    await userEvent.click(within(frames).getByRole("button", { name: /Local variables/ }));
    expect(within(frames).getByText("129.90")).toBeVisible();
    const types = screen.getAllByRole("article").map((article) => article.getAttribute("aria-label"));
    expect(types).toEqual(["GatewayTimeout", "ReadTimeout"]);
    expect(screen.getByText("Caused by")).toBeVisible();
  });

  // Source maps can be wrong; the minified stack is the evidence. Links out of a frame are the integration's, http only.
  it("shows the minified stack and the line in the repository on demand", async () => {
    const frame = {
      function: "pay",
      filename: "src/pay.ts",
      inApp: true,
      lineNo: 3,
      absPath: "x",
      sourceLink: "https://code.example/pay.ts#L3",
    };
    const value = {
      type: "TypeError",
      value: "x is not a function",
      stacktrace: { frames: [frame] },
      rawStacktrace: { frames: [{ function: "a", filename: "app.min.js", inApp: true, lineNo: 1, colNo: 8_123 }] },
      mechanism: { type: "onerror", handled: false, data: { errno: 5 } },
    };
    serve(context(), event({ entries: [{ type: "exception", data: { values: [value] } }] }));
    await open();
    expect(await screen.findByRole("link", { name: "Open this line in the repository" })).toHaveAttribute(
      "href",
      frame.sourceLink,
    );
    expect(screen.getByText("errno")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Show as minified" }));
    expect(screen.getByText("app.min.js")).toBeVisible();
    expect(screen.queryByText("src/pay.ts")).toBeNull();
  });

  // The address is the state: a colleague who opens it sees the same event in the same order.
  it("keeps the event and the order of frames in the address", async () => {
    const seen = serve();
    await open(`/issues/101?event=${OLDER}&order=oldest`);
    await screen.findByText("failing post");
    expect(seen.events).toEqual([OLDER]);
    expect(screen.getByRole("radio", { name: "Oldest first" })).toBeChecked();
    const types = screen.getAllByRole("article").map((article) => article.getAttribute("aria-label"));
    expect(types).toEqual(["ReadTimeout", "GatewayTimeout"]);
    await userEvent.click(screen.getByRole("radio", { name: "As text" }));
    expect(await screen.findByText(/Traceback/)).toBeVisible();
    expect(search()).toContain("stack=raw");
  });

  it("walks the events by button and by key", async () => {
    const seen = serve();
    await open();
    await userEvent.click(await screen.findByRole("button", { name: /Older event/ }));
    await waitFor(() => expect(search()).toBe(`?event=${OLDER}`));
    expect(await screen.findByRole("button", { name: /Older event/ })).toBeDisabled();
    await userEvent.keyboard("]");
    await waitFor(() => expect(search()).toContain("event=b"));
    expect(seen.events).toEqual(["recommended", OLDER, "b".repeat(32)]);
  });

  // One decision, one key; the page shows it at once and the toast offers the way back.
  it("resolves with e and takes it back with Undo", async () => {
    const seen = serve();
    await open();
    await screen.findByText("failing charge");
    await userEvent.keyboard("e");
    expect(await screen.findByText("Resolved")).toBeVisible();
    expect(await screen.findByText("Resolved SHOP-1F")).toBeVisible();
    expect(screen.getByRole("button", { name: "Reopen" })).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Undo" }));
    await waitFor(() => expect(seen.puts).toEqual([{ status: "resolved" }, { status: "unresolved" }]));
    expect(await screen.findByRole("button", { name: "Resolve" })).toBeVisible();
  });

  // One key that asks here and acts there is pressed wrongly in one of them.
  it("y archived at once here but asked in the stream: it asks in both, and shift+y archives at once", async () => {
    const seen = serve();
    await open();
    await screen.findByText("failing charge");
    await userEvent.keyboard("y");
    await screen.findByRole("combobox", { name: "Archive SHOP-1F" });
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("combobox", { name: "Archive SHOP-1F" })).toBeNull());
    await userEvent.keyboard("{Shift>}y{/Shift}");
    await waitFor(() => expect(seen.puts).toEqual([{ status: "archived", archive: { mode: "until_escalating" } }]));
  });

  // Two decisions in a row are two steps back; undoing the first must not undo the second instead.
  it("undoes with z, the latest change first", async () => {
    const seen = serve();
    await open();
    await screen.findByText("failing charge");
    await userEvent.keyboard("b");
    expect(await screen.findByText("Bookmarked SHOP-1F")).toBeVisible();
    await userEvent.keyboard("e");
    expect(await screen.findByText("Resolved SHOP-1F")).toBeVisible();
    await waitFor(() => expect(screen.queryByText("Bookmarked SHOP-1F")).toBeNull());
    await userEvent.keyboard("z");
    expect(await screen.findByText("Undone: Resolved SHOP-1F")).toBeVisible();
    await userEvent.keyboard("z");
    expect(await screen.findByText("Undone: Bookmarked SHOP-1F")).toBeVisible();
    expect(seen.puts).toEqual([
      { bookmark: true },
      { status: "resolved" },
      { status: "unresolved" },
      { bookmark: false },
    ]);
  });

  // A state that is shown but not true would be believed.
  it("takes a refused change back and says why", async () => {
    serve();
    await open();
    gateway.use(
      http.put("/api/v1/issues/:id", () =>
        HttpResponse.json(
          { message: "You may not change this issue", remedy: "Ask for event:write." },
          { status: 403 },
        ),
      ),
    );
    await userEvent.click(screen.getByRole("button", { name: "Archive" }));
    expect(await screen.findByText(/You may not change this issue/)).toBeVisible();
    expect(screen.getByText("Ongoing")).toBeVisible();
  });

  // The timeline is long in real life; narrowing it is how it is read.
  it("filters breadcrumbs by type and by text", async () => {
    serve();
    await open();
    const crumbs = await screen.findByRole("region", { name: /Breadcrumbs/ });
    expect(within(crumbs).getByText("−2.0 s")).toBeVisible();
    await userEvent.click(within(crumbs).getByRole("button", { name: /http/ }));
    expect(within(crumbs).queryByText("SELECT cart")).toBeNull();
    expect(within(crumbs).getByText("POST https://bank.example [504]")).toBeVisible();
    await userEvent.type(within(crumbs).getByRole("textbox"), "nothing like it");
    await userEvent.click(within(crumbs).getByRole("button", { name: "Show all 2" }));
    expect(within(crumbs).getByText("SELECT cart")).toBeVisible();
  });

  // A tag's value is a question about all issues, so it leads to them.
  // The same tag means another thing in another project: the link stays within the issue's own.
  it("links tag values to the stream of the issue's project, filtered by them", async () => {
    serve();
    await open();
    const link = await screen.findByRole("link", { name: /Chrome 141/ });
    expect(decodeURIComponent(link.getAttribute("href") ?? "").replaceAll("+", " ")).toBe(
      '/?status=all&query=browser:"Chrome 141"&project=shop',
    );
    expect(link).toHaveTextContent("(this event)");
  });

  // One broken part costs itself only, says why, and can be asked for alone.
  it("says which part is missing and fetches it again", async () => {
    serve(
      context({
        tags: null,
        parts: { tags: { status: "missing", reason: "Sentry took too long", remedy: "Ask again." } },
      }),
    );
    gateway.use(http.get("/api/v1/issues/101/tags", () => HttpResponse.json(context()["tags"] as object[])));
    await open();
    const tags = await screen.findByRole("region", { name: /^Tags/ });
    // "Tags 0" above it would say that there are none.
    expect(within(tags).getByRole("heading", { name: "Tags" })).toBeVisible();
    expect(within(tags).getByRole("status")).toHaveTextContent(
      "Tag distributions could not be loaded. Sentry took too long. Ask again.",
    );
    await userEvent.click(within(tags).getByRole("button", { name: "Try again" }));
    expect(await within(tags).findByText("90%")).toBeVisible();
    expect(within(tags).queryByRole("status")).toBeNull();
  });

  it("says how old it is when the gateway gave an old answer", async () => {
    serve(context({ parts: { issue: { status: "stale", cached_at: "2020-01-01T00:00:00Z" } } }));
    await open();
    expect(screen.getByText(/^As of \d+ yr ago/)).toBeVisible();
  });

  // A reader who waits for a fix to arrive wants Sentry's own word, and the old one to stay if there is none.
  it("asks Sentry again with r, and keeps what it has when that fails", async () => {
    serve();
    await open();
    await screen.findByText("failing charge");
    gateway.use(
      http.get("/api/v1/issues/:id/context", () => HttpResponse.json(context({ count: "12999" })), { once: true }),
    );
    await userEvent.keyboard("r");
    expect(await screen.findByText("12,999 events")).toBeInTheDocument();
    gateway.use(
      http.get("/api/v1/issues/:id/context", () =>
        HttpResponse.json({ message: "Sentry does not answer", remedy: "Try again in a moment." }, { status: 502 }),
      ),
    );
    await userEvent.click(screen.getByRole("button", { name: "Ask Sentry again" }));
    expect(await screen.findByText(/^As of .* Sentry does not answer. Try again in a moment./)).toBeVisible();
    expect(screen.getByText("12,999 events")).toBeInTheDocument();
    expect(screen.getByText("failing charge")).toBeVisible();
  });

  // The issue stays readable when only its event is gone.
  it("keeps the issue on screen when its event cannot be loaded", async () => {
    serve();
    gateway.use(http.get("/api/v1/issues/:id/events/recommended", () => HttpResponse.json({}, { status: 404 })));
    await open();
    expect(await screen.findByText("This event is not there any more")).toBeVisible();
    expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent("GatewayTimeout");
    await userEvent.click(screen.getByRole("button", { name: "Show the latest event" }));
    expect(await screen.findByText("failing charge")).toBeVisible();
  });

  it("says so when the issue does not exist", async () => {
    serve();
    gateway.use(http.get("/api/v1/issues/:id/context", () => HttpResponse.json({}, { status: 404 })));
    window.history.replaceState(null, "", "/issues/999");
    render(<App />);
    expect(await screen.findByText("This issue does not exist, or you may not see it")).toBeVisible();
    expect(screen.getByRole("link", { name: "Go to the issue stream" })).toHaveAttribute("href", "/");
  });

  // A merged issue answers with the one that survived; the address must be the one to pass on.
  it("follows a merged issue to the one that survived", async () => {
    serve(context({ id: "202" }));
    await open("/issues/101");
    await waitFor(() => expect(window.location.pathname).toBe("/issues/202"));
  });
});

describe("hostile events", () => {
  const attack = '<img src="https://evil.example/x.png" onerror="alert(1)"> \u202Egnp.exe javascript:alert(1)';

  // Everything in an event is written by whoever can reach the DSN, which stands in the browser of every visitor.
  it("shows hostile text as text: nothing loads, nothing links, nothing turns the direction", async () => {
    const hostile = JSON.parse(
      JSON.stringify(event())
        .replaceAll("charge", JSON.stringify(attack).slice(1, -1))
        .replaceAll("https://shop.example/pay", "javascript:alert(1)"),
    ) as Record<string, unknown>;
    hostile["user"] = { email: attack, avatarUrl: "https://evil.example/a.png" };
    hostile["contexts"] = { x: { link: "javascript:alert(1)", image: attack }, y: { name: attack } };
    hostile["tags"] = [
      { key: attack, value: attack },
      { key: "url", value: "javascript:alert(1)" },
    ];
    serve(
      context({
        title: attack,
        metadata: { type: attack, value: attack },
        culprit: attack,
        permalink: "javascript:alert(1)",
      }),
      hostile,
    );
    await open();
    await screen.findByRole("region", { name: "Contexts" });
    const main = screen.getByRole("main");
    expect(main.querySelectorAll("img, script, iframe, object, embed, video, audio, source, style, link")).toHaveLength(
      0,
    );
    const hrefs = [...main.querySelectorAll("a")].map((link) => link.getAttribute("href") ?? "");
    expect(hrefs.filter((href) => !/^(\/|#|https?:\/\/)/.test(href))).toEqual([]);
    expect(main.outerHTML).not.toContain("\u202E");
    expect(document.title).not.toContain("\u202E");
    expect(main.textContent).toContain("U+202E");
    expect(screen.queryByRole("link", { name: "Open in Sentry" })).toBeNull();
    expect(screen.queryByRole("button", { name: "Copy as cURL" })).toBeNull();
  });

  it("opens outside links without telling them where from", async () => {
    serve(context(), event({ contexts: { x: { type: "default", docs: "https://docs.example/help" } } }));
    await open();
    const link = await screen.findByRole("link", { name: "https://docs.example/help" });
    expect(link).toHaveAttribute("rel", "noopener noreferrer nofollow");
    expect(link).toHaveAttribute("target", "_blank");
  });

  // The page's reading is tested against rubbish; this holds that its drawing is, too.
  it.each([null, [], { entries: "x", contexts: 3, tags: {} }])("draws %j", async (one) => {
    serve();
    gateway.use(http.get("/api/v1/issues/:id/events/:event", () => HttpResponse.json(one)));
    await open();
    expect(await screen.findByRole("region", { name: /^Tags/ })).toBeVisible();
  });
});

describe("copies", () => {
  it("copies the event's id and the request as a command", async () => {
    const user = userEvent.setup();
    serve();
    await open();
    await user.click(await screen.findByRole("button", { name: "Copy the event's ID" }));
    expect(await navigator.clipboard.readText()).toBe(EVENT);
    await user.click(screen.getByRole("button", { name: "Copy as cURL" }));
    expect(await navigator.clipboard.readText()).toContain("'https://shop.example/pay'");
  });
});
