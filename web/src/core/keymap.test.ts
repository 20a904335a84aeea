import { expect, it } from "vitest";

import { KEYMAP, keysOf } from "./keymap";

type Bound = readonly (readonly [string, string])[];

const bindingsOf = (part: Record<string, readonly string[]>): Bound => Object.entries(part).flatMap(([id, keys]) => keys.map((key) => [key, id] as const));
const { everywhere, ...screens } = KEYMAP;

// A key that does two things does neither.
it.each(Object.entries(screens))("binds each key of %s once", (_name, part) => {
  const keys = [...bindingsOf(everywhere), ...bindingsOf(part)].map(([key]) => key);
  expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
});

// While "g" waits for its second key it must not also act alone.
it.each(Object.entries(screens))("binds no first key of two alone in %s", (_name, part) => {
  const keys = [...bindingsOf(everywhere), ...bindingsOf(part)].map(([key]) => key);
  const firsts = new Set(keys.filter((key) => key.includes(" ")).map((key) => key.split(" ")[0]));
  expect(keys.filter((key) => firsts.has(key))).toEqual([]);
});

// The same command has the same key wherever it is, since the table is asked by the command alone.
it("binds a command the same on every screen", () => {
  const byId = new Map<string, string>();
  for (const part of Object.values(KEYMAP)) {
    for (const [id, keys] of Object.entries<readonly string[]>(part)) {
      expect(byId.get(id) ?? keys.join()).toBe(keys.join());
      byId.set(id, keys.join());
    }
  }
});

// Ctrl+A, Ctrl+B, F5 and their like belong to the browser.
it("takes no key of the browser", () => {
  const taken = Object.values(KEYMAP).flatMap((part) => bindingsOf(part)).map(([key]) => key).filter((key) => /mod\+|alt\+|^F\d+$|Tab|Backspace|Space/.test(key));
  expect(taken).toEqual(["mod+k"]);
});

it("gives the keys of a command, and none to one without", () => {
  expect(keysOf("issue.assign")).toEqual(["a"]);
  expect(keysOf("account.out")).toEqual([]);
});
