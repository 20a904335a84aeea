import { expect, it } from "vitest";

import { readAttachments, readOutsideLinks, readUserReports } from "./outside";

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
