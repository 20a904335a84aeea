import { Button } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useNavigate } from "@tanstack/react-router";
import { type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";

import { asApiError } from "@/api/error";
import { exactCount } from "@/core/format";
import type { Issue } from "@/core/model";
import { rowsMoved } from "@/core/paging";
import { activeAfter, EVERY_MATCH, extendTo, isChosen, moveActive, NOTHING_SELECTED, pageIsChosen, type Selection, toggle, togglePage } from "@/core/selection";
import { addressOf } from "@/core/view";
import { useMarks } from "@/queries/labels";
import { useAskPresence } from "@/queries/presence";
import { asCrowd, isCrowd, type Question, type Subjects, useTriage } from "@/screens/triage/triage";
import { type Command, useCommands } from "@/ui/commands";

import { IssueRow, type RowActions } from "./IssueRow";
import { ListHead } from "./ListHead";
import { ListSkeleton } from "./placeholders";
import classes from "./stream.module.css";
import { type Density, ROW_HEIGHT, useDensity } from "./useDensity";
import { placeOf, rememberPlace } from "./place";
import type { Split } from "./useSplit";
import { useView } from "./useView";

/** Rows before the end at which the next page is asked for. */
const AHEAD = 20;

/** How long a row is active before it is opened beside the list: whoever runs through with j reads none of them. */
const SETTLES_MS = 180;

/** The sticky names of the columns, in pixels. */
const HEAD_HEIGHT = 32;

interface Props {
  /** What scrolls; the screen sends the reader to its top when they ask for what is new. */
  scroller: RefObject<HTMLDivElement | null>;
  split: Split;
  rows: readonly Issue[];
  order: readonly string[];
  total: number | null;
  selection: Selection;
  onSelection: (change: (selection: Selection) => Selection) => void;
  /** What an action on the selection is for; null when nothing is selected. */
  selected: (() => Subjects) | null;
  more: {
    has: boolean;
    loading: boolean;
    error: unknown;
    load: () => void;
  };
}

/** The rows, of which only those in sight exist, and the keys that work on them. */
export function IssueList({ scroller, split, rows, order, total, selection, onSelection, selected, more }: Props) {
  const [wanted] = useDensity();
  // Beside an issue the list is as narrow as a phone.
  const density = split.on ? "phone" : wanted;
  const triage = useTriage();
  const navigate = useNavigate();
  const { view } = useView();
  const list = useMemo(() => addressOf(view), [view]);
  const [place] = useState(placeOf);
  const [wantedActive, setActive] = useState<string | null>(split.issueId ?? place.active);
  const active = useKeptActive(wantedActive, order);

  const headHeight = density === "phone" ? 0 : HEAD_HEIGHT;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT[density],
    getItemKey: (index) => order[index] ?? index,
    overscan: 10,
    initialOffset: place.offset,
    scrollMargin: headHeight,
    scrollPaddingStart: headHeight,
  });
  useLayoutEffect(() => virtual.measure(), [density, virtual]);
  useKeptPlace(scroller, order, ROW_HEIGHT[density]);

  const items = virtual.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? 0;
  const wantsMore = more.has && !more.loading && more.error === null && lastShown >= rows.length - AHEAD;
  useEffect(() => {
    if (wantsMore) more.load();
  }, [wantsMore, more]);

  useEffect(() => rememberPlace({ active }), [active]);

  const wantedFocus = useRef<string | null>(null);
  const focusRow = useCallback(
    (id: string | null) => {
      setActive(id);
      wantedFocus.current = id;
      if (id === null) return;
      virtual.scrollToIndex(order.indexOf(id), { align: "auto" });
      const focus = (): boolean => {
        const link = wantedFocus.current === id ? linkOf(scroller.current, id) : null;
        link?.focus({ preventScroll: true });
        return link !== null;
      };
      // A row far away is drawn only after the scroll; by then another may be wanted.
      if (!focus()) requestAnimationFrame(() => requestAnimationFrame(focus));
    },
    [scroller, order, virtual],
  );

  // Beside the list stands the row the reader is on, once they have stayed on it for a moment.
  const { on: besides, issueId: beside, show } = split;
  useEffect(() => {
    if (!besides || active === null || active === beside) return;
    const timer = setTimeout(() => show(active), SETTLES_MS);
    return () => clearTimeout(timer);
  }, [besides, active, beside, show]);

  // When the active row leaves, the focus goes to the one that takes its place, not to the top of the page.
  const hadFocus = useRef(false);
  useEffect(() => {
    if (active === wantedActive) return;
    if (hadFocus.current && document.activeElement === document.body) focusRow(active);
    else setActive(active);
  }, [active, wantedActive, focusRow]);

  const marks = useMarks(order);
  useAskPresence(order);
  const byId = useMemo(() => new Map(rows.map((issue) => [issue.id, issue])), [rows]);
  const targets = (): Subjects => {
    if (selected !== null) return selected();
    const one = active === null ? undefined : byId.get(active);
    return one === undefined ? [] : [one];
  };
  const anchor = (): HTMLElement | null => (selected !== null || active === null ? null : linkOf(scroller.current, active));
  const ask = (what: Question) => () => triage.choose(what, targets(), anchor());
  const open = (to: string | null, hash?: string) => {
    if (to !== null) void navigate({ to: "/issues/$issueId", params: { issueId: to }, search: list, ...(hash === undefined ? {} : { hash }) });
  };
  const some = selected !== null || active !== null;
  const bookmark = () => {
    const subjects = targets();
    const on = isCrowd(subjects) || subjects.some(({ isBookmarked }) => !isBookmarked);
    void triage.apply(subjects, { bookmark: on });
  };

  const commands: Command[] = [
    { id: "list.next", label: "Next issue", section: "List", keyOnly: true, run: () => focusRow(moveActive(active, 1, order)) },
    { id: "list.previous", label: "Previous issue", section: "List", keyOnly: true, run: () => focusRow(moveActive(active, -1, order)) },
    { id: "list.open", label: "Open the issue", section: "List", enabled: active !== null, run: () => open(active) },
    { id: "list.select", label: "Select or deselect", section: "List", enabled: active !== null, run: () => active !== null && onSelection((now) => toggle(now, active)) },
    { id: "list.extend", label: "Select up to here", section: "List", enabled: active !== null, run: () => active !== null && onSelection((now) => extendTo(now, active, order)) },
    { id: "view.split", label: split.on ? "Close the split" : "Show the issue beside the list", section: "Look", enabled: split.possible, run: () => split.toggle(active) },
    { id: "list.page", label: "Select all that are loaded", section: "List", run: () => onSelection((now) => togglePage(now, order)) },
    { id: "list.every", label: "Select all that match", section: "List", run: () => onSelection(() => EVERY_MATCH) },
    { id: "list.none", label: "Clear the selection", section: "List", enabled: selected !== null, run: () => onSelection(() => NOTHING_SELECTED) },
    { id: "issue.resolve", label: "Resolve", section: "Issues", enabled: some, run: () => void triage.apply(targets(), { status: "resolved" }) },
    { id: "issue.resolveIn", label: "Resolve in a release or commit…", section: "Issues", enabled: some, run: ask("resolve") },
    { id: "issue.archive", label: "Archive…", section: "Issues", enabled: some, run: ask("archive") },
    { id: "issue.archiveNow", label: "Archive until it escalates", section: "Issues", enabled: some, run: () => void triage.apply(targets(), { status: "archived", archive: { mode: "until_escalating" } }) },
    { id: "issue.reopen", label: "Reopen", section: "Issues", enabled: some, run: () => void triage.apply(targets(), { status: "unresolved" }) },
    { id: "issue.assign", label: "Assign…", section: "Issues", enabled: some, run: ask("assign") },
    { id: "issue.assignMe", label: "Assign to me", section: "Issues", enabled: some, run: () => void triage.apply(targets(), { assignee: "me" }, { name: "you" }) },
    { id: "issue.priority", label: "Set the priority…", section: "Issues", enabled: some, run: ask("priority") },
    { id: "issue.label", label: "Label…", section: "Issues", enabled: some, run: ask("label") },
    { id: "issue.comment", label: "Comment…", section: "Issues", enabled: active !== null, run: () => open(active, "comment") },
    { id: "issue.merge", label: "Merge…", section: "Issues", enabled: selected !== null, run: () => triage.merge(targets()) },
    { id: "issue.bookmark", label: "Bookmark", section: "Issues", enabled: some, run: bookmark },
    {
      id: "list.bulk",
      label: "Change several things at once…",
      section: "Issues",
      enabled: some,
      run: () => {
        const subjects = targets();
        triage.bulk(isCrowd(subjects) ? subjects : asCrowd(subjects), []);
      },
    },
  ];
  useCommands(triage.may ? commands : commands.filter(({ section }) => section !== "Issues"));

  const orderNow = useRef(order);
  const besidesNow = useRef(besides);
  useLayoutEffect(() => {
    orderNow.current = order;
    besidesNow.current = besides;
  });
  const actions = useMemo<RowActions>(
    () => ({
      select: (id, range) => onSelection((now) => (range ? extendTo(now, id, orderNow.current) : toggle(now, id))),
      activate: setActive,
      follow: (id) => {
        if (!besidesNow.current) return false;
        setActive(id);
        return true;
      },
      may: triage.may,
      resolve: (issue) => void triage.apply([issue], { status: "resolved" }),
      reopen: (issue) => void triage.apply([issue], { status: "unresolved" }),
      choose: (what, issue, at) => triage.choose(what, [issue], at),
    }),
    [onSelection, triage],
  );

  return (
      <div
        ref={scroller}
        className={classes.scroller}
        onScroll={(event) => rememberPlace({ offset: event.currentTarget.scrollTop })}
        onFocus={() => (hadFocus.current = true)}
      >
        {density !== "phone" && <ListHead all={pageIsChosen(selection, order)} some={selected !== null} onAll={() => onSelection((now) => togglePage(now, order))} />}
        <ul className={classes.rows} style={{ height: virtual.getTotalSize() }} aria-label="Issues">
          {items.map((item) => {
            const issue = rows[item.index];
            if (issue === undefined) return null;
            return (
              <li
                key={item.key}
                className={classes.item}
                style={{ height: item.size, transform: `translateY(${item.start - headHeight}px)` }}
                aria-setsize={more.has ? -1 : rows.length}
                aria-posinset={item.index + 1}
              >
                <IssueRow issue={issue} list={list} density={density} active={issue.id === active} selected={isChosen(selection, issue.id)} marks={marks.get(issue.id)} actions={actions} />
              </li>
            );
          })}
        </ul>
        <ListEnd more={more} shown={rows.length} total={total} density={density} />
      </div>
  );
}

