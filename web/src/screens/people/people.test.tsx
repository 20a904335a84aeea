import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, it } from "vitest";

import type { Person } from "@/core/people";
import { gateway } from "@tests/gateway";
import { openWorkbench, quietGateway, SESSION } from "@tests/workbench";

const BUILT_IN: Person = { id: "d".repeat(32), name: "Administrator", email: null, is_admin: true, built_in: true, has_password: false, roles: {}, linked_sentry: null, created_at: "2026-01-01T00:00:00Z", disabled_at: null };
const ADA: Person = { ...BUILT_IN, id: "a".repeat(32), name: "Ada Lovelace", email: "ada@b.c", is_admin: false, built_in: false, has_password: true, roles: { acme: "viewer" } };

let sent: { path: string; body: unknown }[] = [];
let people: Person[] = [];
beforeEach(() => {
  sent = [];
  people = [BUILT_IN, ADA];
  quietGateway();
  const noted = async (request: Request) => {
    const text = await request.text();
    sent.push({ path: `${request.method} ${new URL(request.url).pathname}`, body: text === "" ? null : JSON.parse(text) });
  };
  gateway.use(
    http.get("/api/v1/session", () => HttpResponse.json({ ...SESSION, user: { ...SESSION.user, id: BUILT_IN.id, is_admin: true, role: "admin" } })),
    http.get("/api/v1/people", () => HttpResponse.json({ data: people })),
    http.post("/api/v1/people", async ({ request }) => {
      await noted(request);
      return HttpResponse.json({ ...ADA, id: "b".repeat(32), name: "Bob" }, { status: 201 });
    }),
    http.put("/api/v1/people/:id/roles/:organization", async ({ request }) => {
      await noted(request);
      return HttpResponse.json({ ...ADA, roles: { acme: "triager" } });
    }),
    http.patch("/api/v1/people/:id", async ({ request }) => {
      await noted(request);
      return HttpResponse.json({ ...ADA, disabled_at: "2026-02-01T00:00:00Z" });
    }),
    http.delete("/api/v1/people/:id", async ({ request }) => {
      await noted(request);
      return new HttpResponse(null, { status: 204 });
    }),
  );
});

it("adds somebody with a role where the workbench is", async () => {
  const user = openWorkbench("/people");
  await user.click(await screen.findByRole("button", { name: "Add a person" }));
  const dialog = await screen.findByRole("dialog", { name: "Add a person" });
  await user.type(within(dialog).getByLabelText("Name"), "Bob");
  await user.type(within(dialog).getByLabelText("E-mail address"), "bob@b.c");
  await user.selectOptions(within(dialog).getByLabelText("Role in acme"), "viewer");
  await user.click(within(dialog).getByRole("button", { name: "Add" }));
  await waitFor(() => expect(sent).toEqual([{ path: "POST /api/v1/people", body: { name: "Bob", email: "bob@b.c", password: null, is_admin: false, roles: { acme: "viewer" } } }]));
  expect(await screen.findByText("Bob")).toBeInTheDocument();
});

it("gives a role, and the list says so", async () => {
  const user = openWorkbench("/people");
  await user.click(await screen.findByRole("button", { name: "Change Ada Lovelace" }));
  await user.selectOptions(await screen.findByLabelText("Role in acme"), "triager");
  await waitFor(() => expect(sent).toEqual([{ path: `PUT /api/v1/people/${ADA.id}/roles/acme`, body: { role: "triager" } }]));
  expect(await screen.findByText("triager in acme")).toBeInTheDocument();
});

it("shuts somebody out, and removes them only when asked twice", async () => {
  const user = openWorkbench("/people");
  await user.click(await screen.findByRole("button", { name: "Change Ada Lovelace" }));
  await user.click(await screen.findByRole("button", { name: "Shut out" }));
  expect(await screen.findByRole("button", { name: "Let them in again" })).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Remove" }));
  expect(sent.map(({ path }) => path)).toEqual([`PATCH /api/v1/people/${ADA.id}`]);
  await user.click(screen.getByRole("button", { name: "Remove Ada Lovelace for good" }));
  await waitFor(() => expect(sent.at(-1)?.path).toBe(`DELETE /api/v1/people/${ADA.id}`));
  await waitFor(() => expect(screen.queryByRole("button", { name: "Change Ada Lovelace" })).not.toBeInTheDocument());
});

it("offers neither to shut the built-in administrator out nor to remove it", async () => {
  people = [BUILT_IN];
  const user = openWorkbench("/people");
  expect(await screen.findByText("You are alone here")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Change Administrator" }));
  await screen.findByRole("dialog", { name: "Administrator" });
  expect(screen.queryByRole("button", { name: "Shut out" })).not.toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Remove" })).not.toBeInTheDocument();
});

it("is not offered to those who administer nothing", async () => {
  gateway.use(http.get("/api/v1/session", () => HttpResponse.json({ ...SESSION, user: { ...SESSION.user, id: ADA.id, is_admin: false, role: "triager" } })), http.get("/api/v1/people", () => HttpResponse.json({ message: "This needs the role admin.", remedy: "Ask Grace." }, { status: 403 })));
  openWorkbench("/people");
  expect(await screen.findByText(/Ask Grace/)).toBeInTheDocument();
  expect(screen.queryByRole("link", { name: "People" })).not.toBeInTheDocument();
});
