/** Quoting for POSIX-like shells (sh, bash, zsh, ksh) that also survives being pasted into a terminal. */

import { hasHidden } from "./visibleText";

/**
 * Give the text as one shell word.
 *
 * Plain text goes into single quotes, where a shell obeys nothing. Text with control or invisible characters goes
 * into `$'…'` with every such character as octal bytes: a raw escape in a pasted command could end bracketed paste
 * and press Enter by itself, and a direction override could make the command read as another one.
 */
export function quoteForShell(text: string): string {
  if (!hasHidden(text)) return `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const escaped = Array.from(text, escapedCharacter).join("");
  return `$'${escaped}'`;
}

function escapedCharacter(character: string): string {
  // An argument cannot hold a null byte; the shell would cut the word there.
  if (character === "\0") return "";
  if (character === "\n") return String.raw`\n`;
  const special = character === "'" || character === "\\" || character === "!";
  return special || hasHidden(character) ? octal(character) : character;
}

function octal(character: string): string {
  return [...new TextEncoder().encode(character)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}
