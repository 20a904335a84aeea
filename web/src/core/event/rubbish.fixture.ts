/** A stream of hostile and broken JSON for tests: the same rubbish for the same seed, so that a failure can be repeated. */

const WORDS = [
  "",
  " ",
  "values",
  "frames",
  "javascript:alert(1)",
  "<img src=x onerror=alert(1)>",
  "\u202Eexe.gpj",
  "\u0000",
  "'; rm -rf ~; '",
  "https://example.com/a?b=[1-9]",
  "http://user:pw@evil.example/",
  "2026-11-24T07:00:00Z",
  "not a date",
  "NaN",
  "-1",
  "1e999",
  "__proto__",
  "constructor",
  "a".repeat(5_000),
  "💥",
  "\uD800",
];

/** Names that Sentry's events use, so that the rubbish lands where readers look. */
const NAMES = [
  "type",
  "data",
  "values",
  "entries",
  "stacktrace",
  "rawStacktrace",
  "frames",
  "context",
  "contexts",
  "vars",
  "lineNo",
  "colNo",
  "function",
  "filename",
  "inApp",
  "mechanism",
  "source",
  "parent_id",
  "threadId",
  "id",
  "value",
  "module",
  "message",
  "formatted",
  "timestamp",
  "level",
  "category",
  "url",
  "method",
  "headers",
  "cookies",
  "query",
  "env",
  "inferredContentType",
  "tags",
  "key",
  "topValues",
  "count",
  "totalValues",
  "user",
  "geo",
  "sdk",
  "name",
  "version",
  "release",
  "errors",
  "occurrence",
  "evidenceDisplay",
  "packages",
  "status",
  "status_code",
  "to",
  "__proto__",
];

const ENTRY_TYPES = ["exception", "threads", "message", "breadcrumbs", "request", "template", "csp", "unknown"];

/** Give a generator of numbers from 0 to below 1 (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function pick<T>(random: () => number, items: readonly T[]): T | undefined {
  return items[Math.floor(random() * items.length)];
}

/** Give any JSON-like value, nested at most `depth` deep. */
export function rubbish(random: () => number, depth = 5): unknown {
  const kind = Math.floor(random() * (depth <= 0 ? 6 : 10));
  if (kind === 0) return null;
  if (kind === 1) return random() < 0.5;
  if (kind === 2) return pick(random, [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e21, 1_764_000_000]);
  if (kind <= 5) return kind === 3 ? undefined : pick(random, WORDS);
  const size = Math.floor(random() * 5);
  if (kind === 6) return Array.from({ length: size }, () => rubbish(random, depth - 1));
  return Object.fromEntries(
    Array.from({ length: size + 1 }, () => [pick(random, NAMES) ?? "x", rubbish(random, depth - 1)]),
  );
}

/** Give something that has an event's outline, with rubbish in its parts. */
export function rubbishEvent(random: () => number): unknown {
  const entries = ENTRY_TYPES.filter(() => random() < 0.7).map((type) => ({
    type,
    data:
      random() < 0.6
        ? { values: [rubbish(random), { stacktrace: { frames: [rubbish(random), rubbish(random)] } }] }
        : rubbish(random),
  }));
  const parts = NAMES.filter(() => random() < 0.4).map((name) => [name, rubbish(random)]);
  return { ...(Object.fromEntries(parts) as object), entries: random() < 0.9 ? entries : rubbish(random) };
}
