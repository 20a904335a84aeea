import { describe, expect, it } from "vitest";

import { readEvent } from "./event";
import { randomFrom, rubbish, rubbishEvent } from "./rubbish.fixture";
import { readDistributions } from "./tags";
import { stackText } from "./stackText";
import { groupFrames } from "./frames";

const frame = (name: string, inApp: boolean, line = 10) => ({
  function: name,
  filename: `${name}.py`,
  lineNo: line,
  inApp,
  context: [
    [line - 1, "before"],
    [line, "failing"],
  ],
});

const event = {
  id: "aaa",
  eventID: "bbb",
  title: "ValueError: no",
  platform: "python",
  dateCreated: "2026-11-24T07:00:00Z",
  nextEventID: "newer",
  previousEventID: null,
  entries: [
    {
      type: "exception",
      data: {
        values: [
          {
            type: "KeyError",
            value: "'id'",
            mechanism: { source: "__cause__" },
            stacktrace: { frames: [frame("load", true)] },
          },
          { type: "ValueError", value: "no", threadId: 7, stacktrace: null },
        ],
      },
    },
    {
      type: "threads",
      data: { values: [{ id: 7, name: "worker", crashed: true, stacktrace: { frames: [frame("run", true)] } }] },
    },
    { type: "message", data: { formatted: "cart 12 is empty", message: "cart %s is empty", params: ["12"] } },
    { type: "breadcrumbs", data: { values: [{ category: "query", message: "SELECT 1" }] } },
    { type: "request", data: { url: "https://shop.example/cart", method: "get" } },
    { type: "csp", data: { blocked_uri: "https://evil.example" } },
  ],
  tags: [
    { key: "environment", value: "production" },
    { key: "release", value: "shop@1.2" },
  ],
  user: { email: "ada@shop.example" },
  sdk: { name: "sentry.python", version: "2.1" },
  errors: [{ type: "js_no_source", message: "Source code was not found", data: { url: "app.js" } }],
  occurrence: { evidenceDisplay: [{ name: "Offender", value: "SELECT 1", important: true }] },
};

describe("readEvent", () => {
  // The page is built from this value alone, so each of Sentry's parts must arrive under its own name.
  it("reads each part of a whole event", () => {
    const view = readEvent(event);
    expect(view).toMatchObject({
      id: "bbb",
      platform: "python",
      newerId: "newer",
      olderId: null,
      message: "cart 12 is empty",
      messageTemplate: "cart %s is empty",
      release: "shop@1.2",
      environment: "production",
      sdk: { name: "sentry.python", version: "2.1" },
      problems: [{ message: "Source code was not found", rows: [{ name: "url", text: "app.js" }] }],
      evidence: [{ name: "Offender", text: "SELECT 1" }],
      reports: [{ title: "Content security policy report" }],
    });
    expect(view.at).toBe(Date.parse("2026-11-24T07:00:00Z"));
    expect(view.exceptions.map((exception) => exception.type)).toEqual(["KeyError", "ValueError"]);
    expect(view.request?.method).toBe("GET");
    expect(view.person?.label).toBe("ada@shop.example");
  });

  // Native crashes keep their frames in the thread; without them the main exception would look empty.
  it("gives the main exception its thread's frames when it has none of its own", () => {
    expect(
      readEvent(event)
        .exceptions.at(-1)
        ?.frames.map((found) => found.fn),
    ).toEqual(["run"]);
  });

  // A message that only repeats the exception would be said twice on the page.
  it("leaves out a message that an exception already says", () => {
    const twice = { entries: [...event.entries.slice(0, 1), { type: "message", data: { formatted: "no" } }] };
    expect(readEvent(twice).message).toBeNull();
  });

  // Events are hostile input: one that throws would take the whole page with it.
  it.each([
    null,
    undefined,
    7,
    "text",
    [],
    {},
    { entries: null },
    { entries: [null, 3, { type: "exception", data: [] }] },
  ])("gives an empty view for %j", (value) => {
    const view = readEvent(value);
    expect(view.exceptions).toEqual([]);
    expect(view.request).toBeNull();
    expect(view.person).toBeNull();
    expect(view.title).toBe("Untitled event");
  });

  // The same promise against shapes nobody thought of, repeatable by their seed.
  it("never throws, whatever the event holds", () => {
    for (let seed = 0; seed < 1_500; seed += 1) {
      const random = randomFrom(seed);
      const value = seed % 5 === 0 ? rubbish(random, 8) : rubbishEvent(random);
      const read = () => {
        const view = readEvent(value);
        stackText(view.exceptions, view.platform);
        view.exceptions.map((exception) => groupFrames(exception.frames, "newest"));
        readDistributions(rubbish(random));
        return view;
      };
      expect(read, `seed ${seed}`).not.toThrow();
    }
  });

  // JSON.stringify overflows the stack on such values; the rest of the event must still be shown.
  it("survives data nested deeper than the engine's stack", () => {
    let deep: unknown = "end";
    for (let level = 0; level < 200_000; level += 1) deep = [deep];
    const view = readEvent({ ...event, context: { deep } });
    expect(view.extra).toEqual([{ name: "deep", text: "[value that cannot be shown]" }]);
  });
});