function linkOf(scroller: HTMLElement | null, id: string): HTMLElement | null {
  return scroller?.querySelector<HTMLElement>(`[data-issue="${CSS.escape(id)}"]`) ?? null;
}

/** Give the active row, or, when it has left the list, the one that keeps the reader's place. */
function useKeptActive(active: string | null, order: readonly string[]): string | null {
  const [before, setBefore] = useState(order);
  if (active === null || order.includes(active)) {
    if (before !== order) setBefore(order);
    return active;
  }
  const present = new Set(order);
  return activeAfter(active, new Set(before.filter((id) => !present.has(id))), before);
}

/** Keep what the reader reads where it is, while rows above it come and go. */
function useKeptPlace(scroller: RefObject<HTMLDivElement | null>, order: readonly string[], height: number): void {
  const before = useRef({ order, height });
  useLayoutEffect(() => {
    const was = before.current;
    before.current = { order, height };
    const box = scroller.current;
    if (box === null || was.height !== height) return;
    const moved = rowsMoved(was.order, order, Math.floor(box.scrollTop / height));
    if (moved !== 0) box.scrollBy(0, moved * height);
  }, [scroller, order, height]);
}

function ListEnd({ more, shown, total, density }: Pick<Props, "more" | "total"> & { shown: number; density: Density }) {
  if (more.error !== null) {
    const failure = asApiError(more.error);
    return (
      <div className={classes.end} role="alert">
        {failure.message}. {failure.remedy}
        <Button size="compact-sm" variant="default" onClick={more.load}>
          Try again
        </Button>
      </div>
    );
  }
  if (more.loading) return <ListSkeleton density={density} rows={3} />;
  if (more.has) return null;
  return <div className={classes.end}>{total !== null && total > shown ? `${exactCount(shown)} issues shown` : "That is all"}</div>;
}
