import { expect, it } from "vitest";

import { sparkOf } from "./sparkline";

// Silence must look like silence, and a single event must still be seen.
it("draws nothing for quiet intervals and something for one event", () => {
  const spark = sparkOf([[0, 0], [60, 1], [120, 1000]], 120, 26);
  expect(spark.max).toBe(1000);
  expect(spark.maxAtMs).toBe(120_000);
  expect(spark.total).toBe(1001);
  expect(spark.bars).toBe("M40 24.5h39v1.5h-39z");
  expect(spark.peak).toBe("M80 0h39v26h-39z");
});

it("draws nothing at all for an empty or silent series", () => {
  expect(sparkOf([], 120, 26)).toEqual({ bars: "", peak: "", max: 0, maxAtMs: null, total: 0 });
  expect(sparkOf([[0, 0]], 120, 26).bars).toBe("");
});
