import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { gateway } from "@tests/gateway";
import { aPage, anIssue } from "@tests/issues";
import { answerIssues, openWorkbench, quietGateway } from "@tests/workbench";

const away = (retryAfterS?: number, extra: Record<string, unknown> = {}) =>
  HttpResponse.json(
    { message: "Sentry answered with something that is not JSON", remedy: "Wait a moment and try again.", ...extra },
    { status: 503, headers: retryAfterS === undefined ? {} : { "Retry-After": String(retryAfterS) } },
  );

const badge = (words: string) => screen.findByRole("link", { name: `${words}. Open the Gateway screen` });

beforeEach(() => {
  window.localStorage.clear();
  quietGateway();
});

describe("a refresh that fails", () => {
  // Silence reads as "nothing new", and somebody decides on an old list.
  it("said nothing, in three requests: it says why, at once, and how old the list is", async () => {
    let broken = false;
    const asked = answerIssues(() => (broken ? away() : aPage([anIssue()], null, { cached_at: new Date(Date.now() - 200_000).toISOString() })));
    const user = openWorkbench("/");
    await screen.findByRole("link", { name: "ValueError" });
    const before = asked.length;
    broken = true;
    await user.keyboard("r");
    const words = await screen.findByText("Sentry answered with something that is not JSON. This is the list as of 3 min ago.");
    expect(asked).toHaveLength(before + 1);
    expect(screen.getByRole("link", { name: "ValueError" })).toBeInTheDocument();
    broken = false;
    await user.click(within(words.closest("div") as HTMLElement).getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(screen.queryByText(/This is the list as of/)).toBeNull());
  });
});

describe("an error screen", () => {
  // The gateway says when to come back; whoever has walked away finds the list, not an old excuse.
  it("never recovered: it counts down to the moment the gateway names, then asks again by itself", async () => {
    let broken = true;
    const asked = answerIssues(() => (broken ? away(3) : aPage([anIssue()])));
    openWorkbench("/");
    const alert = await screen.findByRole("alert");
    expect(within(alert).getByText(/^Asks again by itself in [123] s$/)).toBeInTheDocument();
    const before = asked.length;
    broken = false;
    expect(await screen.findByRole("link", { name: "ValueError" })).toBeInTheDocument();
    expect(asked).toHaveLength(before + 1);
  });

  it("stood on beside a healthy badge: it asks again when the gateway is well again", async () => {
    let well = false;
    gateway.use(http.get("/ready", () => HttpResponse.json(well ? {} : { degraded: [{ part: "upstream", state: "unreachable" }] })));
    answerIssues(() => (well ? aPage([anIssue()]) : away(600)));
    openWorkbench("/");
    expect(await screen.findByRole("alert")).toHaveTextContent("Asks again by itself in 10 min");
    await badge("Sentry cannot be reached; Dexter shows what it has kept of it");
    well = true;
    expect(await screen.findByRole("link", { name: "ValueError" }, { timeout: 15_000 })).toBeInTheDocument();
  });

  // A class of calls and a status are for the Gateway screen; a moment in words is over before it is read.
  it("spoke of breakers and of a stated moment: it says in plain words what goes on", async () => {
    const breaker = { class: "read-issues", last_failure: "status 503" };
    answerIssues(() => away(57, { message: "Sentry failed several times in a row at reading issues (last: status 503); Dexter leaves that alone and tries again in 57 s.", remedy: "Wait until the stated moment.", breaker }));
    openWorkbench("/");
    const alert = await screen.findByRole("alert");
    expect(alert).toHaveTextContent("Sentry keeps failing, so Dexter has stopped asking it for a moment");
    expect(alert).not.toHaveTextContent(/read-issues|stated moment|probe/);
  });
});

describe("the health badge", () => {
  // "Healthy" beside a failure makes people doubt their own eyes.
  it("was healthy for twenty seconds after a failure: it is asked anew at once", async () => {
    let well = true;
    gateway.use(http.get("/ready", () => (well ? HttpResponse.json({}) : HttpResponse.error())));
    answerIssues(() => (well ? aPage([anIssue()]) : HttpResponse.error()));
    const user = openWorkbench("/");
    await screen.findByRole("link", { name: "ValueError" });
    await badge("The gateway is ready");
    well = false;
    await user.keyboard("r");
    await badge("The gateway does not answer");
  });
});
