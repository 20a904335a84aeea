import { screen, waitFor, within } from "@testing-library/react";
import type { UserEvent } from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, it } from "vitest";

import type { Delivery, Subscription } from "@/core/subscriptions";
import { anEvent } from "@tests/feed";
import { gateway } from "@tests/gateway";
import { openWorkbench, quietGateway, SESSION } from "@tests/workbench";

const ONE: Subscription = {
  id: "a".repeat(32),
  name: "Chat",
  url: "https://hooks.test/dexter",
  channels: ["issues"],
  filter: "project:shop",
  types: [],
  active: true,
  paused_reason: null,
  created_at: "2026-01-01T00:00:00Z",
  created_by: { id: "p", name: "Grace" },
  health: "ok",
  behind: 0,
  delivered: 12,
  pending: 1,
  dead: 2,
  last_delivery_at: "2026-01-02T00:00:00Z",
  last_error: null,
};

const DEAD: Delivery = {
  id: "d".repeat(32),
  event: { organization: "acme", ...anEvent() },
  place: "e:4",
  state: "dead",
  attempts: 8,
  next_attempt_at: null,
  last_status: 500,
  last_error: "The receiver answered 500. Given up after 8 attempts.",
  created_at: "2026-01-01T00:00:00Z",
  delivered_at: null,
  dead_at: "2026-01-01T01:00:00Z",
};

let kept: Subscription[] = [];
let sent: [method: string, path: string, body: unknown][] = [];

/** The gateway's side of subscriptions: what is sent is kept, and what is made or changed is there afterwards. */
function answerSubscriptions(deliveries: Delivery[] = []): void {
  const record = async (request: Request): Promise<unknown> => {
    const text = await request.text();
    const body: unknown = text === "" ? null : JSON.parse(text);
    sent.push([request.method, new URL(request.url).pathname.replace(/[a-f0-9]{32}/g, (id) => id.charAt(0)), body]);
    return body;
  };
  const missing = () => HttpResponse.json({ message: "There is no such subscription", remedy: "It may have been removed." }, { status: 404 });
  gateway.use(
    http.get("/api/v1/subscriptions", () => HttpResponse.json({ data: kept })),
    http.post("/api/v1/subscriptions", async ({ request }) => {
      const form = (await record(request)) as Subscription;
      if (form.url.includes("169.254")) return HttpResponse.json({ message: "url: 169.254.169.254 is a link-local address", remedy: "Name another one." }, { status: 422 });
      kept = [...kept, { ...ONE, ...form }];
      return HttpResponse.json({ ...ONE, ...form, secret: "whsec_once" }, { status: 201 });
    }),
    http.get("/api/v1/subscriptions/:id", ({ params }) => {
      const found = kept.find(({ id }) => id === params["id"]);
      return found === undefined ? missing() : HttpResponse.json(found);
    }),
    http.patch("/api/v1/subscriptions/:id", async ({ request }) => {
      const change = (await record(request)) as Partial<Subscription>;
      kept = kept.map((each) => ({ ...each, ...change, ...("active" in change ? { health: change.active === true ? "ok" : "paused" } : {}) }));
      return HttpResponse.json(kept[0]);
    }),
    http.delete("/api/v1/subscriptions/:id", async ({ request }) => {
      await record(request);
      kept = [];
      return new HttpResponse(null, { status: 204 });
    }),
    http.post("/api/v1/subscriptions/:id/test", async ({ request }) => {
      await record(request);
      return HttpResponse.json({ status: 500, ms: 12, error: "The receiver answered 500." });
    }),
    http.post("/api/v1/subscriptions/:id/secret", async ({ request }) => {
      await record(request);
      return HttpResponse.json({ secret: "whsec_second" });
    }),
    http.get("/api/v1/subscriptions/:id/deliveries", ({ request }) => {
      const state = new URL(request.url).searchParams.get("state");
      return HttpResponse.json({ data: deliveries.filter((each) => state === null || each.state === state), pagination: { next: null, prev: null } });
    }),
    http.post("/api/v1/subscriptions/:id/deliveries/:delivery/retry", async ({ request }) => {
      await record(request);
      return HttpResponse.json({ ...DEAD, state: "pending" });
    }),
    http.post("/api/v1/subscriptions/:id/dead/retry", async ({ request }) => {
      await record(request);
      return HttpResponse.json({ count: 2 });
    }),
    http.delete("/api/v1/subscriptions/:id/dead", async ({ request }) => {
      await record(request);
      return HttpResponse.json({ count: 2 });
    }),
  );
}

/** Fill a field at once: a form this large draws itself anew for each letter. */
async function write(user: UserEvent, field: HTMLElement, text: string): Promise<void> {
  await user.click(field);
  await user.paste(text);
}

beforeEach(() => {
  kept = [];
  sent = [];
  quietGateway();
  gateway.use(http.get("/api/v1/session", () => HttpResponse.json({ ...SESSION, user: { ...SESSION.user, is_admin: true } })));
});

