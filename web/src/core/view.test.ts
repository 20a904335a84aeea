import { describe, expect, it } from "vitest";

import { parseAddress, writeAddress } from "./address";
import { addressOf, DEFAULT_VIEW, filterCount, readAddress, unknownFilters, type View, viewOf, withoutFilters, withoutScope } from "./view";

const VIEWS: [string, Partial<View>, string][] = [
  ["the default view has an empty address", {}, ""],
  ["a status", { status: "archived" }, "?status=archived"],
  ["lists repeat their name", { project: ["shop", "web"], level: ["fatal"] }, "?project=shop&project=web&level=fatal"],
  ["a search is encoded", { query: 'is:new message:"a & b"' }, "?query=is%3Anew+message%3A%22a+%26+b%22"],
  ["everything at once", { status: "all", sort: "user", period: "90d", environment: ["production"] }, "?status=all&sort=user&period=90d&environment=production"],
];

describe("a view and its address", () => {
  // Any view can be pasted to a colleague, who must see the same.
  it.each(VIEWS)("%s", (_name, part, written) => {
    const view: View = { ...DEFAULT_VIEW, ...part };
    expect(writeAddress({ ...addressOf(view) })).toBe(written);
    expect(viewOf(readAddress(parseAddress(written)))).toEqual(view);
  });

  // A mangled address must show something, never an error.
  it.each(["?status=odd", "?sort=1&period=7", "?level=loud", "?query=", "?project=", "?unknown=x"])("%s is the default view", (address) => {
    expect(viewOf(readAddress(parseAddress(address)))).toEqual(DEFAULT_VIEW);
  });

  // Sentry refuses this order anywhere but in the review list.
  it("sorts by date added only in the review list", () => {
    expect(viewOf({ status: "for_review", sort: "inbox" }).sort).toBe("inbox");
    expect(viewOf({ status: "all", sort: "inbox" }).sort).toBe("date");
    expect(addressOf({ ...DEFAULT_VIEW, sort: "inbox" })).toEqual({});
  });

  // "Clear the filters" must leave the tab, order and period alone.
  it("clears what narrows and nothing else", () => {
    const view: View = { ...DEFAULT_VIEW, status: "resolved", period: "7d", query: "x", project: ["a"], level: ["info"] };
    expect(filterCount(view)).toBe(3);
    expect(withoutFilters(view)).toEqual({ ...DEFAULT_VIEW, status: "resolved", period: "7d" });
  });
});

// A project is renamed, and every address that was saved with it fails; the reader must learn which word is wrong.
it("names the filters that lead nowhere, and only those that are known to", () => {
  const view: View = { ...DEFAULT_VIEW, query: "is:new", project: ["shop", "7", "nope"], environment: ["live"] };
  const projects = [{ id: "7", slug: "web" }, { id: "8", slug: "shop" }];
  expect(unknownFilters(view, { projects, environments: [{ name: "production" }] })).toEqual(["project “nope”", "environment “live”"]);
  expect(unknownFilters(view, { projects: undefined, environments: undefined })).toEqual([]);
  expect(withoutScope(view)).toEqual({ ...DEFAULT_VIEW, query: "is:new" });
});

// Which issue stands beside the list is in the address, and yet the list is the same: it must not be asked for again.
it("keeps the split in the address and out of the view", () => {
  const address = readAddress({ status: "resolved", split: "123" });
  expect(address).toEqual({ status: "resolved", split: "123" });
  expect(viewOf(address)).toEqual(viewOf({ status: "resolved" }));
  expect(readAddress({ split: "<script>" })).toEqual({});
});
