import { describe, expect, it } from "vitest";

import { filterBreadcrumbs, levelsOf, NO_FILTER, offsetText, readBreadcrumbs, typesOf } from "./breadcrumbs";

describe("breadcrumbs", () => {
  const crumbs = readBreadcrumbs({
    values: [
      { category: "navigation", data: { from: "/a", to: "/b" }, timestamp: "2026-11-24T06:59:58.800Z" },
      { type: "http", category: "xhr", level: "warn", data: { method: "POST", url: "/pay", status_code: 500 } },
      { type: "default", category: "console", level: "error", message: "Boom", timestamp: 1_764_000_000 },
      { category: "httplib", data: { url: "https://x.example" }, level: "shout" },
      null,
    ],
  });

  // SDKs leave the message out for navigation and requests; an empty row would say nothing.
  it("makes a message from the data where there is none", () => {
    expect(crumbs.map((crumb) => crumb.message)).toEqual([
      "/a → /b",
      "POST /pay [500]",
      "Boom",
      "https://x.example",
      "",
    ]);
  });

  it("names type and level in one vocabulary", () => {
    expect(crumbs.map((crumb) => `${crumb.type}/${crumb.level}`)).toEqual([
      "navigation/info",
      "http/warning",
      "console/error",
      "http/info",
      "other/info",
    ]);
  });

  // Filters narrow together, as everywhere; text also looks into the data.
  it.each([
    [NO_FILTER, 5],
    [{ ...NO_FILTER, types: ["http"] }, 2],
    [{ ...NO_FILTER, types: ["http"], levels: ["warning"] }, 1],
    [{ ...NO_FILTER, text: "  BOOM " }, 1],
    [{ ...NO_FILTER, text: "status_code 500" }, 1],
    [{ ...NO_FILTER, types: ["console"], text: "pay" }, 0],
  ])("filters by %j", (filter, expected) => {
    expect(filterBreadcrumbs(crumbs, filter)).toHaveLength(expected);
  });

  it("offers what occurs, with its number", () => {
    expect(typesOf(crumbs)[0]).toEqual({ value: "http", count: 2 });
    expect(levelsOf(crumbs).map((choice) => choice.value)).toEqual(["error", "warning", "info"]);
  });

  // "How long before the crash" is the question a timeline answers.
  it.each([
    [0, 0, "0 ms"],
    [0, 40, "−40 ms"],
    [1_200, 0, "+1.2 s"],
    [0, 185_000, "−3 min 05 s"],
    [0, 3_660_000, "−1 h 01 min"],
    [0, 90_000_000, "−1 d 1 h"],
    [null, 0, ""],
    [0, null, ""],
  ])("says %j relative to %j as %s", (at, eventAt, expected) => {
    expect(offsetText(at, eventAt)).toBe(expected);
  });
});
