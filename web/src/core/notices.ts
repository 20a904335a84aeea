/** Desktop notifications: which events of the feed are worth one, and how they are said. */

import type { FeedEvent } from "./feed";
import { counted } from "./format";
import type { SavedView } from "./savedViews";
import { viewOf } from "./view";

/** An issue that came up in a view. */
export interface Found {
  readonly id: string;
  readonly title: string;
  readonly project: string | null;
  readonly kind: Kind;
}

type Kind = "created" | "regressed" | "escalating" | "alert";

const KINDS: Readonly<Record<string, Kind>> = {
  "issue.created": "created",
  "issue.regressed": "regressed",
  "issue.escalating": "escalating",
  "alert.triggered": "alert",
};

/** What happened longer ago, and is only heard of now, is no news any more. */
const NEWS_MS = 10 * 60_000;

/** Give the issue of an event that somebody may want to be told of, or null. An alert about no issue is in nobody's view. */
export function newsOf({ type, at, issue, project, data }: FeedEvent, nowMs: number): Found | null {
  const kind = KINDS[type];
  if (kind === undefined || issue === null || nowMs - Date.parse(at) > NEWS_MS) return null;
  const title = kind === "alert" && typeof data["title"] === "string" ? `${data["title"]}: ${issue.title}` : issue.title;
  return { id: issue.id, title, project, kind };
}

/**
 * Whether an issue may be in a view, as far as can be said without asking: a false is certain, a true is not.
 *
 * What a view holds is Sentry's to say, whose search knows more than an event does.
 */
export function mayHold({ address }: SavedView, found: Found): boolean {
  const { status, project } = viewOf(address);
  if (found.kind !== "alert" && (status === "resolved" || status === "archived")) return false;
  return project.length === 0 || found.project === null || project.includes(found.project) || project.some((name) => /^\d+$/.test(name));
}

/** A notification as it is shown. */
export interface Notice {
  readonly title: string;
  readonly body: string;
  /** One with the same tag takes the place of the last. */
  readonly tag: string;
  /** Where a click leads. */
  readonly address: string;
}

const WORDS: Record<Kind, string> = { created: "New issue", regressed: "It is back", escalating: "Escalating", alert: "Alert" };

/** Say what came up in a view: one issue by itself, more as their number. */
export function noticeOf(view: SavedView, found: readonly Found[], viewAddress: string): Notice | null {
  const [only, another] = found;
  if (only === undefined) return null;
  if (another === undefined) {
    return { title: only.title, body: `${WORDS[only.kind]} · ${only.project ?? "unknown project"} · ${view.name}`, tag: `issue:${only.id}`, address: `/issues/${only.id}` };
  }
  const isNew = found.every(({ kind }) => kind === "created");
  const projects = [...new Set(found.flatMap(({ project }) => project ?? []))];
  return {
    title: `${counted(found.length, isNew ? "new issue" : "issue")} in ‘${view.name}’`,
    body: `${projects.slice(0, 3).join(", ")}${projects.length > 3 ? ` and ${projects.length - 3} more` : ""}`,
    tag: `view:${view.id}`,
    address: viewAddress,
  };
}
