import { useMediaQuery } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, type Ref, useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState } from "react";

import type { FeedRow } from "@/core/feedList";
import { moveActive } from "@/core/selection";
import { useAssigneeNames } from "@/queries/assignees";
import { placeOf, rememberPlace } from "@/screens/stream/place";
import { useCommands } from "@/ui/commands";

import { EventLine } from "./EventLine";
import classes from "./feed.module.css";
import { GapLine } from "./GapLine";

const WIDE_HEIGHT = 44;
const NARROW_HEIGHT = 88;
/** Rows before the end at which the next page is asked for. */
const AHEAD = 20;
/** So far down the reader still sees the top. */
const TOP_PX = 8;

export interface RowsHandle {
  readonly toTop: () => void;
}

interface Props {
  rows: readonly FeedRow[];
  /** Those that have just come. */
  fresh: ReadonlySet<string>;
  /** Show when it was rather than how long ago. */
  clock?: boolean;
  onScrolled?: (scrolled: boolean) => void;
  onReplay: (row: FeedRow) => void;
  /** Asks for more; null while there is nothing to ask for. */
  onEnd: (() => void) | null;
  end: ReactNode;
  ref?: Ref<RowsHandle>;
}

/** The rows, of which only those in sight exist, and the keys that work on them. */
export function FeedRows({ rows, fresh, clock = false, onScrolled, onReplay, onEnd, end, ref }: Props) {
  const narrow = useMediaQuery("(max-width: 700px)", false, { getInitialValueInEffect: false });
  const height = narrow ? NARROW_HEIGHT : WIDE_HEIGHT;
  const scroller = useRef<HTMLDivElement>(null);
  const navigate = useNavigate();
  const nameOf = useAssigneeNames();
  const [place] = useState(placeOf);
  const [wanted, setActive] = useState<string | null>(place.active);
  const order = useMemo(() => rows.map(({ id }) => id), [rows]);
  const active = wanted !== null && order.includes(wanted) ? wanted : null;

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    getItemKey: (index) => order[index] ?? index,
    overscan: 10,
    initialOffset: place.offset,
  });
  useLayoutEffect(() => virtual.measure(), [height, virtual]);
  const toTop = () => {
    if (scroller.current !== null) scroller.current.scrollTop = 0;
  };
  useImperativeHandle(ref, () => ({ toTop }), []);

  // What comes above the reader's place does not move it.
  const first = useRef(order[0]);
  useLayoutEffect(() => {
    const before = first.current;
    first.current = order[0];
    const box = scroller.current;
    if (box === null || before === undefined || before === order[0] || box.scrollTop <= TOP_PX) return;
    const added = order.indexOf(before);
    if (added > 0) box.scrollTop += added * height;
  }, [order, height]);

  useEffect(() => onScrolled?.((scroller.current?.scrollTop ?? 0) > TOP_PX), [onScrolled]);
  useEffect(() => rememberPlace({ active: wanted }), [wanted]);

  const items = virtual.getVirtualItems();
  const nearEnd = (items.at(-1)?.index ?? 0) >= rows.length - AHEAD;
  useEffect(() => {
    if (nearEnd && onEnd !== null) onEnd();
  }, [nearEnd, onEnd]);

  const focusRow = (id: string | null) => {
    setActive(id);
    if (id === null) return;
    virtual.scrollToIndex(order.indexOf(id), { align: "auto" });
    const focus = (): boolean => {
      const line = lineOf(scroller.current, id);
      line?.focus({ preventScroll: true });
      return line !== null;
    };
    // A row far away is drawn only after the scroll.
    if (!focus()) requestAnimationFrame(() => requestAnimationFrame(focus));
  };
  const activeRow = rows.find(({ id }) => id === active);
  const issueId = activeRow?.kind === "event" ? (activeRow.event.issue?.id ?? null) : null;
  useCommands([
    { id: "list.next", label: "Next event", section: "List", keyOnly: true, run: () => focusRow(moveActive(active, 1, order)) },
    { id: "list.previous", label: "Previous event", section: "List", keyOnly: true, run: () => focusRow(moveActive(active, -1, order)) },
    { id: "list.open", label: "Open the issue of the event", section: "List", enabled: issueId !== null, run: () => issueId !== null && void navigate({ to: "/issues/$issueId", params: { issueId } }) },
    { id: "feed.replay", label: "Replay from this event", section: "Feed", enabled: activeRow !== undefined, run: () => activeRow !== undefined && onReplay(activeRow) },
  ]);

  return (
    <div
      ref={scroller}
      className={classes.scroller}
      onScroll={(event) => {
        const { scrollTop } = event.currentTarget;
        rememberPlace({ offset: scrollTop });
        onScrolled?.(scrollTop > TOP_PX);
      }}
    >
      <ol className={classes.rows} style={{ height: virtual.getTotalSize() }} aria-label="Events, the newest first">
        {items.map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          return (
            <li
              key={item.key}
              className={classes.item}
              style={{ height: item.size, transform: `translateY(${item.start}px)` }}
              data-active={row.id === active || undefined}
              data-fresh={fresh.has(row.id) || undefined}
              aria-setsize={onEnd === null ? rows.length : -1}
              aria-posinset={item.index + 1}
              onFocus={() => setActive(row.id)}
            >
              {row.kind === "gap" ? (
                <GapLine row={row} older={rows[item.index + 1]} newer={rows[item.index - 1]} />
              ) : (
                <EventLine row={row} nameOf={nameOf} clock={clock} onReplay={() => onReplay(row)} />
              )}
            </li>
          );
        })}
      </ol>
      {end}
    </div>
  );
}

function lineOf(scroller: HTMLElement | null, id: string): HTMLElement | null {
  return scroller?.querySelector<HTMLElement>(`[data-line="${CSS.escape(id)}"]`) ?? null;
}
