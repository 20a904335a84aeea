import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";

import { rowsOf } from "@/core/paging";
import { NOTHING_SELECTED, prune, type Selection } from "@/core/selection";
import { addressOf, type View } from "@/core/view";
import { issuesQuery, useFreshenIssues, useNews } from "@/queries/issues";
import { useCommands } from "@/ui/commands";

import { BulkBar } from "./BulkBar";
import { IssueList } from "./IssueList";
import { NewsPill } from "./NewsPill";
import { StaleNotice } from "./Notice";
import { EmptyStream, ListSkeleton, StreamFailure } from "./placeholders";
import { SearchChips } from "./SearchChips";
import classes from "./stream.module.css";
import { StreamToolbar } from "./StreamToolbar";
import { useDensity } from "./useDensity";
import { rememberAddress, useView } from "./useView";

/** The list of issues to triage. */
export function StreamScreen() {
  const { view } = useView();
  useEffect(() => {
    rememberAddress(addressOf(view));
    document.title = "Issues · Dexter";
  }, [view]);
  // A view is a list of its own: selection and scroll position start anew with it.
  return <Stream key={JSON.stringify(view)} view={view} />;
}

function Stream({ view }: { view: View }) {
  const list = useInfiniteQuery(issuesQuery(view));
  const freshen = useFreshenIssues(view);
  const [density] = useDensity();
  const pages = list.data?.pages;
  const rows = useMemo(() => rowsOf(pages ?? [], view.status), [pages, view.status]);
  const order = useMemo(() => rows.map(({ id }) => id), [rows]);
  const [chosen, setSelection] = useState<Selection>(NOTHING_SELECTED);
  const selection = useMemo(() => prune(chosen, order), [chosen, order]);
  const selected = useMemo(() => rows.filter(({ id }) => selection.ids.has(id)), [rows, selection]);
  const arrived = useNews(view, list.isSuccess, rows);

  // Here and not with the rows: an empty list is the one most worth asking for again.
  useCommands([{ id: "list.refresh", label: "Refresh the list", section: "View", keys: ["r"], run: () => void freshen() }]);

  const { fetchNextPage } = list;
  const loadMore = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  const total = totalOf(pages?.[0]?.meta.hits, pages?.flatMap((page) => page.data).length ?? 0, rows.length);

  return (
    <div className={classes.stream}>
      <h1 className="dx-unseen">Issues</h1>
      <StreamToolbar meta={pages?.[0]?.meta ?? null} fetchedAtMs={list.dataUpdatedAt} total={total} refreshing={list.isRefetching} onRefresh={freshen} />
      <SearchChips />
      <StaleNotice meta={pages?.[0]?.meta ?? null} failure={list.isRefetchError ? list.error : null} fetchedAtMs={list.dataUpdatedAt} onRetry={freshen} />
      <div className={classes.body}>
        <NewsPill arrived={arrived} onShow={freshen} />
        {list.isPending && <ListSkeleton density={density} />}
        {list.isLoadingError && <StreamFailure error={list.error} onRetry={() => void list.refetch()} />}
        {pages !== undefined && rows.length === 0 && !list.hasNextPage && <EmptyStream />}
        {pages !== undefined && (rows.length > 0 || list.hasNextPage) && (
          <IssueList
            rows={rows}
            order={order}
            total={total}
            selection={selection}
            onSelection={setSelection}
            more={{
              has: list.hasNextPage,
              loading: list.isFetchingNextPage,
              error: list.isFetchNextPageError ? list.error : null,
              load: loadMore,
            }}
          />
        )}
      </div>
      <BulkBar issues={selected} onClear={() => setSelection(NOTHING_SELECTED)} />
    </div>
  );
}

/** Sentry estimates how many issues match; rows that have just left the tab no longer count. */
function totalOf(hits: number | null | undefined, loaded: number, shown: number): number | null {
  return typeof hits === "number" ? Math.max(shown, hits - (loaded - shown)) : null;
}
