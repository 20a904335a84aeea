import { Button } from "@mantine/core";
import { IconArrowUp, IconPlayerPause, IconPlayerPlay, IconTimeline } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";

import { asApiError } from "@/api/error";
import { type FeedRow, isFull, placeBefore, placeText } from "@/core/feedList";
import { EVERYTHING, feedAddressOf, type FeedView, filtersSet } from "@/core/feedView";
import { counted, exactCount } from "@/core/format";
import { useLiveness } from "@/queries/live";
import { useCommands } from "@/ui/commands";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorState } from "@/ui/ErrorState";

import { FeedEnd } from "./FeedEnd";
import { FeedFilters } from "./FeedFilters";
import { FeedNotice } from "./FeedNotice";
import classes from "./feed.module.css";
import { FeedRows, type RowsHandle } from "./FeedRows";
import { FeedSkeleton } from "./FeedSkeleton";
import { ReplayMenu } from "./ReplayMenu";
import { useFeed } from "./useFeed";

const FRESH_MS = 2_000;
const NONE: readonly FeedRow[] = [];

/** The feed as it comes. What is new waits while the reader is further down, or wants it to. */
export function LivePane({ view }: { view: FeedView }) {
  const navigate = useNavigate();
  const { feed, older, show } = useFeed(view);
  const { liveness } = useLiveness();
  const [paused, setPaused] = useState(false);
  const [scrolled, setScrolled] = useState(false);
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const rowsRef = useRef<RowsHandle>(null);
  const list = feed.data;
  const isPast = view.before !== "";

  const change = (part: Partial<FeedView>, replace = false) => void navigate({ to: "/feed", search: feedAddressOf({ ...view, ...part }), replace });
  const replayFrom = (from: string) => void navigate({ to: "/feed", search: { ...feedAddressOf({ ...view, before: "" }), replay: from } });
  const goOn = () => {
    setFresh(new Set(list?.waiting.map(({ id }) => id)));
    show();
  };
  const showNews = () => {
    setPaused(false);
    setScrolled(false);
    rowsRef.current?.toTop();
    goOn();
  };
  const togglePause = () => {
    if (paused && !scrolled) goOn();
    setPaused(!paused);
  };

  // At the top, and not paused, the reader sees what comes as it comes.
  const waits = list !== undefined && list.waiting.length > 0 && !feed.isPlaceholderData;
  const goOnNow = useRef(goOn);
  useEffect(() => {
    goOnNow.current = goOn;
  });
  const takesIn = waits && !paused && !scrolled;
  const arrived = list?.arrived ?? 0;
  useEffect(() => {
    if (takesIn) goOnNow.current();
  }, [takesIn, arrived]);
  useEffect(() => {
    if (fresh.size === 0) return;
    const timer = setTimeout(() => setFresh(new Set()), FRESH_MS);
    return () => clearTimeout(timer);
  }, [fresh]);

  useCommands([
    { id: "feed.pause", label: paused ? "Let the feed go on" : "Pause the feed", section: "Feed", enabled: !isPast, run: togglePause },
    { id: "feed.news", label: "Show the new events", section: "Feed", enabled: waits, run: showNews },
    { id: "feed.live", label: "Go to the newest events", section: "Feed", run: () => (isPast ? change({ before: "" }) : showNews()) },
    { id: "list.refresh", label: "Read the feed anew", section: "Feed", run: () => void feed.refetch() },
  ]);

  const rows = list?.rows ?? NONE;
  const filtered = filtersSet(view) > 0;
  return (
    <>
      <header className={classes.head}>
        <h1>Feed</h1>
        <p className={classes.state} role="status">
          {isPast ? "Earlier events" : paused ? `Paused${arrived > 0 ? ` · ${counted(arrived, "new event")} waiting` : ""}` : ""}
        </p>
        <div className={classes.tools}>
          {isPast ? (
            <Button size="xs" variant="default" onClick={() => change({ before: "" })}>
              Back to live
            </Button>
          ) : (
            <Button
              size="xs"
              variant="default"
              aria-pressed={paused}
              data-tip="p"
              leftSection={paused ? <IconPlayerPlay size={14} /> : <IconPlayerPause size={14} />}
              onClick={togglePause}
            >
              {paused ? "Go on" : "Pause"}
            </Button>
          )}
          <ReplayMenu onReplay={replayFrom} />
        </div>
      </header>
      <FeedFilters view={view} onChange={(part) => change({ ...part, before: "" }, true)} />
      {!isPast && <FeedNotice liveness={liveness} shown={rows.length > 0} />}
      {feed.isRefetchError && (
        <p className={classes.notice} data-bad role="alert">
          {asApiError(feed.error).message}. This is the feed as it was.
          <Button size="compact-xs" variant="default" onClick={() => void feed.refetch()}>
            Try again
          </Button>
        </p>
      )}
      <div className={classes.body} aria-busy={feed.isFetching} data-old={feed.isPlaceholderData || undefined}>
        <div role="status" className={classes.newsHolder}>
          {waits && (scrolled || paused) && (
            <button type="button" className={classes.news} onClick={showNews}>
              <IconArrowUp size={14} stroke={2} aria-hidden />
              {arrived > 0 ? counted(arrived, "new event") : "What is gone"}
            </button>
          )}
        </div>
        {feed.isPending && <FeedSkeleton />}
        {feed.isLoadingError && <ErrorState error={feed.error} onRetry={() => void feed.refetch()} />}
        {list !== undefined && rows.length === 0 && list.older === null && (
          <EmptyState
            icon={<IconTimeline size={32} stroke={1.25} />}
            title={filtered ? "Nothing fits these filters" : "Nothing has happened yet"}
            actions={
              filtered ? (
                <Button variant="default" onClick={() => change(EVERYTHING)}>
                  Clear the filters
                </Button>
              ) : undefined
            }
          >
            {filtered
              ? "What fits and comes from now on appears here by itself."
              : "What happens in Sentry, and what is done through Dexter, appears here within a second: new issues, who resolved what, alerts, jobs."}
          </EmptyState>
        )}
        {list !== undefined && (rows.length > 0 || list.older !== null) && (
          <FeedRows
            key={JSON.stringify(view)}
            ref={rowsRef}
            rows={rows}
            fresh={fresh}
            onScrolled={setScrolled}
            onReplay={(row) => replayFrom(placeBefore(row))}
            onEnd={older.isPending || older.isError || list.older === null || isFull(list) || feed.isPlaceholderData ? null : () => older.mutate(list.older ?? "")}
            end={
              <FeedEnd
                list={list}
                loading={older.isPending}
                error={older.error}
                onRetry={() => older.mutate(list.older ?? "")}
                onFurther={() => {
                  const last = rows.at(-1);
                  if (last !== undefined) change({ before: placeText(last.position) });
                }}
              />
            }
          />
        )}
      </div>
      <p className="dx-unseen" role="status">
        {list === undefined || feed.isPlaceholderData ? "" : `${exactCount(rows.length)} events shown`}
      </p>
    </>
  );
}
