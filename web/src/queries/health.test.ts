import { expect, test } from "vitest";
import { healthOf } from "./health";

// What an operator must not overlook is named; a gateway that only serves what it kept is not healthy.
test.each([
  [{}, "good", "ready"],
  [{ degraded: [], suspended: [] }, "good", "ready"],
  [{ degraded: [{ part: "upstream", state: "unreachable" }] }, "degraded", "Sentry cannot be reached"],
  [{ degraded: [{ part: "read-issues", state: "open" }] }, "degraded", "read-issues"],
  [{ degraded: [], suspended: ["fresh-after-writes"] }, "degraded", "a change shows everywhere"],
])("%j is %s", (told, state, words) => {
  const health = healthOf(told);
  expect(health.state).toBe(state);
  expect(health.words).toContain(words);
});
