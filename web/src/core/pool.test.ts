import { expect, it } from "vitest";

import { settleAll } from "./pool";

// Sentry limits concurrency: a selection of many must never become a burst.
it("runs no more than its width at once and keeps the order", async () => {
  let running = 0;
  let most = 0;
  const outcomes = await settleAll([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    return item * 10;
  });
  expect(most).toBe(3);
  expect(outcomes.map((outcome) => (outcome.ok ? outcome.value : null))).toEqual([10, 20, 30, 40, 50, 60, 70]);
});

// One failure stops nothing and is named.
it("reports failures beside successes", async () => {
  const outcomes = await settleAll(["a", "b"], 10, (item) => (item === "a" ? Promise.reject(new Error("no")) : Promise.resolve(item)));
  expect(outcomes.map(({ item, ok }) => [item, ok])).toEqual([["a", false], ["b", true]]);
});
