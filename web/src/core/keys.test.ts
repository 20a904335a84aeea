import { expect, it } from "vitest";

import { beginsSome, keyCaps, keyOf, meanings } from "./keys";

const press = (key: string, held: Partial<Record<"shiftKey" | "ctrlKey" | "metaKey" | "altKey", boolean>> = {}) => ({
  key,
  shiftKey: false,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...held,
});

// "r" reloads the list; Ctrl+R must stay the browser's.
it.each([
  [press("r"), "r"],
  [press("r", { ctrlKey: true }), "mod+r"],
  [press("K", { metaKey: true }), "mod+k"],
  [press("X", { shiftKey: true }), "shift+x"],
  [press("?", { shiftKey: true }), "?"],
  [press("Escape"), "Escape"],
  [press("Tab", { shiftKey: true }), "shift+Tab"],
])("%j is named %s", (event, name) => {
  expect(keyOf(event)).toBe(name);
});

it("draws the caps of the reader's own keyboard", () => {
  expect(keyCaps("mod+k", true)).toEqual(["⌘", "K"]);
  expect(keyCaps("mod+k", false)).toEqual(["Ctrl", "K"]);
  expect(keyCaps("j", false)).toEqual(["j"]);
  expect(keyCaps("g i", false)).toEqual(["g", "i"]);
});

// "g i" goes to the issues; an "i" long after a forgotten "g" must not.
it("takes two keys as one only when they come soon after each other", () => {
  expect(meanings("i", null, 0)).toEqual(["i"]);
  expect(meanings("i", { name: "g", atMs: 1000 }, 1400)).toEqual(["g i", "i"]);
  expect(meanings("i", { name: "g", atMs: 1000 }, 9000)).toEqual(["i"]);
  expect(beginsSome("g", ["g i", "j"])).toBe(true);
  expect(beginsSome("j", ["g i", "j"])).toBe(false);
});
