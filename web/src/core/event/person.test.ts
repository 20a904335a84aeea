import { describe, expect, it } from "vitest";

import { readPerson } from "./person";

describe("person", () => {
  it.each([
    [{ id: 1, email: "a@b.example", name: "Ada" }, "Ada"],
    [{ id: "u-1", ip_address: "::1" }, "u-1"],
    [{ data: { plan: "pro" } }, "pro"],
  ])("names %j as %s", (raw, label) => {
    expect(readPerson(raw)?.label).toBe(label);
  });

  it.each([null, {}, { id: "" }, { geo: {} }])("knows nobody in %j", (raw) => {
    expect(readPerson(raw)).toBeNull();
  });
});
