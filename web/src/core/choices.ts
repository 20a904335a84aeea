import { archiveWords } from "./issueWords";
import type { ArchiveMode, Assignee, Member, Release, ResolveMode, Team } from "./model";

/** Say whether every word of `typed` occurs in `text`; order and case do not matter. */
export function matches(typed: string, text: string): boolean {
  const within = text.toLowerCase();
  return typed.toLowerCase().split(/\s+/).every((word) => within.includes(word));
}

export interface ArchiveChoice {
  readonly mode: ArchiveMode;
  readonly label: string;
  readonly section: string;
}

const HOUR = 60;
const DAY = 24 * HOUR;

const PRESETS: readonly ArchiveMode[] = [
  { mode: "until_escalating" },
  { mode: "forever" },
  { mode: "for_duration", duration_minutes: HOUR },
  { mode: "for_duration", duration_minutes: DAY },
  { mode: "for_duration", duration_minutes: 7 * DAY },
  { mode: "until_count", count: 10 },
  { mode: "until_count", count: 100 },
  { mode: "until_count", count: 100, window_minutes: DAY },
  { mode: "until_users", users: 1 },
  { mode: "until_users", users: 10 },
  { mode: "until_users", users: 100, window_minutes: DAY },
];

const SECTIONS: Record<ArchiveMode["mode"], string> = {
  until_escalating: "Archive",
  forever: "Archive",
  for_duration: "For a time",
  until_count: "Until it happens more",
  until_users: "Until it affects more people",
};

function choiceOf(mode: ArchiveMode): ArchiveChoice {
  const words = archiveWords(mode);
  return { mode, label: words.charAt(0).toUpperCase() + words.slice(1), section: SECTIONS[mode.mode] };
}

/** Give the ways to archive that fit what is typed: the usual ones, and the reader's own such as "3 days" or "50 users in 2 hours". */
export function archiveChoices(typed: string): ArchiveChoice[] {
  const own = ownArchiveMode(typed);
  const usual = PRESETS.map(choiceOf).filter(({ label, section }) => matches(typed, `${label} ${section}`));
  if (own === null) return usual;
  const choice = choiceOf(own);
  return [choice, ...usual.filter(({ label }) => label !== choice.label)];
}

const UNIT_MINUTES: Record<string, number> = { m: 1, h: HOUR, d: DAY, w: 7 * DAY };
const SPAN = String.raw`(\d{1,6})\s*(m|min|mins|minutes?|h|hours?|d|days?|w|weeks?)`;
const OWN_SPAN = new RegExp(`^(?:for\\s+)?${SPAN}$`, "i");
const OWN_COUNT = new RegExp(`^(?:until\\s+)?(\\d{1,9})\\s*(?:more\\s+)?(events?|times?|users?|people)(?:\\s+(?:in|within|per)\\s+${SPAN})?$`, "i");

/** Sentry counts within a week at most. */
const MAX_WINDOW_MINUTES = 10_080;

/** Give the archive mode that a phrase names, or null. */
export function ownArchiveMode(typed: string): ArchiveMode | null {
  const phrase = typed.trim();
  const span = OWN_SPAN.exec(phrase);
  if (span !== null) {
    const duration = minutesOf(span[1], span[2]);
    return duration === 0 ? null : { mode: "for_duration", duration_minutes: duration };
  }
  const count = OWN_COUNT.exec(phrase);
  if (count === null) return null;
  return countMode(Number(count[1]), count[2] ?? "", count[3] === undefined ? 0 : minutesOf(count[3], count[4]));
}

function countMode(number: number, noun: string, windowMinutes: number): ArchiveMode | null {
  if (number < 1) return null;
  const window = windowMinutes === 0 ? {} : { window_minutes: Math.min(windowMinutes, MAX_WINDOW_MINUTES) };
  return /^(users?|people)$/i.test(noun) ? { mode: "until_users", users: number, ...window } : { mode: "until_count", count: number, ...window };
}

function minutesOf(amount: string | undefined, unit: string | undefined): number {
  const first = (unit ?? "m").charAt(0).toLowerCase();
  return Number(amount ?? 0) * (UNIT_MINUTES[first] ?? 0);
}

export interface ResolveChoice {
  readonly id: string;
  readonly mode: ResolveMode;
  readonly label: string;
  readonly section: string;
}

