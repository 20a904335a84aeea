import { expect, it } from "vitest";

import { mentionAt, mentionables, mentionChoices, mentionedIn, readComments, readNotes, withMention } from "./comments";

const KNOWN = mentionables(
  [
    { id: "1", name: "Grace Hopper", email: "g@x.y", user: { id: "2", name: "Grace Hopper", email: "g@x.y" } },
    { id: "3", name: "invited@x.y", email: "invited@x.y", user: null },
  ],
  [{ id: "7", slug: "checkout", name: "Checkout" }],
);

// Comments come in Sentry's form, where the text stands within data, and are read as a conversation.
it("reads comments, oldest first, and drops what is none", () => {
  const read = readComments([
    { id: "2", user: { id: "9", name: "Grace" }, data: { text: "second" }, dateCreated: "2026-01-02T00:00:00Z" },
    { id: "1", user: null, data: { text: "first" }, dateCreated: "2026-01-01T00:00:00Z" },
    { id: "4", user: { name: "Dexter" }, data: { text: "third\n\n— Ada via Dexter" }, written_for: "Ada", may_change: false, dateCreated: "2026-01-03T00:00:00Z" },
    { id: "3", data: {} },
    "rubbish",
  ]);
  expect(read.map(({ id, author, text }) => [id, author, text])).toEqual([
    ["1", "Somebody", "first"],
    ["2", "Grace", "second"],
    ["4", "Ada", "third"],
  ]);
  expect(read.map(({ mayChange }) => mayChange)).toEqual([true, true, false]);
  expect(readComments(null)).toEqual([]);
});

it("reads notes, the pinned first", () => {
  const read = readNotes({ data: [{ id: "a", body: "x", updated_at: "2026-01-02T00:00:00Z" }, { id: "b", body: "y", pinned: true, version: 3 }] });
  expect(read.map(({ id, version }) => [id, version])).toEqual([["b", 3], ["a", 1]]);
});

// An e-mail address is no mention.
it.each([
  ["hello @gr", "gr"],
  ["@", ""],
  ["(@check", "check"],
  ["mail me@x", null],
  ["@Grace Hopper ", null],
])("sees in %j the mention %j", (text, typed) => {
  expect(mentionAt(text, text.length)?.typed ?? null).toBe(typed);
});

it("completes a mention and tells Sentry whom it means", () => {
  const text = "ask @gra please";
  const draft = mentionAt(text, 8);
  expect(draft).not.toBeNull();
  if (draft === null) return;
  const [grace] = mentionChoices(draft, KNOWN);
  expect(grace?.word).toBe("user:2");
  if (grace === undefined) return;
  const done = withMention(text, 8, draft, grace);
  expect(done.text).toBe("ask @Grace Hopper please");
  expect(mentionedIn(`${done.text} and #checkout`, KNOWN)).toEqual(["user:2", "team:7"]);
});
