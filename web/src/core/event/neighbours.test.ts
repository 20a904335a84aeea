import { describe, expect, it } from "vitest";

import type { Issue, Page } from "../model";
import { DEFAULT_VIEW } from "../view";
import { readIssue } from "./detail";
import { type ListSoFar, needsMore, neighboursOf } from "./neighbours";

const DAY = 24 * 3600 * 1000;

/** The issue of a word: "7" is the seventh latest, "7*" the same when it was resolved. */
function issueOf(word: string): Issue {
  const id = word.replace("*", "");
  const lastSeen = new Date(100 * DAY - Number(id) * DAY).toISOString();
  return readIssue({ id, lastSeen, status: word.endsWith("*") ? "resolved" : "unresolved", project: { id: "1", slug: "shop" } });
}

const page = (words: string, hits: number | null): Page<Issue> => ({
  data: words.split(" ").map(issueOf),
  pagination: { next: null, prev: null },
  meta: { cached_at: null, age_s: 0, stale: false, source: "miss", hits },
});

interface Rest {
  hits?: number | null;
  more?: boolean;
  view?: Partial<ListSoFar["view"]>;
}

/** A list of pages that are parted by "|". */
const list = (words: string, { hits = null, more = false, view = {} }: Rest = {}): ListSoFar => ({
  view: { ...DEFAULT_VIEW, ...view },
  pages: words.split(" | ").map((one) => page(one, hits)),
  more,
});

const upTo = (count: number): string => Array.from({ length: count }, (_, index) => index + 1).join(" ");

describe("neighboursOf", () => {
  // j and k walk the list the reader chose, without a way back to it in between.
  it.each([
    ["in the middle", "1 2 3", "2", { position: 2, total: 3, previous: "1", next: "3" }],
    ["at the ends", "1 2 3", "1", { position: 1, total: 3, previous: null, next: "2" }],
    ["at the last", "1 2 3", "3", { position: 3, total: 3, previous: "2", next: null }],
    ["over pages", "1 2 | 3 4", "2", { position: 2, total: 4, previous: "1", next: "3" }],
    ["once, where pages have shifted", "1 2 | 2 3", "2", { position: 2, total: 3, previous: "1", next: "3" }],
    ["when it was just resolved", "1 2* 3", "2", { position: 2, total: 3, previous: "1", next: "3" }],
    ["past others that were resolved", "1 2 3* 4", "2", { position: 2, total: 3, previous: "1", next: "4" }],
  ])("finds the neighbours %s", (_, words, id, expected) => {
    expect(neighboursOf(list(words), id)).toMatchObject(expected);
  });

  // "50 of 50" in a list of 230 sends the reader home too early.
  it("the total was that of the loaded page: it is the list's", () => {
    expect(neighboursOf(list("1 2 3*", { hits: 230, more: true }), "2")).toMatchObject({ position: 2, total: 229, isLeast: false });
    expect(neighboursOf(list("1 2", { more: true }), "2")).toMatchObject({ total: 2, isLeast: true });
  });

  // Opened from a link, an issue may be in no list; the page must say so rather than guess.
  it("knows no neighbours for an issue that the list does not hold", () => {
    expect(neighboursOf(list("1 2"), "7")).toBeNull();
    expect(neighboursOf({ ...list("1"), pages: [] }, "7")).toBeNull();
  });
});

describe("needsMore", () => {
  it.each([
    ["near the end of what is loaded", list(upTo(50), { more: true }), "45", true],
    ["not far from it", list(upTo(50), { more: true }), "20", false],
    ["not at the end of all", list(upTo(50)), "50", false],
    ["for an issue further on, as after a reload", list(upTo(50), { more: true }), "70", true],
    // A link to an issue must not page through lists that cannot hold it.
    ["not for one that would have come before", list("5 6 7", { more: true }), "2", false],
    ["not for one that fits the tab no more", list("1 2", { more: true }), "9*", false],
    ["not for one of another project", list("1 2", { more: true, view: { project: ["web"] } }), "9", false],
    ["in an order that says nothing of its place", list("5 6", { more: true, view: { sort: "freq" } }), "2", true],
    ["not without end", list(Array.from({ length: 10 }, (_, index) => index + 1).join(" | "), { more: true }), "90", false],
  ])("%s", (_, soFar, word, expected) => {
    expect(needsMore(soFar, issueOf(word))).toBe(expected);
  });
});
