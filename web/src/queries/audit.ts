import { infiniteQueryOptions } from "@tanstack/react-query";

import { addressWith, api } from "@/api/client";
import { auditQueryOf, type AuditView } from "@/core/audit";
import type { Page } from "@/core/model";
import { nextCursor } from "@/core/paging";

const ROWS = 50;

/** The log, newest first. */
export function auditQuery(view: AuditView) {
  return infiniteQueryOptions({
    queryKey: ["audit", view],
    queryFn: ({ pageParam, signal }) => api.get<Page<unknown>>("/api/v1/audit", { ...auditQueryOf(view, Date.now()), cursor: pageParam, limit: ROWS }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last, _pages, _lastParam, followed) => nextCursor(last, followed),
    staleTime: 10_000,
  });
}

/** Give the address that answers with all of it as a file. */
export const auditExportAddress = (view: AuditView, format: "csv" | "ndjson"): string => addressWith("/api/v1/audit/export", { format, ...auditQueryOf(view, Date.now()) });
