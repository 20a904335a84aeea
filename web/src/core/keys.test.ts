import { expect, it } from "vitest";

import { keyCaps, keyOf } from "./keys";

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
});
