import { expect, it } from "vitest";

import { ApiError, toldBy } from "./error";

const failure = (status: number, message: string) => new ApiError({ status, message, remedy: "Wait a moment." });

// A paragraph set as a heading shouts; the reader wants what happened first, and the rest in ordinary letters.
it.each([
  [failure(503, "Sentry could not be reached."), "Sentry could not be reached", "Wait a moment."],
  [failure(503, `Sentry failed again and again ${"at such calls ".repeat(6)}`), "Sentry is not answering", /^Sentry failed again.*calls\. Wait a moment\.$/],
  [failure(403, `This token lacks ${"a scope ".repeat(12)}`), "This token may not do that", /^This token lacks.*scope\. Wait/],
])("tells an error in a heading and a text (%#)", (error, heading, text) => {
  const told = toldBy(error);
  expect(told.heading).toBe(heading);
  expect(told.text).toMatch(text);
});
