import { expect, it } from "vitest";

import { archiveChoices, assignChoices, ownArchiveMode, resolveChoices } from "./choices";
import type { ArchiveMode, Member } from "./model";

// The reader may type any condition; a wrong reading would silence an issue for the wrong time.
it.each<[string, ArchiveMode | null]>([
  ["3 days", { mode: "for_duration", duration_minutes: 4320 }],
  ["for 90 min", { mode: "for_duration", duration_minutes: 90 }],
  ["2h", { mode: "for_duration", duration_minutes: 120 }],
  ["1 week", { mode: "for_duration", duration_minutes: 10_080 }],
  ["50 events", { mode: "until_count", count: 50 }],
  ["until 50 more events in 1 hour", { mode: "until_count", count: 50, window_minutes: 60 }],
  ["20 users within 2 days", { mode: "until_users", users: 20, window_minutes: 2880 }],
  ["20 users in 9 weeks", { mode: "until_users", users: 20, window_minutes: 10_080 }],
  ["0 events", null],
  ["0 days", null],
  ["forever", null],
  ["soon", null],
])("“%s” means %j", (typed, mode) => {
  expect(ownArchiveMode(typed)).toEqual(mode);
});

// What was typed stands first, so that Enter takes it.
it("offers the reader's own condition before the usual ones", () => {
  expect(archiveChoices("50 events")[0]?.label).toBe("Until 50 more events");
  expect(archiveChoices("10 events").filter(({ label }) => label === "Until 10 more events")).toHaveLength(1);
  expect(archiveChoices("forev").map(({ label }) => label)).toEqual(["Forever"]);
});

// Every label must lead back to its own mode: the picker finds it by that.
it("reads its own labels back", () => {
  for (const { label, mode } of archiveChoices("")) {
    expect(archiveChoices(label).find((choice) => choice.label === label)?.mode).toEqual(mode);
  }
});

const member = (id: string, user: Member["user"]): Member => ({ id, name: `Member ${id}`, email: `m${id}@acme.test`, user });

// An invited member who has not joined cannot be assigned: Sentry refuses it.
it("offers me, nobody, people who have joined, and teams", () => {
  const members = [member("1", { id: "11", name: "Ada", email: "ada@acme.test" }), member("2", null)];
  const words = assignChoices("", members, [{ id: "4", slug: "backend", name: "Backend" }]).map(({ word }) => word);
  expect(words).toEqual(["me", null, "user:11", "team:4"]);
  expect(assignChoices("acme ada", members, []).map(({ label }) => label)).toEqual(["Ada"]);
});

// "In 2.8.1" was another project's, and choosing it was refused.
it("a release stood without its package: it is offered by its whole name", () => {
  const choices = resolveChoices("2.8", [{ version: "shop-web@2.8.1", shortVersion: "2.8.1" }]);
  expect(choices.map(({ label }) => label)).toEqual(["In shop-web@2.8.1"]);
});

it("offers releases to resolve in", () => {
  expect(resolveChoices("2.4", [{ version: "shop@2.4.1" }, { version: "shop@2.3.0" }]).map(({ mode }) => mode)).toEqual([{ mode: "release", release: "shop@2.4.1" }]);
});

// Sentry finds a commit by its repository, so a hash alone is no choice.
it.each([
  ["acme/shop@a1b2c3d", { mode: "commit", repository: "acme/shop", commit: "a1b2c3d" }],
  ["a1b2c3d", undefined],
  ["acme/shop@xyz", undefined],
])("offers for %s the commit %j", (typed, mode) => {
  expect(resolveChoices(typed, []).at(-1)?.mode).toEqual(mode);
});

// Who owns the code is the likeliest choice, and stands first; nobody is offered twice.
it("puts those who are likely to know before all others", () => {
  const members = [{ id: "1", name: "Grace", email: "g@x.y", user: { id: "2", name: "Grace", email: "g@x.y" } }];
  const suggested = [{ type: "user", id: "2", name: "Grace", email: "g@x.y", reason: "committer" }] as const;
  const choices = assignChoices("", members, [{ id: "7", slug: "checkout", name: "Checkout" }], suggested);
  expect(choices.map(({ id, hint }) => [id, hint])).toEqual([
    ["me", undefined],
    ["nobody", undefined],
    ["user:2", "changed the code"],
    ["team:7", undefined],
  ]);
});
