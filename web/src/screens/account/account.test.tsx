import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, it } from "vitest";

import { gateway } from "@tests/gateway";
import { openWorkbench, quietGateway, SESSION } from "@tests/workbench";

const ME = { id: "a".repeat(32), name: "Ada Lovelace", email: "ada@b.c", role: "triager", is_admin: false, has_password: true, linked_sentry: null };
const TOKEN = { id: "b".repeat(32), name: "nightly", hint: "wxyz", scopes: ["read"], organization: null, created_at: "2026-01-01T00:00:00Z", expires_at: null, last_used_at: null };
const HERE = { id: "1".repeat(64), current: true, opened_with: "password", created_at: "2026-01-01T00:00:00Z", last_seen_at: "2026-01-01T00:00:00Z", expires_at: "2027-01-01T00:00:00Z", user_agent: "Firefox/128.0 (X11; Linux)", address: "127.0.0.1" };
const THERE = { ...HERE, id: "2".repeat(64), current: false, user_agent: "Mozilla/5.0 (Macintosh) Chrome/126.0 Safari/537.36" };

let sent: { method: string; path: string; body: unknown }[] = [];
beforeEach(() => {
  sent = [];
  quietGateway();
  const noted = async ({ request }: { request: Request }) => {
    const text = await request.text();
    sent.push({ method: request.method, path: new URL(request.url).pathname, body: text === "" ? null : JSON.parse(text) });
  };
  gateway.use(
    http.get("/api/v1/session", () => HttpResponse.json({ ...SESSION, user: ME })),
    http.get("/api/v1/sessions", () => HttpResponse.json({ data: [HERE, THERE] })),
    http.get("/api/v1/tokens", () => HttpResponse.json({ data: [TOKEN] })),
    http.post("/api/v1/tokens", async (asked) => {
      await noted(asked);
      return HttpResponse.json({ ...TOKEN, id: "c".repeat(32), name: "ci", token: "dxt_shown-once" }, { status: 201 });
    }),
    http.delete("/api/v1/sessions/:id", async (asked) => {
      await noted(asked);
      return new HttpResponse(null, { status: 204 });
    }),
    http.delete("/api/v1/tokens/:id", async (asked) => {
      await noted(asked);
      return new HttpResponse(null, { status: 204 });
    }),
    http.put("/api/v1/me/password", async (asked) => {
      await noted(asked);
      return new HttpResponse(null, { status: 204 });
    }),
  );
});

// Whoever loses it makes another; nothing but this one answer has it.
it("shows a new token once, to be copied", async () => {
  const user = openWorkbench("/account");
  await user.click(await screen.findByRole("button", { name: "Make a token" }));
  await user.type(screen.getByLabelText("What it is for"), "ci");
  await user.click(screen.getByLabelText(/^triage/));
  await user.click(screen.getByRole("button", { name: "Make it" }));
  expect(await screen.findByText("dxt_shown-once")).toBeInTheDocument();
  expect(sent).toEqual([{ method: "POST", path: "/api/v1/tokens", body: { name: "ci", scopes: ["read", "triage"], organization: null, expires_in_days: 90 } }]);
  await user.click(screen.getByRole("button", { name: "I have it" }));
  expect(screen.queryByText("dxt_shown-once")).not.toBeInTheDocument();
});

it("lists the sessions by browser and ends another, never this one by mistake", async () => {
  const user = openWorkbench("/account");
  const sessions = await screen.findByRole("region", { name: "Sessions" });
  expect(await within(sessions).findByText(/Firefox on Linux/)).toHaveTextContent("(this one)");
  expect(within(sessions).getAllByRole("button", { name: /^End the session/ })).toHaveLength(1);
  await user.click(within(sessions).getByRole("button", { name: "End the session of Chrome on macOS" }));
  await waitFor(() => expect(sent).toEqual([{ method: "DELETE", path: `/api/v1/sessions/${THERE.id}`, body: null }]));
  expect(await screen.findByText("That session has ended.")).toBeInTheDocument();
});

it("asks for the present password and sends a new one only when it was typed twice alike", async () => {
  const user = openWorkbench("/account");
  const section = await screen.findByRole("region", { name: "Password" });
  await user.type(within(section).getByLabelText("Present password"), "old password");
  await user.type(within(section).getByLabelText("New password"), "a long enough one");
  await user.type(within(section).getByLabelText("New password again"), "a long enough onf");
  await user.click(within(section).getByRole("button", { name: "Change the password" }));
  expect(await within(section).findByText("The two are not the same.")).toBeInTheDocument();
  expect(sent).toEqual([]);
  await user.type(within(section).getByLabelText("New password again"), "{Backspace}e");
  await user.click(within(section).getByRole("button", { name: "Change the password" }));
  await waitFor(() => expect(sent).toEqual([{ method: "PUT", path: "/api/v1/me/password", body: { new: "a long enough one", current: "old password" } }]));
});

it("says why a Sentry token is not linked, beside it", async () => {
  gateway.use(http.put("/api/v1/me/sentry-token", () => HttpResponse.json({ message: "This token may not change issues: it lacks the scope event:write.", remedy: "Make one with it." }, { status: 400 })));
  const user = openWorkbench("/account");
  await user.type(await screen.findByLabelText("Sentry token"), "sntryu_mine-own");
  await user.click(screen.getByRole("button", { name: "Link it" }));
  expect(await screen.findByText(/lacks the scope event:write/)).toBeInTheDocument();
});

it("tells somebody with a Sentry token of their own that they have no account here", async () => {
  gateway.use(http.get("/api/v1/session", () => HttpResponse.json({ ...SESSION, user: { name: "Olive" } })));
  openWorkbench("/account");
  expect(await screen.findByText("You have no account here")).toBeInTheDocument();
});
