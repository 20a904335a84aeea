import { describe, expect, it } from "vitest";

import { readExceptions } from "./exception";
import { stackText } from "./stackText";

describe("stackText", () => {
  const chain = readExceptions({
    values: [
      {
        type: "KeyError",
        value: "'id'",
        stacktrace: {
          frames: [{ function: "load", filename: "a.py", absPath: "/app/a.py", lineNo: 3, context: [[3, "  x[id]"]] }],
        },
      },
      {
        type: "ValueError",
        stacktrace: { frames: [{ function: "f", filename: "b.py", lineNo: 1 }, { filename: "c.py" }] },
      },
    ],
  });

  // People paste this into editors and searches that know their language's own layout.
  it("prints Python's layout, oldest first", () => {
    expect(stackText(chain, "python")).toBe(
      [
        "Traceback (most recent call last):",
        '  File "/app/a.py", line 3, in load',
        "    x[id]",
        "KeyError: 'id'",
        "",
        "Traceback (most recent call last):",
        '  File "b.py", line 1, in f',
        '  File "c.py", line ?, in ?',
        "ValueError",
      ].join("\n"),
    );
  });

  it("prints the at-layout newest first for everyone else", () => {
    expect(stackText(chain, "javascript")).toBe(
      ["ValueError", "    at c.py", "    at f (b.py:1)", "Caused by: KeyError: 'id'", "    at load (a.py:3)"].join(
        "\n",
      ),
    );
  });
});
