import { useSearch } from "@tanstack/react-router";

import { AuditScreen } from "@/screens/audit/AuditScreen";

/** The audit log at its address, in a chunk of its own. */
export function AuditRoute() {
  return <AuditScreen address={useSearch({ from: "/workbench/audit" })} />;
}
