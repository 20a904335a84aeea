/** Stack frames: what one frame says, and which of them are shown open, closed or folded away. */

import { asFlag, asList, asNumber, asObject, asString, asText, clipped, pairsOf, type Pair } from "./json";
import { safeLink } from "./safeLink";

export interface SourceLine {
  readonly number: number;
  readonly text: string;
  readonly failing: boolean;
}

export interface Frame {
  readonly fn: string | null;
  /** The file as shown: its name, else its module, else its package. */
  readonly place: string;
  readonly module: string | null;
  readonly absPath: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly inApp: boolean;
  readonly source: readonly SourceLine[];
  readonly variables: readonly Pair[];
  readonly package: string | null;
  readonly address: string | null;
  /** Where the source can be read, only when Sentry gave an http(s) address. */
  readonly sourceLink: string | null;
  /** How many times in a row this very frame stands in the stack: recursion reads as one row. */
  readonly times: number;
}

export type FrameGroup =
  | { readonly kind: "frame"; readonly key: string; readonly frame: Frame; readonly open: boolean }
  | { readonly kind: "folded"; readonly key: string; readonly frames: readonly Frame[]; readonly calls: number };

export type FrameOrder = "newest" | "oldest";

/** The most characters of a source line: minified bundles have lines of megabytes. */
const LONGEST_LINE = 2_000;

/** Give the frames of a stack trace, oldest first as Sentry keeps them, recursion merged. */
export function readFrames(stacktrace: unknown): readonly Frame[] {
  return mergeRepeated(asList(asObject(stacktrace)["frames"]).map(readFrame));
}

/** Give one frame's view; every part may be missing. */
export function readFrame(value: unknown): Frame {
  const raw = asObject(value);
  const line = asNumber(raw["lineNo"]);
  const module = asText(raw["module"]);
  const absPath = asText(raw["absPath"]);
  const image = asText(raw["package"]);
  return {
    fn: asText(raw["function"]) ?? asText(raw["rawFunction"]) ?? asText(raw["symbol"]),
    place: asText(raw["filename"]) ?? module ?? absPath ?? image ?? "unknown file",
    module,
    absPath,
    line,
    column: asNumber(raw["colNo"]),
    inApp: asFlag(raw["inApp"]) ?? false,
    source: readSource(raw["context"], line),
    variables: pairsOf(raw["vars"]),
    package: image,
    address: asText(raw["instructionAddr"]),
    sourceLink: safeLink(raw["sourceLink"]),
    times: 1,
  };
}

function readSource(context: unknown, failing: number | null): readonly SourceLine[] {
  return asList(context).flatMap((item) => {
    const [position, content] = asList(item);
    const number = asNumber(position);
    if (number === null) return [];
    const text = clipped(asString(content) ?? "", LONGEST_LINE);
    return [{ number, text, failing: number === failing }];
  });
}

function mergeRepeated(frames: readonly Frame[]): readonly Frame[] {
  const merged: Frame[] = [];
  for (const frame of frames) {
    const before = merged.at(-1);
    if (before !== undefined && sameCall(before, frame)) {
      // The newest call's variables stand for all: it is the one that was running.
      merged[merged.length - 1] = { ...frame, times: before.times + 1 };
    } else {
      merged.push(frame);
    }
  }
  return merged;
}

function sameCall(one: Frame, other: Frame): boolean {
  return (
    one.fn !== null &&
    one.fn === other.fn &&
    one.place === other.place &&
    one.line === other.line &&
    one.line !== null &&
    one.column === other.column &&
    one.module === other.module
  );
}

/**
 * Give the rows of a stack in the reading order asked for.
 *
 * In-app frames are open. Library frames between them are folded into one row with their number; a single
 * library frame stays a closed row, since a fold would take as much room. The frame that failed is always a
 * row of its own, and open when nothing in the stack is in-app.
 */
export function groupFrames(frames: readonly Frame[], order: FrameOrder): readonly FrameGroup[] {
  const failing = frames.at(-1);
  const anyInApp = frames.some((frame) => frame.inApp);
  const groups: FrameGroup[] = [];
  let run: { frame: Frame; key: string }[] = [];
  const endRun = () => {
    groups.push(...foldedRun(run));
    run = [];
  };
  frames.forEach((frame, index) => {
    const key = `frame-${String(index)}`;
    const isFailing = frame === failing;
    if (!frame.inApp && !isFailing) {
      run.push({ frame, key });
      return;
    }
    endRun();
    groups.push({ kind: "frame", key, frame, open: frame.inApp || !anyInApp });
  });
  endRun();
  return order === "newest" ? reversed(groups) : groups;
}

function foldedRun(run: readonly { frame: Frame; key: string }[]): readonly FrameGroup[] {
  const [first] = run;
  if (first === undefined) return [];
  if (run.length === 1) return [{ kind: "frame", key: first.key, frame: first.frame, open: false }];
  const frames = run.map((item) => item.frame);
  const calls = frames.reduce((sum, frame) => sum + frame.times, 0);
  return [{ kind: "folded", key: `fold-${first.key}`, frames, calls }];
}

function reversed(groups: readonly FrameGroup[]): readonly FrameGroup[] {
  return groups
    .map((group) => (group.kind === "folded" ? { ...group, frames: [...group.frames].reverse() } : group))
    .reverse();
}
