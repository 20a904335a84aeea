const HUES = 6;

/** Give the one or two letters that stand for a name: "Ada Lovelace" → "AL", "ada@example.com" → "AD". */
export function initialsOf(name: string): string {
  const words = name.split("@", 1).join("").split(/[\s._-]+/).filter((word) => word !== "");
  const [first = "", second] = [words[0], words.length > 1 ? words.at(-1) : undefined];
  const letters = second === undefined ? Array.from(first).slice(0, 2) : [Array.from(first)[0] ?? "", Array.from(second)[0] ?? ""];
  return letters.join("").toUpperCase() || "?";
}

/** Give one of six colours for a name, always the same one. */
export function hueOf(name: string): number {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum % HUES;
}
