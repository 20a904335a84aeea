/** The log of who changed what, and what of it is asked for. */

import { asList, asMoment, asObject, asText } from "./event/json";

export const AUDIT_FACES = ["workbench", "api", "cli", "job", "legacy"] as const;
export const AUDIT_SPANS = ["1h", "24h", "7d", "30d"] as const;

export type AuditFace = (typeof AUDIT_FACES)[number];
export type AuditSpan = (typeof AUDIT_SPANS)[number];

export interface AuditView {
  readonly person: string;
  readonly action: string;
  readonly issue: string;
  readonly face: AuditFace | null;
  /** How far back; null for everything that is kept. */
  readonly span: AuditSpan | null;
}

/** The address's part of it: what is set. */
export interface AuditAddress {
  person?: string;
  action?: string;
  issue?: string;
  face?: AuditFace;
  span?: AuditSpan;
}

const MAX = 200;
const word = (value: unknown): string | undefined => (typeof value === "string" && value.trim() !== "" ? value.trim().slice(0, MAX) : undefined);

/** Give the address's known parts; a mangled address asks for everything. */
export function readAuditAddress(search: Readonly<Record<string, unknown>>): AuditAddress {
  const found = {
    person: word(search["person"]),
    action: word(search["action"]),
    issue: word(search["issue"]),
    face: AUDIT_FACES.find((face) => face === search["face"]),
    span: AUDIT_SPANS.find((span) => span === search["span"]),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

export const auditViewOf = (address: AuditAddress): AuditView => ({
  person: address.person ?? "",
  action: address.action ?? "",
  issue: address.issue ?? "",
  face: address.face ?? null,
  span: address.span ?? null,
});

export const auditAddressOf = (view: AuditView): AuditAddress => readAuditAddress({ ...view });

const HOUR_MS = 3_600_000;
const SPAN_MS: Record<AuditSpan, number> = { "1h": HOUR_MS, "24h": 24 * HOUR_MS, "7d": 7 * 24 * HOUR_MS, "30d": 30 * 24 * HOUR_MS };
const SPAN_WORDS: Record<AuditSpan, string> = { "1h": "Last hour", "24h": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days" };
const FACE_WORDS: Record<AuditFace, string> = { workbench: "Workbench", api: "API", cli: "Command line", job: "Bulk job", legacy: "Older addresses" };

export const spanWord = (span: AuditSpan): string => SPAN_WORDS[span];
export const faceWord = (face: string): string => (FACE_WORDS as Partial<Record<string, string>>)[face] ?? face;

/** Give what the gateway is asked. */
export function auditQueryOf(view: AuditView, nowMs: number): Record<string, string | undefined> {
  return {
    person: view.person || undefined,
    action: view.action || undefined,
    issue: view.issue || undefined,
    face: view.face ?? undefined,
    since: view.span === null ? undefined : new Date(nowMs - SPAN_MS[view.span]).toISOString(),
  };
}

export interface AuditRow {
  readonly id: string;
  readonly at: number | null;
  readonly person: string;
  /** Whose account Sentry was asked with, where it was: the one they linked, or Dexter's on their behalf. */
  readonly sentryAccount: string | null;
  readonly face: string;
  readonly action: string;
  readonly target: { readonly kind: string; readonly id: string } | null;
  readonly before: unknown;
  readonly after: unknown;
  readonly outcome: string;
  readonly requestId: string | null;
}

/** Give the rows of an answer. */
export function readAudit(rows: unknown): AuditRow[] {
  return asList(rows).flatMap((item): AuditRow[] => {
    const raw = asObject(item);
    const id = asText(raw["id"]);
    if (id === null) return [];
    const person = asObject(raw["person"]);
    const target = asObject(raw["target"]);
    const kind = asText(target["kind"]);
    return [
      {
        id,
        at: asMoment(raw["at"]),
        person: asText(person["name"]) ?? asText(person["id"]) ?? "Nobody known",
        sentryAccount: asText(raw["sentry_account"]),
        face: asText(raw["face"]) ?? "",
        action: asText(raw["action"]) ?? "",
        target: kind === null ? null : { kind, id: asText(target["id"]) ?? "" },
        before: raw["before"] ?? null,
        after: raw["after"] ?? null,
        outcome: asText(raw["outcome"]) ?? "unknown",
        requestId: asText(raw["request_id"]),
      },
    ];
  });
}

const OUTCOME_WORDS: Partial<Record<string, string>> = { done: "Done", refused: "Refused", failed: "Failed", unknown: "Not known" };

export const outcomeWord = (outcome: string): string => OUTCOME_WORDS[outcome] ?? outcome;

/** Give an action as words: "issues.update" is "issues: update". */
export const actionWords = (action: string): string => action.replaceAll("_", " ").replaceAll(".", ": ");
