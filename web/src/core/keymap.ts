/**
 * The one table of keys: what each command is bound to. Everything that shows a key (the `?` sheet, tooltips, the palette) reads it here.
 *
 * No key of the browser is taken: of those with Ctrl or Command only `mod+k`, which opens the palette, and `mod+Enter`, which sends what is written.
 */

/** Where a command lives. A screen's keys hold while it is open, those of `everywhere` always. */
export const KEYMAP = {
  everywhere: {
    "help.palette": ["mod+k"],
    "help.keys": ["?"],
    "search.focus": ["/"],
    "triage.undo": ["z"],
    "go.back": ["g i"],
    "go.gateway": ["g g"],
    "go.audit": ["g a"],
    "go.feed": ["g f"],
    "go.subscriptions": ["g s"],
    "go.jobs": ["g j"],
    "go.views": ["g v"],
    "look.theme": ["t"],
    "nav.slim": ["w"],
  },
  list: {
    "list.next": ["j", "n", "ArrowDown"],
    "list.previous": ["k", "ArrowUp"],
    "list.open": ["o"],
    "list.select": ["x"],
    "list.extend": ["shift+x"],
    "list.page": ["* a"],
    "list.every": ["* *"],
    "list.none": ["* n", "Escape"],
    "list.refresh": ["r"],
    "list.bulk": ["shift+b"],
    "view.split": ["v"],
    "view.density": ["d"],
    "tab.unresolved": ["1"],
    "tab.for_review": ["2"],
    "tab.archived": ["3"],
    "tab.resolved": ["4"],
    "tab.all": ["5"],
    "issue.resolve": ["e"],
    "issue.resolveIn": ["shift+e"],
    "issue.archive": ["y"],
    "issue.archiveNow": ["shift+y"],
    "issue.reopen": ["u"],
    "issue.assign": ["a"],
    "issue.assignMe": ["i"],
    "issue.priority": ["p"],
    "issue.label": ["l"],
    "issue.comment": ["c"],
    "issue.merge": ["m"],
    "issue.bookmark": ["b"],
    "event.older": ["["],
    "event.newer": ["]"],
  },
  feed: {
    "list.next": ["j", "n", "ArrowDown"],
    "list.previous": ["k", "ArrowUp"],
    "list.open": ["o"],
    "list.refresh": ["r"],
    "feed.pause": ["p"],
    "feed.news": ["."],
    "feed.replay": ["shift+r"],
    "feed.step": ["s"],
    "feed.speed": ["f"],
    "feed.live": ["l"],
  },
  issue: {
    "issue.next": ["j", "n"],
    "issue.previous": ["k"],
    "issue.resolve": ["e"],
    "issue.resolveIn": ["shift+e"],
    "issue.archive": ["y"],
    "issue.archiveNow": ["shift+y"],
    "issue.assign": ["a"],
    "issue.assignMe": ["i"],
    "issue.priority": ["p"],
    "issue.label": ["l"],
    "issue.comment": ["c"],
    "issue.merge": ["m"],
    "issue.bookmark": ["b"],
    "event.older": ["["],
    "event.newer": ["]"],
    "issue.refresh": ["r"],
    "issue.back": ["u", "Escape"],
  },
} as const satisfies Record<string, Record<string, readonly string[]>>;

const BY_ID: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>(Object.values(KEYMAP).flatMap((part) => Object.entries<readonly string[]>(part)));

/** Give the keys of a command, the one to show first; none for a command without a key. */
export const keysOf = (id: string): readonly string[] => BY_ID.get(id) ?? [];
