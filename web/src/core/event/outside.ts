/** What came with an issue from outside Sentry: what its users wrote, files, links to other trackers. Read without trust. */

import { asList, asMoment, asNumber, asObject, asText } from "./json";
import { safeLink } from "./safeLink";

export interface UserReport {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly at: number | null;
}

export interface Attachment {
  readonly id: string;
  readonly name: string;
  readonly bytes: number | null;
  readonly at: number | null;
}

export interface OutsideLink {
  readonly id: string;
  readonly label: string;
  /** Null where the tracker gives no address that may be followed. */
  readonly href: string | null;
}

const rowsOf = (answer: unknown): readonly unknown[] => (Array.isArray(answer) ? (answer as unknown[]) : asList(asObject(answer)["data"]));

function read<T>(answer: unknown, each: (raw: Readonly<Record<string, unknown>>, id: string) => T): readonly T[] {
  return rowsOf(answer).flatMap((row) => {
    const raw = asObject(row);
    const id = asText(raw["id"]);
    return id === null ? [] : [each(raw, id)];
  });
}

export const readUserReports = (answer: unknown): readonly UserReport[] =>
  read(answer, (raw, id) => ({ id, name: asText(raw["name"]) ?? asText(raw["email"]) ?? "A user", text: asText(raw["comments"]) ?? "", at: asMoment(raw["dateCreated"]) }));

export const readAttachments = (answer: unknown): readonly Attachment[] =>
  read(answer, (raw, id) => ({ id, name: asText(raw["name"]) ?? "A file", bytes: asNumber(raw["size"]), at: asMoment(raw["dateCreated"]) }));

export const readOutsideLinks = (answer: unknown): readonly OutsideLink[] =>
  read(answer, (raw, id) => ({ id, label: asText(raw["displayName"]) ?? asText(raw["key"]) ?? `Link ${id}`, href: safeLink(raw["webUrl"]) }));

/** Guess project and number from the address of an issue in a tracker, as trackers commonly write it; empty where it says nothing. */
export function guessLink(address: string): { readonly project: string; readonly identifier: string } {
  const key = /\/browse\/([A-Za-z][A-Za-z0-9_]*)-(\d+)/.exec(address);
  if (key !== null) return { project: key[1] ?? "", identifier: `${key[1] ?? ""}-${key[2] ?? ""}` };
  const numbered = /\/([^/]+)\/(?:-\/)?(?:issues|pull|merge_requests)\/(\d+)/.exec(address);
  if (numbered !== null) return { project: numbered[1] ?? "", identifier: numbered[2] ?? "" };
  return { project: "", identifier: "" };
}
