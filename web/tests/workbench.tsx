import { notifications } from "@mantine/notifications";
import { render } from "@testing-library/react";
import userEvent, { type UserEvent } from "@testing-library/user-event";
import { http, HttpResponse } from "msw";

import { App } from "@/app/App";
import type { Issue, Page, Session } from "@/core/model";
import { forgetPlaces } from "@/screens/stream/place";
import { rememberAddress } from "@/screens/stream/useView";

import { gateway } from "./gateway";
import { aPage } from "./issues";

export const SESSION: Session = {
  authenticated: true,
  organization: "acme",
  project: null,
  sentry_url: "https://sentry.test",
  csrf_token: "csrf",
  version: "0.1.0",
  user: { name: "Ada Lovelace" },
};

/** What every screen asks for beside its own data. */
export function quietGateway(): void {
  gateway.use(
    http.get("/api/v1/session", () => HttpResponse.json(SESSION)),
    http.get("/ready", () => HttpResponse.json({ status: "ready" })),
    http.get("/api/v1/projects", () => HttpResponse.json(aPage([{ id: "1", slug: "shop", name: "Shop", platform: "python" }]))),
    http.get("/api/v1/environments", () => HttpResponse.json(aPage([{ id: "1", name: "production" }]))),
    http.get("/api/v1/members", () => HttpResponse.json(aPage([{ id: "9", name: "Grace", email: "g@acme.test", user: { id: "2", name: "Grace", email: "g@acme.test" } }]))),
    http.get("/api/v1/teams", () => HttpResponse.json(aPage([]))),
    http.get("/api/v1/releases", () => HttpResponse.json(aPage([]))),
    http.get("/api/v1/bulk", () => HttpResponse.json(aPage([]))),
    http.get("/api/v1/labels", () => HttpResponse.json({ data: [] })),
    http.get("/api/v1/views", () => HttpResponse.json({ data: [] })),
    http.get("/api/v1/searches/recent", () => HttpResponse.json({ data: [] })),
    http.get("/api/v1/issues/marks", () => HttpResponse.json({ data: {} })),
    http.get("/api/v1/issues/:id/owners", () => HttpResponse.json({ suggested: [] })),
  );
}

/** Answer the issue list: each request's address is kept, so that a test can say what was asked. */
export function answerIssues(reply: (query: URLSearchParams) => Page<Issue> | Response): URLSearchParams[] {
  const asked: URLSearchParams[] = [];
  gateway.use(
    http.get("/api/v1/issues", ({ request }) => {
      const query = new URL(request.url).searchParams;
      asked.push(query);
      const answer = reply(query);
      return answer instanceof Response ? answer : HttpResponse.json(answer);
    }),
  );
  return asked;
}

/** Open the workbench at an address. */
export function openWorkbench(address: string): UserEvent {
  notifications.clean();
  forgetPlaces();
  rememberAddress({});
  window.history.replaceState(null, "", address);
  render(<App />);
  return userEvent.setup();
}
