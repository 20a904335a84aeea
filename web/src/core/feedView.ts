/** What of the feed is asked for: by kind, project, issue, source, person and title. */

import type { FeedEvent } from "./feed";

export const FEED_GROUPS = ["new", "done", "people", "changes", "alerts", "jobs", "gateway"] as const;
export const FEED_SOURCES = ["webhook", "poll", "write", "dexter"] as const;

export type FeedGroup = (typeof FEED_GROUPS)[number];
export type FeedSource = (typeof FEED_SOURCES)[number];

export interface FeedView {
  /** The kinds that are shown; none for all. */
  readonly groups: readonly FeedGroup[];
  readonly project: string;
  readonly issue: string;
  readonly source: FeedSource | null;
  readonly actor: string;
  readonly text: string;
  /** `EPOCH:OFFSET`: only what happened before it; empty for everything up to now. */
  readonly before: string;
}

/** The address's part of it. `replay` is the moment or the place from which on the feed is played. */
export interface FeedAddress {
  kind?: string;
  project?: string;
  issue?: string;
  source?: FeedSource;
  actor?: string;
  text?: string;
  before?: string;
  replay?: string;
}

export const EVERYTHING: FeedView = { groups: [], project: "", issue: "", source: null, actor: "", text: "", before: "" };

const MAX = 120;
const word = (value: unknown): string | undefined => (typeof value === "string" && value.trim() !== "" ? value.trim().slice(0, MAX) : undefined);
const PLACE = /^[\w-]{1,64}:\d{1,18}$/;
const place = (value: unknown): string | undefined => (typeof value === "string" && PLACE.test(value) ? value : undefined);

const isGroup = (name: string): name is FeedGroup => FEED_GROUPS.some((group) => group === name);

/** Give the address's known parts; a mangled address asks for everything. */
export function readFeedAddress(search: Readonly<Record<string, unknown>>): FeedAddress {
  const groups = (word(search["kind"]) ?? "").split(",").filter(isGroup);
  const found = {
    kind: groups.length === 0 ? undefined : FEED_GROUPS.filter((group) => groups.includes(group)).join(","),
    project: word(search["project"]),
    issue: word(search["issue"]),
    source: FEED_SOURCES.find((source) => source === search["source"]),
    actor: word(search["actor"]),
    text: word(search["text"]),
    before: place(search["before"]),
    replay: place(search["replay"]) ?? moment(search["replay"]),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

function moment(value: unknown): string | undefined {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

export const feedViewOf = (address: FeedAddress): FeedView => ({
  groups: (address.kind ?? "").split(",").filter(isGroup),
  project: address.project ?? "",
  issue: address.issue ?? "",
  source: address.source ?? null,
  actor: address.actor ?? "",
  text: address.text ?? "",
  before: address.before ?? "",
});

export const feedAddressOf = (view: FeedView): FeedAddress => readFeedAddress({ ...view, kind: view.groups.join(",") });

/** How many filters are set. */
export const filtersSet = (view: FeedView): number =>
  [view.groups.length > 0, view.project !== "", view.issue !== "", view.source !== null, view.actor !== "", view.text !== ""].filter(Boolean).length;

/** Give the kinds with one of them switched; all of them switched on is the same as none. */
export function withGroup(groups: readonly FeedGroup[], group: FeedGroup): readonly FeedGroup[] {
  const next = FEED_GROUPS.filter((each) => (each === group) !== groups.includes(each));
  return next.length === FEED_GROUPS.length ? [] : next;
}

const TYPES: Record<FeedGroup, readonly string[]> = {
  new: ["issue.created", "issue.regressed", "issue.escalating", "issue.unresolved"],
  done: ["issue.resolved", "issue.archived", "issue.merged", "issue.deleted"],
  people: ["issue.assigned", "issue.commented"],
  changes: ["issue.updated"],
  alerts: ["alert"],
  jobs: ["job"],
  gateway: ["gateway"],
};

const CHANNELS: Record<FeedGroup, string> = { new: "issues", done: "issues", people: "issues", changes: "issues", alerts: "alerts", jobs: "jobs", gateway: "gateway" };

const typesOf = (groups: readonly FeedGroup[]): readonly string[] => groups.flatMap((group) => TYPES[group]);

/** Give what the gateway is asked: its channels, and a filter in its own words. */
export function feedQueryOf(view: FeedView): { channels: string; filter: string | undefined } {
  const groups = view.groups.length === 0 ? FEED_GROUPS : view.groups;
  const terms = [
    ...(view.groups.length === 0 ? [] : [`type:${typesOf(view.groups).join(",")}`]),
    ...(view.project === "" ? [] : [`project:${quoted(view.project)}`]),
    ...(view.issue === "" ? [] : [`issue:${quoted(view.issue)}`]),
    ...(view.source === null ? [] : [`source:${view.source}`]),
    ...(view.actor === "" ? [] : [`actor:${quoted(view.actor)}`]),
    ...(view.text === "" ? [] : [`title:${quoted(view.text)}`]),
  ];
  return { channels: [...new Set(groups.map((group) => CHANNELS[group]))].join(","), filter: terms.join(" ") || undefined };
}

const quoted = (value: string): string => (/^[\w.@-]+$/.test(value) ? value : `"${value.replace(/[\\"]/g, "\\$&")}"`);

/** Whether an event that has just come is one of those asked for: the gateway's own rule, for what it sends to all. */
export function fitsFeed(event: FeedEvent, view: FeedView): boolean {
  const types = typesOf(view.groups.length === 0 ? FEED_GROUPS : view.groups);
  const { issue, actor } = event;
  return (
    types.some((type) => event.type === type || event.type.startsWith(`${type}.`)) &&
    (view.project === "" || event.project === view.project) &&
    (view.issue === "" || (issue !== null && (issue.id === view.issue || issue.short_id === view.issue))) &&
    (view.source === null || event.source === view.source) &&
    (view.actor === "" || (actor !== null && (lower(actor.id) === lower(view.actor) || lower(actor.name).includes(lower(view.actor))))) &&
    (view.text === "" || (issue !== null && lower(issue.title).includes(lower(view.text))))
  );
}

const lower = (text: string): string => text.toLowerCase();
