import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, it } from "vitest";

import { gateway } from "@tests/gateway";
import { aPage, anIssue } from "@tests/issues";
import { answerIssues, openWorkbench, quietGateway, SESSION } from "@tests/workbench";

let signedIn = false;
beforeEach(() => {
  signedIn = false;
  localStorage.removeItem("dexter-sign-in");
  quietGateway();
  gateway.use(
    http.get("/api/v1/session", () => (signedIn ? HttpResponse.json(SESSION) : HttpResponse.json({ title: "Unauthorized" }, { status: 401 }))),
    http.post("/api/v1/session", async ({ request }) => {
      const proof = (await request.json()) as { token?: string; email?: string; password?: string };
      signedIn = proof.token === "right" || (proof.email === "ada@b.c" && proof.password === "a long enough one");
      return signedIn ? HttpResponse.json(SESSION) : HttpResponse.json({ title: "Unauthorized" }, { status: 401 });
    }),
    http.delete("/api/v1/session", () => {
      signedIn = false;
      return new HttpResponse(null, { status: 204 });
    }),
  );
  answerIssues(() => aPage([anIssue()]));
});

// A pasted address must survive the sign-in: the colleague sees the view, not the start page.
it("leads back to the address that was asked for", async () => {
  const user = openWorkbench("/?status=all");
  await user.type(await screen.findByLabelText("Access token"), "right{Enter}");
  await screen.findByRole("link", { name: "ValueError" });
  expect(window.location.pathname + window.location.search).toBe("/?status=all");
});

it("says what to do about a wrong token", async () => {
  const user = openWorkbench("/");
  await user.type(await screen.findByLabelText("Access token"), "wrong{Enter}");
  expect(await screen.findByText("This is not the token of this gateway. Copy it anew from the terminal.")).toBeInTheDocument();
});

it("takes an address and a password, and remembers that way for the next time", async () => {
  const user = openWorkbench("/");
  await user.click(await screen.findByLabelText("E-mail and password"));
  await user.type(screen.getByLabelText("E-mail address"), "ada@b.c");
  await user.type(screen.getByLabelText("Password"), "a long enough one{Enter}");
  await screen.findByRole("link", { name: "ValueError" });
  expect(localStorage.getItem("dexter-sign-in")).toContain("password");
});

// An address elsewhere in "from" would send a signed-in reader to a stranger's site.
it.each(["//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)"])("does not go to %s afterwards", async (from) => {
  const user = openWorkbench(`/sign-in?from=${encodeURIComponent(from)}`);
  await user.type(await screen.findByLabelText("Access token"), "right{Enter}");
  await screen.findByRole("link", { name: "ValueError" });
  expect(window.location.href).toBe(`${window.location.origin}/`);
});

it("signs out and forgets what was seen", async () => {
  signedIn = true;
  const user = openWorkbench("/");
  await screen.findByRole("link", { name: "ValueError" });
  await user.click(screen.getByRole("button", { name: "Account: Ada Lovelace" }));
  await user.click(await screen.findByRole("button", { name: "Sign out" }));
  await screen.findByLabelText("Access token");
  await waitFor(() => expect(screen.queryByRole("link", { name: "ValueError" })).not.toBeInTheDocument());
});
