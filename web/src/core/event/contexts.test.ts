import { describe, expect, it } from "vitest";

import { readContexts } from "./contexts";

describe("contexts", () => {
  it("puts what people look at first, titled, without empty rows", () => {
    const contexts = readContexts({
      cart: { type: "default", items: 2 },
      os: { type: "os", name: "Linux", version: "6.1", build: null },
      browser: { type: "browser", name: "Chrome" },
      "device 2": { type: "device", model: "X" },
      nothing: { type: "default" },
      broken: "text",
    });
    expect(contexts.map((context) => [context.title, context.summary])).toEqual([
      ["Browser", "Chrome"],
      ["Operating system", "Linux 6.1"],
      ["cart", null],
      ["Device", null],
    ]);
    expect(contexts[1]?.rows.map((row) => row.name)).toEqual(["name", "version"]);
  });
});
