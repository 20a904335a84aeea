import { addressWith } from "@/api/client";
import type { View } from "@/core/view";

import { listQuery } from "./issues";

export const EXPORT_FORMATS = [
  { format: "csv", label: "CSV", hint: "for spreadsheets" },
  { format: "json", label: "JSON", hint: "one document" },
  { format: "ndjson", label: "NDJSON", hint: "a line for each" },
] as const;

export type ExportFormat = (typeof EXPORT_FORMATS)[number]["format"];

/** Give the address that answers with every issue of a view, as a file. */
export const exportAddress = (view: View, format: ExportFormat): string => addressWith("/api/v1/issues/export", { format, ...listQuery(view) });
