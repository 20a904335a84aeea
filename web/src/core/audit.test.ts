import { expect, it } from "vitest";

import { actionWords, auditAddressOf, auditQueryOf, auditViewOf, readAudit, readAuditAddress } from "./audit";

// A view of the log can be pasted to a colleague, and a mangled one still opens.
it("reads an address, drops what it does not know, and writes it back", () => {
  const address = readAuditAddress({ person: " Grace ", face: "api", span: "forever", issue: "" });
  expect(address).toEqual({ person: "Grace", face: "api" });
  expect(auditAddressOf(auditViewOf(address))).toEqual(address);
});

it("asks for a span as a moment", () => {
  const query = auditQueryOf(auditViewOf({ span: "24h", action: "issues" }), Date.parse("2026-01-02T00:00:00Z"));
  expect(query).toMatchObject({ since: "2026-01-01T00:00:00.000Z", action: "issues", person: undefined });
});

it("reads rows, and those of nobody Dexter knows", () => {
  const rows = readAudit([
    { id: "2", at: "2026-01-01T00:00:00Z", person: { id: "p", name: "Grace" }, face: "api", action: "issues.update", target: { kind: "issue", id: "7" }, outcome: "done" },
    { id: "1", person: null },
    {},
  ]);
  expect(rows.map(({ person, target }) => [person, target?.id])).toEqual([
    ["Grace", "7"],
    ["Nobody known", undefined],
  ]);
  expect(actionWords("issues.bulk_apply")).toBe("issues: bulk apply");
});
