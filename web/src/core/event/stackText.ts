/** A stack trace as the text its own language would print, for pasting into an editor, a ticket or a search. */

import type { Exception } from "./exception";
import type { Frame } from "./frames";

/** Give the whole chain as text: Python's layout for Python, the `at …` layout for everyone else. */
export function stackText(chain: readonly Exception[], platform: string | null): string {
  return platform === "python" ? pythonText(chain) : atText(chain, platform);
}

function headline(exception: Exception): string {
  return exception.value === "" ? exception.type : `${exception.type}: ${exception.value}`;
}

function pythonText(chain: readonly Exception[]): string {
  return chain
    .map((exception) => {
      const frames = exception.frames.map(pythonFrame);
      const start = frames.length > 0 ? ["Traceback (most recent call last):"] : [];
      return [...start, ...frames, headline(exception)].join("\n");
    })
    .join("\n\n");
}

function pythonFrame(frame: Frame): string {
  const file = frame.absPath ?? frame.place;
  const head = `  File "${file}", line ${lineOf(frame)}, in ${frame.fn ?? "?"}${timesOf(frame)}`;
  const failing = frame.source.find((line) => line.failing);
  return failing === undefined ? head : `${head}\n    ${failing.text.trim()}`;
}

function atText(chain: readonly Exception[], platform: string | null): string {
  return [...chain]
    .reverse()
    .map((exception, index) => {
      const frames = [...exception.frames].reverse().map((frame) => atFrame(frame, platform));
      const head = index === 0 ? headline(exception) : `Caused by: ${headline(exception)}`;
      return [head, ...frames].join("\n");
    })
    .join("\n");
}

function atFrame(frame: Frame, platform: string | null): string {
  const name = platform === "java" && frame.module !== null ? `${frame.module}.${frame.fn ?? "?"}` : frame.fn;
  const position = [frame.place, frame.line, frame.column].filter((part) => part !== null).join(":");
  return `    at ${name === null ? position : `${name} (${position})`}${timesOf(frame)}`;
}

function lineOf(frame: Frame): string {
  return frame.line === null ? "?" : String(frame.line);
}

function timesOf(frame: Frame): string {
  return frame.times > 1 ? ` [called ${String(frame.times)} times in a row]` : "";
}
