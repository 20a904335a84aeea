/**
 * What the stream shows, and its form in the address.
 *
 * The address is the state: every view can be pasted to a colleague. Defaults stay out of it so that it stays short.
 */

export const STATUSES = ["unresolved", "for_review", "archived", "resolved", "all"] as const;
export const SORTS = ["date", "new", "trends", "freq", "user", "inbox"] as const;
export const PERIODS = ["1h", "24h", "7d", "14d", "30d", "90d"] as const;
export const LEVELS = ["fatal", "error", "warning", "info", "debug"] as const;

export type StatusTab = (typeof STATUSES)[number];
export type Sort = (typeof SORTS)[number];
export type Period = (typeof PERIODS)[number];
export type LevelFilter = (typeof LEVELS)[number];

export interface View {
  readonly status: StatusTab;
  readonly query: string;
  readonly sort: Sort;
  readonly period: Period;
  readonly project: readonly string[];
  readonly environment: readonly string[];
  readonly level: readonly LevelFilter[];
}

/** The address's part of a view: what differs from the defaults. */
export interface ViewAddress {
  status?: StatusTab;
  query?: string;
  sort?: Sort;
  period?: Period;
  project?: string[];
  environment?: string[];
  level?: LevelFilter[];
  /** Whether an issue stands beside the list, and which. It is no part of what the list shows. */
  split?: string;
}

/** Beside the list, with no issue in it yet. */
export const SPLIT_EMPTY = "on";

export const DEFAULT_VIEW: View = {
  status: "unresolved",
  query: "",
  sort: "date",
  period: "14d",
  project: [],
  environment: [],
  level: [],
};

const STATUS_WORDS: Record<StatusTab, string> = {
  unresolved: "Unresolved",
  for_review: "For review",
  archived: "Archived",
  resolved: "Resolved",
  all: "All",
};

const SORT_WORDS: Record<Sort, string> = {
  date: "Last seen",
  new: "First seen",
  trends: "Trends",
  freq: "Events",
  user: "Users",
  inbox: "Date added",
};

const PERIOD_WORDS: Record<Period, string> = {
  "1h": "Last hour",
  "24h": "Last 24 hours",
  "7d": "Last 7 days",
  "14d": "Last 14 days",
  "30d": "Last 30 days",
  "90d": "Last 90 days",
};

export const statusWord = (status: StatusTab): string => STATUS_WORDS[status];
export const sortWord = (sort: Sort): string => SORT_WORDS[sort];
export const periodWord = (period: Period): string => PERIOD_WORDS[period];

function oneOf<T extends string>(allowed: readonly T[], value: unknown): T | undefined {
  return allowed.find((item) => item === value);
}

function texts(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const words = list.filter((item): item is string => typeof item === "string" && item !== "");
  return [...new Set(words)];
}

/** Give the address's known parts and drop the rest: a mangled address shows the default view, never an error. */
export function readAddress(search: Readonly<Record<string, unknown>>): ViewAddress {
  const level = texts(search["level"]).flatMap((word) => oneOf(LEVELS, word) ?? []);
  const query = typeof search["query"] === "string" ? search["query"] : "";
  const split = splitOf(search["split"]);
  const address = addressOf({
    status: oneOf(STATUSES, search["status"]) ?? DEFAULT_VIEW.status,
    query,
    sort: oneOf(SORTS, search["sort"]) ?? DEFAULT_VIEW.sort,
    period: oneOf(PERIODS, search["period"]) ?? DEFAULT_VIEW.period,
    project: texts(search["project"]),
    environment: texts(search["environment"]),
    level,
  });
  return split === undefined ? address : { ...address, split };
}

const splitOf = (value: unknown): string | undefined => (typeof value === "string" && /^(on|[\w-]{1,100})$/.test(value) ? value : undefined);

/** Give a view with every default filled in. */
export function viewOf(address: ViewAddress): View {
  const view: ViewAddress = { ...address };
  delete view.split;
  return possible({ ...DEFAULT_VIEW, ...view });
}

/** Sentry sorts by date added only in the review list; elsewhere that choice falls back to last seen. */
function possible(view: View): View {
  return view.sort === "inbox" && view.status !== "for_review" ? { ...view, sort: "date" } : view;
}

/** Give the shortest address that stands for a view. */
export function addressOf(wanted: View): ViewAddress {
  const view = possible(wanted);
  const address: ViewAddress = {};
  if (view.status !== DEFAULT_VIEW.status) address.status = view.status;
  if (view.query.trim() !== "") address.query = view.query;
  if (view.sort !== DEFAULT_VIEW.sort) address.sort = view.sort;
  if (view.period !== DEFAULT_VIEW.period) address.period = view.period;
  if (view.project.length > 0) address.project = [...view.project];
  if (view.environment.length > 0) address.environment = [...view.environment];
  if (view.level.length > 0) address.level = [...view.level];
  return address;
}

/** Give how many of the narrowing filters are set, the search included. */
export function filterCount(view: View): number {
  return [view.project, view.environment, view.level].filter((list) => list.length > 0).length + (view.query.trim() === "" ? 0 : 1);
}

/** What there is to narrow by, as far as it is known. */
export interface KnownScope {
  readonly projects: readonly { readonly id: string; readonly slug: string }[] | undefined;
  readonly environments: readonly { readonly name: string }[] | undefined;
}

/** Give in words the projects and environments of a view that do not exist, or that the reader may not see. */
export function unknownFilters(view: View, { projects, environments }: KnownScope): string[] {
  const strangers = view.project.filter((named) => projects?.every(({ id, slug }) => named !== id && named !== slug) === true);
  const places = view.environment.filter((named) => environments?.every(({ name }) => named !== name) === true);
  return [...strangers.map((named) => `project “${named}”`), ...places.map((named) => `environment “${named}”`)];
}

/** Give the view without its project and environment. */
export function withoutScope(view: View): View {
  return { ...view, project: [], environment: [] };
}

/** Give the view without anything that narrows it, on the same tab. */
export function withoutFilters(view: View): View {
  return { ...view, query: "", project: [], environment: [], level: [] };
}
