import type { EventView } from "@/core/event/event";
import type { Neighbours } from "@/core/event/neighbours";
import type { Issue } from "@/core/model";
import { type Command, useCommands } from "@/ui/commands";

import { useTriage } from "../triage/triage";

/** What the list has no key of its own for. */
const BESIDE = new Set(["issue.comment", "event.older", "event.newer", "event.latest", "event.oldest"]);

interface Way {
  toIssue: (id: string) => void;
  toEvent: (event: string) => void;
  back: () => void;
  refresh: () => void;
  /** Put the focus where a comment is written. */
  comment: () => void;
  /** Go to what it could be merged with. */
  merge: () => void;
}

/** What can be done on the issue page, by key and from the palette. */
export function useIssueCommands(
  issue: Issue | undefined,
  event: EventView | undefined,
  neighbours: Neighbours | null,
  way: Way,
  /** Beside the list, whose keys work on the same issue. */
  beside = false,
): void {
  const triage = useTriage();
  const targets = issue === undefined ? [] : [issue];
  const isOpen = issue?.status === "unresolved";
  const { previous = null, next = null } = neighbours ?? {};
  const { olderId = null, newerId = null } = event ?? {};
  const known = issue !== undefined;
  const section = "This issue";
  const changes: Command[] = [
    {
      id: "issue.resolve",
      label: isOpen ? "Resolve" : "Reopen",
      section,
      enabled: known,
      run: () => void triage.apply(targets, { status: isOpen ? "resolved" : "unresolved" }),
    },
    {
      id: "issue.resolveIn",
      label: "Resolve in a release or commit…",
      section,
      enabled: known,
      run: () => triage.choose("resolve", targets),
    },
    {
      id: "issue.archive",
      label: "Archive…",
      section,
      enabled: known,
      run: () => triage.choose("archive", targets),
    },
    {
      id: "issue.archiveNow",
      label: "Archive until it escalates",
      section,
      enabled: known,
      run: () => void triage.apply(targets, { status: "archived", archive: { mode: "until_escalating" } }),
    },
    {
      id: "issue.assign",
      label: "Assign…",
      section,
      enabled: known,
      run: () => triage.choose("assign", targets),
    },
    {
      id: "issue.assignMe",
      label: "Assign to me",
      section,
      enabled: known,
      run: () => void triage.apply(targets, { assignee: "me" }, { name: "you" }),
    },
    { id: "issue.label", label: "Label…", section, enabled: known, run: () => triage.choose("label", targets) },
    { id: "issue.comment", label: "Comment", section, enabled: known, run: way.comment },
    { id: "issue.merge", label: "Merge with similar…", section, enabled: known, run: way.merge },
    {
      id: "issue.priority",
      label: "Set the priority…",
      section,
      enabled: known,
      run: () => triage.choose("priority", targets),
    },
    {
      id: "issue.bookmark",
      label: issue?.isBookmarked === true ? "Remove the bookmark" : "Bookmark",
      section,
      enabled: known,
      run: () => void triage.apply(targets, { bookmark: issue?.isBookmarked !== true }),
    },
  ];
  const commands: Command[] = [
    ...(triage.may ? changes : []),
    {
      id: "issue.next",
      label: "Next issue",
      section,
      enabled: next !== null,
      run: () => next !== null && way.toIssue(next),
    },
    {
      id: "issue.previous",
      label: "Previous issue",
      section,
      enabled: previous !== null,
      run: () => previous !== null && way.toIssue(previous),
    },
    {
      id: "event.older",
      label: "Older event",
      section: "Event",
      enabled: olderId !== null,
      run: () => olderId !== null && way.toEvent(olderId),
    },
    {
      id: "event.newer",
      label: "Newer event",
      section: "Event",
      enabled: newerId !== null,
      run: () => newerId !== null && way.toEvent(newerId),
    },
    { id: "event.latest", label: "Latest event", section: "Event", enabled: known, run: () => way.toEvent("latest") },
    { id: "event.oldest", label: "First event", section: "Event", enabled: known, run: () => way.toEvent("oldest") },
    { id: "issue.refresh", label: "Ask Sentry again", section, enabled: known, run: way.refresh },
    { id: "issue.back", label: "Back to the stream", section, run: way.back },
  ];
  useCommands(beside ? commands.filter(({ id }) => BESIDE.has(id)) : commands);
}
