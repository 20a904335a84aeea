import { describe, expect, it } from "vitest";

import { guessLink, readAttachments, readOutsideLinks, readUserReports } from "./outside";

// Whoever uses the application writes these: they are text, and their addresses are followed only where that is harmless.
it("reads reports, files and links, and follows no hostile address", () => {
  expect(readUserReports({ data: [{ id: "1", name: "", email: "a@b.c", comments: "It broke" }, {}] })).toEqual([{ id: "1", name: "a@b.c", text: "It broke", at: null }]);
  expect(readAttachments([{ id: 5, name: "log.txt", size: 12 }, { id: "6" }]).map(({ name, bytes }) => [name, bytes])).toEqual(expect.arrayContaining([["A file", null]]));
  expect(readOutsideLinks([{ id: "1", displayName: "OPS-7", webUrl: "javascript:alert(1)" }, { id: "2", webUrl: "https://t.example/2" }])).toEqual([
    { id: "1", label: "OPS-7", href: null },
    { id: "2", label: "Link 2", href: "https://t.example/2" },
  ]);
  expect(readUserReports(null)).toEqual([]);
});

describe("the address of an issue in a tracker", () => {
  it("mostly says which project and which number", () => {
    expect(guessLink("https://jira.example/browse/SHOP-12")).toEqual({ project: "SHOP", identifier: "SHOP-12" });
    expect(guessLink("https://github.com/acme/shop/issues/7")).toEqual({ project: "shop", identifier: "7" });
    expect(guessLink("https://gitlab.example/acme/shop/-/issues/9")).toEqual({ project: "shop", identifier: "9" });
    expect(guessLink("https://tracker.example/what/ever")).toEqual({ project: "", identifier: "" });
  });
});
