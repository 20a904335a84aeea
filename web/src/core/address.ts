/** The query part of an address: plain words, lists as repeated names. People and other tools read it without decoding JSON. */

export function parseAddress(search: string): Record<string, string | string[]> {
  const found: Record<string, string | string[]> = {};
  for (const [name, value] of new URLSearchParams(search)) {
    const before = found[name];
    if (before === undefined) found[name] = value;
    else found[name] = Array.isArray(before) ? [...before, value] : [before, value];
  }
  return found;
}

export function writeAddress(search: Readonly<Record<string, unknown>>): string {
  const written = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    const items: unknown[] = Array.isArray(value) ? value : [value];
    for (const item of items) {
      if (typeof item === "string" || typeof item === "number" || typeof item === "boolean") written.append(name, String(item));
    }
  }
  const text = written.toString();
  return text === "" ? "" : `?${text}`;
}
