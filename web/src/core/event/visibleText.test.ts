import { describe, expect, it } from "vitest";

import { segments, visibleText } from "./visibleText";

describe("visible text", () => {
  // A direction override makes `exe.gpj` read as `jpg.exe`.
  it("cuts hidden characters out as segments with their code", () => {
    expect(segments("a\u202Eb\u200B")).toEqual([
      { kind: "text", text: "a" },
      { kind: "control", code: "U+202E", meaning: "right-to-left override" },
      { kind: "text", text: "b" },
      { kind: "control", code: "U+200B", meaning: "zero-width space" },
    ]);
  });

  // Ordinary text in any script, code with tabs and lines, and joined emoji must not be disfigured.
  it.each(["", "plain", "tab\tnew\nline", "مرحبا", "👩‍👩‍👧", "می‌خواهم", "e\u0301"])("leaves %j alone", (text) => {
    expect(visibleText(text)).toBe(text);
  });

  it("treats a Windows line end as a line end and a bare return as hidden", () => {
    expect(visibleText("a\r\nb")).toBe("a\r\nb".replace("\r\n", "\n"));
    expect(visibleText("good\rbad")).toBe("good[U+000D]bad");
  });

  // Tag characters are invisible to people and legible to models.
  it("shows tag characters", () => {
    expect(visibleText("\u{E0041}")).toBe("[U+E0041]");
  });
});
