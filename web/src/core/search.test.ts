import { describe, expect, it } from "vitest";

import { complete, completionsAt } from "./completion";
import { readSearch, searchValue, withoutToken } from "./search";

const words = (query: string) => readSearch(query).map(({ key, negated, value, kind }) => (kind === "text" ? value : `${negated ? "!" : ""}${key}=${value}`));

describe("reading a search", () => {
  // The chips must say what Sentry will understand.
  it.each([
    ["", []],
    ["is:unresolved", ["is=unresolved"]],
    ["!level:info has:user", ["!level=info", "has=user"]],
    ["cannot read price", ["cannot read price"]],
    ["level:error cannot read  is:new", ["level=error", "cannot read", "is=new"]],
    ['message:"a b" x', ["message=a b", "x"]],
    ["release:[1.0, 2.0]", ["release=[1.0, 2.0]"]],
    ["age:-24h timesSeen:>10", ["age=-24h", "timesSeen=>10"]],
    ["http://shop.test/cart", ["http://shop.test/cart"]],
    ["tags[customer]:7", ["tags[customer]=7"]],
  ])("%s", (query, tokens) => {
    expect(words(query)).toEqual(tokens);
  });

  // Unknown words say so instead of silently finding nothing.
  it.each([
    ["is:unresolved", null],
    ["is:odd", "“odd” is no state of an issue"],
    ["level:[error,loud]", "“loud” is no value of level"],
    ["level:err*", null],
    ["customer:7", "“customer” is no field of Sentry; it is searched as a tag"],
    ["tags[customer]:7", null],
    ["level:", "level needs a value"],
    ['message:"open', "A closing quote is missing"],
    ["release:[1.0", "A closing bracket is missing"],
    ["OR", "The issue search knows no AND, OR or parentheses; it is taken as a word"],
  ])("%s is doubtful: %s", (query, doubt) => {
    expect(readSearch(query)[0]?.doubt ?? null).toBe(doubt);
  });

  it("removes one token and keeps the others as they were typed", () => {
    const query = 'is:new  message:"a b"  level:error';
    const [, second] = readSearch(query);
    expect(second && withoutToken(query, second)).toBe("is:new level:error");
  });

  it("quotes values that the syntax would tear apart", () => {
    expect(searchValue("plain")).toBe("plain");
    expect(searchValue('two "words"')).toBe('"two \\"words\\""');
  });
});

describe("completion", () => {
  const known = { project: ["shop", "shop web"], environment: ["production"], member: ["ada@acme.test"], release: [] };
  const labels = (query: string, caret = query.length) => completionsAt(query, caret, known).map(({ label }) => label);

  it("offers keys by their beginning, then by what they hold", () => {
    expect(labels("firs")).toEqual(["firstRelease:", "firstSeen:"]);
    expect(labels("!lev")).toEqual(["!level:"]);
    expect(labels("")).toHaveLength(8);
  });

  it("offers values behind the colon, those of the organization among them", () => {
    expect(labels("is:re")).toEqual(["regressed", "resolved", "unresolved", "for_review", "ignored"]);
    expect(labels("project:sh")).toEqual(["shop", "shop web"]);
    expect(labels("assigned:")).toEqual(["me", "none", "#team", "ada@acme.test"]);
    expect(labels("nonsense:x")).toEqual([]);
  });

  // Taking a suggestion in the middle of a search must leave its other words alone.
  it("puts the suggestion where the caret is", () => {
    const query = "is:new proj level:error";
    const [first] = completionsAt(query, 11, known);
    expect(first && complete(query, first)).toEqual({ query: "is:new project: level:error", caret: 15 });
    const [, web] = completionsAt("project:sh", 10, known);
    expect(web && complete("project:sh", web).query).toBe('project:"shop web" ');
  });
});
