import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, it, vi } from "vitest";

import { gateway } from "@tests/gateway";
import { aPage, anIssue } from "@tests/issues";
import { answerIssues, openWorkbench, quietGateway } from "@tests/workbench";

import { watchErrors } from "./watchErrors";

interface Report {
  message: string;
  stack?: string;
  url: string;
  screen: string;
  trace_id: string;
}

function collectReports(): Report[] {
  const reports: Report[] = [];
  gateway.use(
    http.post("/api/v1/client-errors", async ({ request }) => {
      reports.push((await request.json()) as Report);
      return new HttpResponse(null, { status: 204 });
    }),
  );
  return reports;
}

beforeEach(quietGateway);

// A screen that breaks must not take the workbench with it, and somebody must hear of it.
it("keeps the frame around a broken screen and reports it", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const reports = collectReports();
  const broken = { ...anIssue(), project: null } as unknown as ReturnType<typeof anIssue>;
  answerIssues(() => aPage([broken]));
  openWorkbench("/?status=all");
  expect(await screen.findByText("The workbench made a mistake")).toBeInTheDocument();
  expect(screen.getAllByRole("navigation", { name: "Main" })).not.toHaveLength(0);
  await waitFor(() => expect(reports).toHaveLength(1));
  expect(reports[0]).toMatchObject({ url: "/", screen: "/" });
  expect(reports[0]?.stack).toContain("TypeError");
  expect(reports[0]?.trace_id).toMatch(/^[0-9a-f]{32}$/);
});

// The gateway being away is no mistake of the workbench: it is shown, not reported.
it("shows a gateway that does not answer and offers to try again", async () => {
  const reports = collectReports();
  let away = true;
  gateway.use(http.get("/api/v1/session", () => (away ? HttpResponse.error() : HttpResponse.json({ authenticated: true, organization: "acme", project: null, sentry_url: null, csrf_token: "c", version: "1", user: { name: null } }))));
  answerIssues(() => aPage([anIssue()]));
  const user = openWorkbench("/");
  expect(await screen.findByText("Dexter's gateway does not answer")).toBeInTheDocument();
  away = false;
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("link", { name: "ValueError" })).toBeInTheDocument();
  expect(reports).toEqual([]);
});

// A loop of failures must not become a flood of reports.
it("reports errors that nothing catches, the first few of them", async () => {
  const reports = collectReports();
  const target = new EventTarget() as Window;
  const stop = watchErrors(target);
  for (let round = 0; round < 9; round += 1) target.dispatchEvent(new ErrorEvent("error", { error: new Error(`failure ${round}`) }));
  await waitFor(() => expect(reports.map(({ message }) => message).sort()).toEqual([0, 1, 2, 3, 4].map((round) => `failure ${round}`)));
  stop();
});
