/**
 * Text that cannot lie about itself. Direction controls can make `exe.gpj` read as `jpg.exe`, and invisible
 * characters can hide words from the reader (but not from a model that the text is pasted to). They are
 * cut out as segments of their own, so that a screen shows their code instead of obeying them.
 */

export type Segment =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "control"; readonly code: string; readonly meaning: string };

// Zero-width joiners (200C, 200D) stay: emoji, Persian and Hindi need them. Tab and newline stay: code needs them.
const HIDDEN =
  /(?![\t\n])[\p{Cc}\u00AD\u061C\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/u;

const MEANINGS: Readonly<Record<string, string>> = {
  "001B": "escape",
  "0000": "null",
  "061C": "Arabic letter mark",
  "200B": "zero-width space",
  "200E": "left-to-right mark",
  "200F": "right-to-left mark",
  "202A": "left-to-right embedding",
  "202B": "right-to-left embedding",
  "202C": "end of direction change",
  "202D": "left-to-right override",
  "202E": "right-to-left override",
  "2066": "left-to-right isolate",
  "2067": "right-to-left isolate",
  "2068": "first strong isolate",
  "2069": "end of isolate",
  FEFF: "byte order mark",
};

/** Whether the text holds a character that would be obeyed or dropped instead of shown. */
export function hasHidden(text: string): boolean {
  return HIDDEN.test(text);
}

/** Give the text in segments, hidden characters apart with their code and meaning. */
export function segments(text: string): readonly Segment[] {
  // A carriage return before a newline is how Windows ends a line, not a trick.
  const clean = text.includes("\r\n") ? text.replaceAll("\r\n", "\n") : text;
  if (!hasHidden(clean)) return clean === "" ? [] : [{ kind: "text", text: clean }];
  const found: Segment[] = [];
  let plain = "";
  for (const character of clean) {
    if (!HIDDEN.test(character)) {
      plain += character;
      continue;
    }
    if (plain !== "") found.push({ kind: "text", text: plain });
    plain = "";
    found.push(control(character));
  }
  if (plain !== "") found.push({ kind: "text", text: plain });
  return found;
}

function control(character: string): Segment {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return { kind: "control", code: `U+${code}`, meaning: MEANINGS[code] ?? "invisible character" };
}

/** Give the text for places that take a plain string (titles, labels): hidden characters become their code. */
export function visibleText(text: string): string {
  if (!hasHidden(text)) return text;
  return segments(text)
    .map((segment) => (segment.kind === "text" ? segment.text : `[${segment.code}]`))
    .join("");
}
