/** Exceptions as a chain that reads in order, each with its stack; threads stand in where exceptions have no frames. */

import { asFlag, asList, asNumber, asObject, asText, pairsOf, type Json, type Pair } from "./json";
import { readFrames, type Frame, type FrameOrder } from "./frames";

export interface Exception {
  readonly key: string;
  readonly type: string;
  readonly value: string;
  readonly module: string | null;
  /** How this exception belongs to the one above it in the newest-first order; null for the main one. */
  readonly relation: string | null;
  readonly handled: boolean | null;
  readonly mechanism: string | null;
  readonly mechanismData: readonly Pair[];
  /** Oldest first, as Sentry keeps them. */
  readonly frames: readonly Frame[];
  /** The minified stack before source maps, when it differs from what is shown. */
  readonly minified: readonly Frame[];
}

export interface Thread {
  readonly key: string;
  readonly id: string;
  readonly name: string;
  readonly crashed: boolean;
  readonly current: boolean;
  readonly state: string | null;
  readonly frames: readonly Frame[];
}

/** Give the exceptions of an entry, oldest (the first cause) first, as Sentry keeps them. */
export function readExceptions(data: unknown, threads: readonly Thread[] = []): readonly Exception[] {
  const values = asList(asObject(data)["values"]);
  const groups = new Map(values.map((value) => [idOf(value), asText(asObject(value)["type"])]));
  return values.map((value, index) => {
    const isMain = index === values.length - 1;
    const exception = readException(value, index, isMain, threads);
    return { ...exception, relation: isMain ? null : relationOf(asObject(asObject(value)["mechanism"]), groups) };
  });
}

function readException(value: unknown, index: number, isMain: boolean, threads: readonly Thread[]): Exception {
  const raw = asObject(value);
  const mechanism = asObject(raw["mechanism"]);
  const own = readFrames(raw["stacktrace"]);
  const thread = threads.find((candidate) => candidate.id === asText(raw["threadId"]));
  return {
    key: `exception-${String(index)}`,
    type: asText(raw["type"]) ?? asText(raw["module"]) ?? "Error",
    value: asText(raw["value"]) ?? "",
    module: asText(raw["module"]),
    relation: null,
    handled: asFlag(mechanism["handled"]),
    mechanism: asText(mechanism["type"]),
    mechanismData: [...pairsOf(mechanism["data"]), ...pairsOf(mechanism["meta"])],
    frames: own.length > 0 || !isMain ? own : (thread?.frames ?? []),
    minified: readFrames(raw["rawStacktrace"]),
  };
}

function idOf(value: unknown): number | null {
  return asNumber(asObject(asObject(value)["mechanism"])["exception_id"]);
}

const CAUSE = "Caused by";
const DURING = "While this was being handled";

/** Give in words how a chained exception came about, from what SDKs write on its mechanism. */
function relationOf(mechanism: Json, groups: ReadonlyMap<number | null, string | null>): string {
  const source = asText(mechanism["source"]);
  if (source === "__context__") return DURING;
  if (source !== null && /^(errors|exceptions)\[\d+\]$/.test(source)) {
    const parent = asNumber(mechanism["parent_id"]);
    return `Part of ${(parent === null ? null : groups.get(parent)) ?? "the group"}`;
  }
  return CAUSE;
}

export interface ChainLink {
  readonly exception: Exception;
  /** How it belongs to the one before it in this order; null for the first. */
  readonly link: string | null;
}

/** Give the chain in the reading order asked for: the main exception and then its causes, or from the first cause on. */
export function orderedChain(chain: readonly Exception[], order: FrameOrder): readonly ChainLink[] {
  if (order === "newest") {
    return [...chain]
      .reverse()
      .map((exception, index) => ({ exception, link: index === 0 ? null : exception.relation }));
  }
  return chain.map((exception, index) => ({ exception, link: forwards(chain[index - 1]) }));
}

/** The relation of a cause to its effect, said from the cause's side. */
function forwards(before: Exception | undefined): string | null {
  if (before === undefined) return null;
  if (before.relation === DURING) return "Then, while handling it";
  return before.relation === CAUSE ? "Which led to" : "And";
}

/** Give the threads of an entry, the crashed and the current one first. */
export function readThreads(data: unknown): readonly Thread[] {
  const threads = asList(asObject(data)["values"]).map(readThread);
  return [...threads].sort((one, other) => rank(one) - rank(other));
}

function readThread(value: unknown, index: number): Thread {
  const raw = asObject(value);
  const id = asText(raw["id"]) ?? String(index);
  return {
    key: `thread-${String(index)}`,
    id,
    name: asText(raw["name"]) ?? `Thread ${id}`,
    crashed: asFlag(raw["crashed"]) ?? false,
    current: asFlag(raw["current"]) ?? false,
    state: asText(raw["state"]),
    frames: readFrames(raw["stacktrace"]),
  };
}

function rank(thread: Thread): number {
  if (thread.crashed) return 0;
  return thread.current ? 1 : 2;
}
