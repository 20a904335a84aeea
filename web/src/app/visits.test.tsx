import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, it } from "vitest";

import { gateway } from "@tests/gateway";
import { aPage, anIssue } from "@tests/issues";
import { answerIssues, openWorkbench, quietGateway, SESSION } from "@tests/workbench";

beforeEach(() => {
  window.localStorage.clear();
  window.sessionStorage.clear();
  quietGateway();
  gateway.use(http.get("/api/v1/session", () => HttpResponse.json({ ...SESSION, project: "shop" })));
});

// Whoever sets SENTRY_PROJECT works on one project, and must still be able to look at the others.
it("SENTRY_PROJECT had no effect: the first visit opens with it, and it can be cleared", async () => {
  answerIssues(() => aPage([anIssue()]));
  const user = openWorkbench("/?status=all");
  await screen.findByRole("link", { name: "ValueError" });
  expect(window.location.search).toBe("?status=all&project=shop");
  await user.click(screen.getByRole("button", { name: "Project: shop" }));
  await user.click(await screen.findByRole("option", { name: /^shop/ }));
  await waitFor(() => expect(window.location.search).toBe("?status=all"));
  expect(await screen.findByRole("button", { name: "Project: All projects" })).toBeVisible();
});

it("leaves an address alone that names a project", async () => {
  answerIssues(() => aPage([anIssue()]));
  openWorkbench("/?project=web");
  await screen.findByRole("link", { name: "ValueError" });
  expect(window.location.search).toBe("?project=web");
});

// Before somebody has signed in, the only answer is that they should.
it("the first list was asked for in vain before the sign-in: it is asked for once somebody is signed in", async () => {
  gateway.use(http.get("/api/v1/session", () => HttpResponse.json({ message: "Sign in" }, { status: 401 })));
  const asked = answerIssues(() => HttpResponse.json({ message: "Sign in" }, { status: 401 }));
  openWorkbench("/");
  await screen.findByRole("button", { name: "Sign in" });
  expect(asked).toHaveLength(0);
});
