import { describe, expect, it } from "vitest";

import { orderedChain, readExceptions, readThreads } from "./exception";

describe("exceptions", () => {
  const chain = readExceptions({
    values: [
      { type: "Cause", value: "first", mechanism: { source: "__cause__" } },
      { type: "Context", value: "second", mechanism: { source: "__context__" } },
      { type: "Child", value: "third", mechanism: { source: "exceptions[0]", parent_id: 0 } },
      { type: "Main", value: "last", mechanism: { type: "generic", handled: false, exception_id: 0 } },
    ],
  });

  // The last value is the one that was raised in the end; it is what the issue is named after.
  it("reads the last value as the main one and puts it first when newest first", () => {
    expect(orderedChain(chain, "newest").map((item) => item.exception.type)).toEqual([
      "Main",
      "Child",
      "Context",
      "Cause",
    ]);
    expect(orderedChain(chain, "oldest").map((item) => item.exception.type)).toEqual([
      "Cause",
      "Context",
      "Child",
      "Main",
    ]);
    expect(chain.at(-1)).toMatchObject({ relation: null, handled: false });
  });

  // "Caused by" for something that merely happened while handling would send the reader the wrong way.
  it("says how each belongs to the chain", () => {
    expect(orderedChain(chain, "newest").map((item) => item.link)).toEqual([
      null,
      "Part of Main",
      "While this was being handled",
      "Caused by",
    ]);
    expect(orderedChain(chain, "oldest").map((item) => item.link)).toEqual([
      null,
      "Which led to",
      "Then, while handling it",
      "And",
    ]);
  });

  // The crashed thread is the reason for looking at threads at all.
  it("puts the crashed thread first, then the current one", () => {
    const threads = readThreads({
      values: [{ id: 1 }, { id: 2, current: true }, { id: 3, crashed: true, name: "main" }],
    });
    expect(threads.map((thread) => thread.name)).toEqual(["main", "Thread 2", "Thread 1"]);
  });
});
