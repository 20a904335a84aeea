/** Comments and notes on an issue, read without trust, and the mentions in what is being written. */

import { matches } from "./choices";
import { asList, asMoment, asNumber, asObject, asText } from "./event/json";
import type { Member, Team } from "./model";

export interface Comment {
  readonly id: string;
  readonly author: string;
  /** Sentry's id of who wrote it; null when Sentry does not say. */
  readonly authorId: string | null;
  readonly text: string;
  readonly at: number | null;
  readonly edited: boolean;
  /** False where the gateway says that the reader may not. */
  readonly mayChange: boolean;
}

/** Give the comments of an answer, oldest first, as a conversation is read. */
export function readComments(value: unknown): readonly Comment[] {
  const list = Array.isArray(value) ? (value as unknown[]) : asList(asObject(value)["data"]);
  return list
    .flatMap((item): Comment[] => {
      const raw = asObject(item);
      const data = asObject(raw["data"]);
      const who = asObject(raw["user"] ?? raw["author"]);
      const id = asText(raw["id"]);
      const text = asText(raw["text"]) ?? asText(data["text"]) ?? asText(raw["body"]);
      if (id === null || text === null) return [];
      return [
        {
          id,
          // Dexter's own credential writes for people who have linked none of their own; it says for whom.
          author: asText(raw["written_for"]) ?? asText(raw["author_name"]) ?? asText(who["name"]) ?? asText(who["email"]) ?? asText(who["username"]) ?? "Somebody",
          authorId: asText(who["id"]),
          text: unsigned(text, asText(raw["written_for"])),
          at: asMoment(raw["dateCreated"] ?? raw["created_at"]),
          edited: asText(raw["dateEdited"] ?? raw["edited_at"]) !== null,
          mayChange: raw["may_change"] !== false,
        },
      ];
    })
    .sort((one, other) => (one.at ?? 0) - (other.at ?? 0));
}

/** Give a comment without the line by which Dexter says for whom it wrote it; the reader sees the name above it. */
function unsigned(text: string, writtenFor: string | null): string {
  if (writtenFor === null) return text;
  const lines = text.trimEnd().split("\n");
  return lines.at(-1)?.includes(writtenFor) === true ? lines.slice(0, -1).join("\n").trimEnd() : text;
}

export interface Note {
  readonly id: string;
  readonly body: string;
  readonly pinned: boolean;
  readonly author: string;
  readonly authorId: string | null;
  readonly at: number | null;
  /** Goes back with a change, so that a change of somebody else's is not overwritten unseen. */
  readonly version: number;
  readonly mayChange: boolean;
}

/** Give the notes of an answer, pinned ones first, then the newest. */
export function readNotes(value: unknown): readonly Note[] {
  const list = Array.isArray(value) ? (value as unknown[]) : asList(asObject(value)["data"]);
  return list
    .flatMap((item): Note[] => {
      const raw = asObject(item);
      const id = asText(raw["id"]);
      if (id === null) return [];
      return [
        {
          id,
          body: asText(raw["body"]) ?? "",
          pinned: raw["pinned"] === true,
          // Dexter's own credential writes for people who have linked none of their own; it says for whom.
          author: asText(raw["written_for"]) ?? asText(raw["author_name"]) ?? asText(asObject(raw["author"])["name"]) ?? "Somebody",
          authorId: asText(raw["author_id"]) ?? asText(asObject(raw["author"])["id"]),
          at: asMoment(raw["updated_at"] ?? raw["created_at"]),
          version: asNumber(raw["version"]) ?? 1,
          mayChange: raw["may_change"] !== false,
        },
      ];
    })
    .sort((one, other) => Number(other.pinned) - Number(one.pinned) || (other.at ?? 0) - (one.at ?? 0));
}

/** Somebody who can be told of a comment by their name. */
export interface Mentionable {
  /** "user:1" or "team:2". */
  readonly word: string;
  readonly name: string;
  readonly hint: string;
}

export function mentionables(members: readonly Member[], teams: readonly Team[]): Mentionable[] {
  return [
    ...members.flatMap(({ user, name, email }): Mentionable[] => (user == null ? [] : [{ word: `user:${user.id}`, name: user.name || name || email, hint: user.email || email }])),
    ...teams.map(({ id, slug }): Mentionable => ({ word: `team:${id}`, name: `#${slug}`, hint: "Team" })),
  ];
}

export interface MentionDraft {
  /** Where the "@" stands. */
  readonly from: number;
  readonly typed: string;
}

/** Give the mention that is being typed at the caret, or null. */
export function mentionAt(text: string, caret: number): MentionDraft | null {
  const found = /(?:^|[\s(])@([\p{L}\p{N}#._-]*)$/u.exec(text.slice(0, caret));
  return found === null ? null : { from: caret - (found[1]?.length ?? 0) - 1, typed: found[1] ?? "" };
}

const MOST = 6;

export const mentionChoices = (draft: MentionDraft, known: readonly Mentionable[]): Mentionable[] => known.filter(({ name, hint }) => matches(draft.typed, `${name} ${hint}`)).slice(0, MOST);

/** Give the text and the caret after a mention was chosen. */
export function withMention(text: string, caret: number, draft: MentionDraft, chosen: Mentionable): { text: string; caret: number } {
  const inserted = `${spelled(chosen.name)} `;
  return { text: text.slice(0, draft.from) + inserted + text.slice(caret).replace(/^ /, ""), caret: draft.from + inserted.length };
}

/** Give the words of all who are mentioned in a text by their full name. */
export function mentionedIn(text: string, known: readonly Mentionable[]): string[] {
  return known.filter(({ name }) => text.includes(spelled(name))).map(({ word }) => word);
}

/** Give a mention as Sentry reads it: people after @, teams after #. */
const spelled = (name: string): string => (name.startsWith("#") ? name : `@${name}`);