// The secret is nowhere else: whoever looks away must not have lost it, and nobody sees it twice.
it("adds one, and shows its secret until it is said to be known", async () => {
  answerSubscriptions();
  const user = openWorkbench("/subscriptions");
  await user.click(await screen.findByRole("button", { name: "Add a subscription" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Add a subscription" }));
  expect(dialog.getByRole("button", { name: "Add" })).toBeDisabled();
  await write(user, dialog.getByLabelText("Name"), "Pager");
  await write(user, dialog.getByLabelText("Address"), "https://hooks.test/pager");
  await user.click(dialog.getByLabelText("Alerts"));
  await write(user, dialog.getByLabelText("Only of a project or an issue"), "project:shop");
  await user.click(dialog.getByLabelText("Resolved"));
  await user.click(dialog.getByRole("button", { name: "Add" }));
  expect(await screen.findByText("whsec_once")).toBeInTheDocument();
  expect(sent).toEqual([["POST", "/api/v1/subscriptions", { name: "Pager", url: "https://hooks.test/pager", channels: ["issues", "alerts", "project:shop"], filter: "", types: ["issue.resolved"] }]]);
  expect(await screen.findByRole("link", { name: "Pager" })).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "I have it" }));
  expect(screen.queryByText("whsec_once")).not.toBeInTheDocument();
});

it("says why an address is not taken, and keeps what was typed", async () => {
  answerSubscriptions();
  const user = openWorkbench("/subscriptions");
  await user.click(await screen.findByRole("button", { name: "Add a subscription" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Add a subscription" }));
  await write(user, dialog.getByLabelText("Name"), "Pager");
  await write(user, dialog.getByLabelText("Address"), "http://169.254.169.254/");
  await user.click(dialog.getByRole("button", { name: "Add" }));
  expect(await dialog.findByRole("alert")).toHaveTextContent("url: 169.254.169.254 is a link-local address. Name another one.");
  expect(dialog.getByLabelText("Name")).toHaveValue("Pager");
});

it("tells in a row how each does", async () => {
  kept = [{ ...ONE, health: "failing" }];
  answerSubscriptions();
  openWorkbench("/subscriptions");
  const row = (await screen.findByRole("link", { name: "Chat" })).closest("li");
  for (const text of ["https://hooks.test/dexter", "Issues · project:shop", "Failing", "12 deliveries", "1 waiting", "2 deliveries given up"]) expect(row).toHaveTextContent(text);
});

it("pauses, tests and deletes one, once it is sure", async () => {
  kept = [ONE];
  answerSubscriptions();
  const user = openWorkbench(`/subscriptions/${ONE.id}`);
  await user.click(await screen.findByRole("button", { name: "Pause" }));
  expect(await screen.findByRole("button", { name: "Go on" })).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Send a test" }));
  expect(await screen.findByText(/The test was not taken\. The receiver answered 500\./)).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Delete" }));
  await user.click(await screen.findByRole("button", { name: "Delete for good" }));
  await waitFor(() => expect(window.location.pathname).toBe("/subscriptions"));
  expect(await screen.findByText("Nothing is forwarded yet")).toBeInTheDocument();
  expect(sent.map(([method, path]) => `${method} ${path}`)).toEqual(["PATCH /api/v1/subscriptions/a", "POST /api/v1/subscriptions/a/test", "DELETE /api/v1/subscriptions/a"]);
});

it("makes a new secret only when asked twice, and changes what is forwarded", async () => {
  kept = [ONE];
  answerSubscriptions();
  const user = openWorkbench(`/subscriptions/${ONE.id}`);
  await user.click(await screen.findByRole("button", { name: "New secret" }));
  expect(sent).toEqual([]);
  await user.click(await screen.findByRole("button", { name: "Make a new secret" }));
  expect(await screen.findByText("whsec_second")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Change" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Change Chat" }));
  await user.clear(dialog.getByLabelText("Filter"));
  await user.click(dialog.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(sent.at(-1)).toEqual(["PATCH", "/api/v1/subscriptions/a", { name: "Chat", url: "https://hooks.test/dexter", channels: ["issues"], filter: "", types: [] }]));
});

it("shows what was given up, with why, and sends it again", async () => {
  kept = [ONE];
  answerSubscriptions([DEAD]);
  const user = openWorkbench(`/subscriptions/${ONE.id}`);
  const rows = () => within(screen.getByRole("list", { name: "Deliveries" })).getAllByRole("listitem");
  await user.click(await screen.findByRole("link", { name: "Given up" }));
  await waitFor(() => expect(window.location.search).toBe("?state=dead"));
  await screen.findByRole("list", { name: "Deliveries" });
  for (const text of ["Resolved", "SHOP-7 Oops", "Given up after 8 attempts", "8 attempts"]) expect(rows()[0]).toHaveTextContent(text);
  await user.click(screen.getByRole("button", { name: "Send resolved SHOP-7 Oops again" }));
  expect(await screen.findByText("It is sent again.")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Send all again" }));
  expect(await screen.findByText("2 deliveries are sent again.")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Forget all" }));
  await user.click(screen.getByRole("button", { name: "Forget all for good" }));
  expect(await screen.findByText("What was given up is forgotten.")).toBeInTheDocument();
  expect(sent.map(([method, path]) => `${method} ${path}`)).toEqual([
    "POST /api/v1/subscriptions/a/deliveries/d/retry",
    "POST /api/v1/subscriptions/a/dead/retry",
    "DELETE /api/v1/subscriptions/a/dead",
  ]);
});

it("says who may see them", async () => {
  gateway.use(http.get("/api/v1/subscriptions", () => HttpResponse.json({ message: "Only administrators may do this", remedy: "Ask one of them." }, { status: 403 })));
  openWorkbench("/subscriptions");
  expect(await screen.findByText("Only administrators may do this")).toBeInTheDocument();
});

it("says when one is gone", async () => {
  answerSubscriptions();
  openWorkbench(`/subscriptions/${ONE.id}`);
  expect(await screen.findByText("There is no such subscription")).toBeInTheDocument();
});
