import { describe, expect, it } from "vitest";

import { issueAddressOf, issueViewOf, readIssueAddress } from "./address";

const ID = "0123456789abcdef0123456789abcdef";

describe("the issue page's address", () => {
  // Any view can be pasted to a colleague, and a mangled one must still open the issue.
  it.each([
    [{}, {}],
    [
      { event: ID, order: "oldest", stack: "raw" },
      { event: ID, order: "oldest", stack: "raw" },
    ],
    [{ event: "01234567-89AB-CDEF-0123-456789abcdef" }, { event: ID }],
    [{ event: "recommended", order: "newest" }, {}],
    [{ event: "latest" }, { event: "latest" }],
    [{ event: "../../etc", order: "sideways", stack: 3, other: "x" }, {}],
    [{ event: [ID, ID] }, {}],
  ])("%j is read as %j", (search, expected) => {
    expect(readIssueAddress(search)).toEqual(expected);
  });

  // A view that changes on its way through the address would jump under the reader.
  it.each([
    { event: "recommended", order: "newest", raw: false },
    { event: ID, order: "oldest", raw: true },
  ] as const)("%j survives the way through the address", (view) => {
    expect(issueViewOf(issueAddressOf(view))).toEqual(view);
  });
});