/** Give the ways to resolve that fit what is typed; the releases come newest first, as Sentry lists them. */
export function resolveChoices(typed: string, releases: readonly Release[]): ResolveChoice[] {
  const commit = ownCommit(typed);
  const all: ResolveChoice[] = [
    { id: "now", mode: { mode: "now" }, label: "Now", section: "Resolve" },
    { id: "next", mode: { mode: "next_release" }, label: "In the next release", section: "Resolve" },
    ...releases.map(
      // The whole name: two packages of a project may both have a 2.8.1.
      ({ version }): ResolveChoice => ({ id: `release:${version}`, mode: { mode: "release", release: version }, label: `In ${version}`, section: "In a release" }),
    ),
  ];
  const fitting = all.filter(({ label, id }) => matches(typed, `${label} ${id}`));
  return commit === null ? fitting : [...fitting, commit];
}

const COMMIT = /^(?:in\s+)?(?:commit\s+)?([\w./-]+)@([0-9a-f]{7,64})$/i;

/** Give the choice for a commit that was typed, such as "acme/shop@a1b2c3d", or null. Sentry knows commits by their repository. */
function ownCommit(typed: string): ResolveChoice | null {
  const [, repository, commit] = COMMIT.exec(typed.trim()) ?? [];
  if (repository === undefined || commit === undefined) return null;
  return {
    id: `commit:${repository}@${commit}`,
    mode: { mode: "commit", commit, repository },
    label: `In commit ${commit.slice(0, 12)} of ${repository}`,
    section: "In a commit",
  };
}

export interface AssignChoice {
  readonly id: string;
  /** What the gateway is told. */
  readonly word: string | null;
  readonly label: string;
  readonly name: string;
  readonly section: string;
  readonly hint?: string;
  /** Absent when only Sentry knows who it is, as with "me". */
  readonly assignee?: Assignee | null;
}

/** Somebody who is likely to know about an issue, and why. */
export interface SuggestedOwner {
  readonly type: "user" | "team";
  readonly id: string;
  readonly name: string;
  readonly email?: string | null;
  readonly reason: string;
}

/**
 * Give those an issue can be assigned to that fit what is typed: oneself and nobody, then who is likely to know, people, teams.
 *
 * Members who have not joined yet have no user and are left out; nobody is offered twice.
 */
export function assignChoices(typed: string, members: readonly Member[], teams: readonly Team[], suggested: readonly SuggestedOwner[] = []): AssignChoice[] {
  const likely = suggested.map(suggestedChoice);
  const known = new Set(likely.map(({ id }) => id));
  const all: AssignChoice[] = [
    { id: "me", word: "me", label: "Me", name: "you", section: "Assign" },
    { id: "nobody", word: null, label: "Nobody", name: "nobody", section: "Assign", assignee: null },
    ...likely,
    ...[...members.flatMap(memberChoice), ...teams.map(teamChoice)].filter(({ id }) => !known.has(id)),
  ];
  return all.filter(({ label, hint }) => matches(typed, `${label} ${hint ?? ""}`));
}

const REASON_WORDS: Partial<Record<string, string>> = { owner: "owns the code", owners: "owns the code", committer: "changed the code", activity: "worked on it" };

function suggestedChoice({ type, id, name, email, reason }: SuggestedOwner): AssignChoice {
  const word = `${type}:${id}`;
  const shown = type === "team" ? `#${name.replace(/^#/, "")}` : name;
  return { id: word, word, label: shown, name: shown, section: "Likely to know", hint: REASON_WORDS[reason] ?? reason, assignee: { type, id, name, email: email ?? null } };
}

function memberChoice({ user, name, email }: Member): AssignChoice[] {
  if (user === null || user === undefined) return [];
  const shown = user.name || name || email;
  const assignee: Assignee = { type: "user", id: user.id, name: shown, email: user.email };
  return [{ id: `user:${user.id}`, word: `user:${user.id}`, label: shown, name: shown, section: "People", hint: user.email || email, assignee }];
}

function teamChoice({ id, slug }: Team): AssignChoice {
  return { id: `team:${id}`, word: `team:${id}`, label: `#${slug}`, name: `#${slug}`, section: "Teams", assignee: { type: "team", id, name: slug } };
}
