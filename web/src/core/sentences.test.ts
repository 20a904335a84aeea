import { describe, expect, it } from "vitest";

import { sentences } from "./sentences";

describe("sentences", () => {
  // Notices join a message of Sentry's, one of the gateway's and a remedy; "just now.. Wait" looks broken.
  it.each([
    [["Sentry is away", "Try again."], "Sentry is away. Try again."],
    [["Sentry is away.", null, "Try again"], "Sentry is away. Try again."],
    [["Really?", " ", ""], "Really?"],
    [[], ""],
  ])("joins %j", (said, expected) => {
    expect(sentences(...said)).toBe(expected);
  });
});
