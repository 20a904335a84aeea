import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, it } from "vitest";

import { gateway } from "@tests/gateway";
import { openWorkbench, quietGateway } from "@tests/workbench";

const ROW = {
  id: "9",
  at: "2026-01-01T00:00:00Z",
  person: { id: "p", name: "Grace" },
  sentry_account: "Dexter's account",
  face: "workbench",
  action: "issues.update",
  target: { kind: "issue", id: "7" },
  before: { status: "unresolved" },
  after: { status: "resolved" },
  outcome: "done",
  request_id: "r-1",
};

function answerAudit(rows: unknown[]): URLSearchParams[] {
  const asked: URLSearchParams[] = [];
  gateway.use(
    http.get("/api/v1/audit", ({ request }) => {
      asked.push(new URL(request.url).searchParams);
      return HttpResponse.json({ data: rows, pagination: { next: null, prev: null } });
    }),
  );
  return asked;
}

beforeEach(quietGateway);

// Who changed what, from which value to which: in one row, with the way to the issue.
it("tells who changed what, and filters by a click", async () => {
  const asked = answerAudit([ROW]);
  const user = openWorkbench("/audit?face=workbench");
  const row = await screen.findByRole("row", { name: /Grace/ });
  expect(row).toHaveTextContent("Status: unresolved → resolved");
  expect(row).toHaveTextContent("in Sentry as Dexter's account");
  expect(within(row).getByRole("link", { name: "Issue 7" })).toHaveAttribute("href", "/issues/7");
  await user.click(within(row).getByRole("button", { name: "Only what Grace did" }));
  await waitFor(() => expect(window.location.search).toContain("person=Grace"));
  await waitFor(() => expect(asked.at(-1)?.get("person")).toBe("Grace"));
  expect(asked.at(-1)?.get("face")).toBe("workbench");
  expect(screen.getByRole("link", { name: "Export as CSV" }).getAttribute("href")).toContain("/api/v1/audit/export?format=csv&person=Grace");
});

it("teaches when there is nothing, and says when it may not be read", async () => {
  answerAudit([]);
  openWorkbench("/audit");
  expect(await screen.findByText("Nothing has been changed yet")).toBeInTheDocument();
});

it("says who may read it", async () => {
  gateway.use(http.get("/api/v1/audit", () => HttpResponse.json({ message: "Only administrators read the audit log", remedy: "Ask one of them." }, { status: 403 })));
  openWorkbench("/audit");
  expect(await screen.findByText("Only administrators read the audit log")).toBeInTheDocument();
});
