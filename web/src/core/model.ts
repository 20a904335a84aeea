/**
 * The shapes the workbench reads, narrowed from Sentry's JSON as Dexter passes it on.
 *
 * Sentry adds fields at will, so these name only what is shown; everything else passes through unread.
 */

import type { LinkedSentry, Role } from "./people";
import type { SeriesPoint } from "./series";

export type { SeriesPoint };

export type Level = "fatal" | "error" | "warning" | "info" | "debug" | "sample" | "unknown";
/** The last three are on their way to be something else; they fit no tab but "All". */
export type IssueStatus = "unresolved" | "resolved" | "ignored" | "reprocessing" | "pending_deletion" | "pending_merge";
export type Priority = "low" | "medium" | "high";

export interface ProjectRef {
  id: string;
  slug: string;
  name: string;
  platform?: string | null;
}

export interface Project extends ProjectRef {
  isMember?: boolean;
  isBookmarked?: boolean;
}

export interface Assignee {
  type: "user" | "team";
  id: string;
  name: string;
  email?: string | null;
}

export interface IssueMetadata {
  type?: string;
  value?: string;
  title?: string;
  function?: string;
  filename?: string;
}

export interface StatusDetails {
  inNextRelease?: boolean;
  inRelease?: string;
  inCommit?: { id?: string; commit?: string } | null;
  ignoreCount?: number | null;
  ignoreUntil?: string | null;
  ignoreUserCount?: number | null;
  ignoreUserWindow?: number | null;
  ignoreWindow?: number | null;
}

export interface Issue {
  id: string;
  shortId: string;
  title: string;
  culprit: string | null;
  level: Level;
  status: IssueStatus;
  substatus: string | null;
  statusDetails: StatusDetails;
  priority: Priority | null;
  platform: string | null;
  permalink: string | null;
  project: ProjectRef;
  metadata: IssueMetadata;
  assignedTo: Assignee | null;
  /** Sentry sends this count as text. */
  count: string;
  userCount: number;
  firstSeen: string | null;
  lastSeen: string | null;
  isUnhandled: boolean;
  isBookmarked: boolean;
  isSubscribed: boolean;
  hasSeen: boolean;
  numComments: number;
  /** Whether anybody with the link may see it; lists do not always say. */
  isPublic?: boolean;
  stats?: Record<string, readonly SeriesPoint[]>;
  /** In a list: what it has had in all, while the counts beside are of the list's time. */
  lifetime?: { readonly count: string; readonly userCount: number } | null;
}

/** How old an answer is and where it came from. */
export interface Meta {
  cached_at: string | null;
  age_s: number;
  stale: boolean;
  source: string;
  hits?: number | null;
  query?: string | null;
}

export interface PageLink {
  cursor: string;
}

export interface Page<T> {
  data: T[];
  pagination: { next: PageLink | null; prev: PageLink | null };
  meta: Meta;
}

/** Who is signed in. Without an id it is somebody with a Sentry token of their own, who has no account here. */
export interface SessionUser {
  name: string | null;
  id?: string | null;
  email?: string | null;
  role?: Role | null;
  /** An administrator of this Dexter, and so of every organization. */
  is_admin?: boolean;
  /** Whoever holds the token that Dexter prints. */
  built_in?: boolean;
  has_password?: boolean;
  linked_sentry?: LinkedSentry | null;
}

export interface Session {
  authenticated: boolean;
  organization: string | null;
  project: string | null;
  sentry_url: string | null;
  /** Goes into X-CSRF-Token; null for callers without a cookie. */
  csrf_token: string | null;
  version: string;
  user: SessionUser;
}

export interface Member {
  id: string;
  name: string;
  email: string;
  user?: { id: string; name: string; email: string; username?: string } | null;
}

export interface Team {
  id: string;
  slug: string;
  name: string;
}

export interface Environment {
  id: string;
  name: string;
}

export interface Release {
  version: string;
  shortVersion?: string;
  dateCreated?: string;
}

export type ResolveMode =
  | { mode: "now" }
  | { mode: "next_release" }
  | { mode: "release"; release: string }
  | { mode: "commit"; commit: string; repository?: string };

export type ArchiveMode =
  | { mode: "until_escalating" }
  | { mode: "forever" }
  | { mode: "for_duration"; duration_minutes: number }
  | { mode: "until_count"; count: number; window_minutes?: number }
  | { mode: "until_users"; users: number; window_minutes?: number };

/** What PUT /api/v1/issues/{id} takes. */
export interface IssueUpdate {
  status?: "resolved" | "unresolved" | "archived";
  resolve?: ResolveMode;
  archive?: ArchiveMode;
  /** "user:1", "team:2", "me", or null to unassign. */
  assignee?: string | null;
  priority?: Priority;
  seen?: boolean;
  bookmark?: boolean;
  subscribed?: boolean;
  /** Whether anybody with the link may see it. */
  public?: boolean;
  /** Whether it leaves the review list. */
  reviewed?: boolean;
}
