import { describe, expect, it } from "vitest";

import { DEFAULT_VIEW } from "../view";
import { readIssue } from "./detail";
import { neighboursOf, type ListSeen } from "./neighbours";

const list = (words: string, updatedAt = 1): ListSeen => ({
  view: DEFAULT_VIEW,
  issues: words
    .split(" ")
    .map((word) => readIssue({ id: word.replace("*", ""), status: word.endsWith("*") ? "resolved" : "unresolved" })),
  updatedAt,
});

describe("neighboursOf", () => {
  // j and k walk the list the reader chose, without a way back to it in between.
  it.each([
    ["in the middle", "1 2 3", "2", { position: 2, total: 3, previous: "1", next: "3" }],
    ["at the ends", "1 2 3", "1", { position: 1, total: 3, previous: null, next: "2" }],
    ["at the last", "1 2 3", "3", { position: 3, total: 3, previous: "2", next: null }],
    ["when it was just resolved", "1 2* 3", "2", { position: 2, total: 3, previous: "1", next: "3" }],
    ["past others that were resolved", "1 2 3* 4", "2", { position: 2, total: 3, previous: "1", next: "4" }],
  ])("finds the neighbours %s", (_, words, id, expected) => {
    expect(neighboursOf([list(words)], id)).toMatchObject(expected);
  });

  it("takes the list that was used last among those that hold the issue", () => {
    expect(neighboursOf([list("1 2", 1), list("2 9", 3), list("5 6", 9)], "2")).toMatchObject({
      position: 1,
      next: "9",
    });
  });

  // Opened from a link, an issue has no list; the page must say so rather than guess.
  it("knows no neighbours for an issue of no list", () => {
    expect(neighboursOf([list("1 2")], "7")).toBeNull();
    expect(neighboursOf([], "7")).toBeNull();
  });
});
