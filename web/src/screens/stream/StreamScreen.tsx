import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef } from "react";

import { rowsOf, totalOf } from "@/core/paging";
import { belongs } from "@/core/issuePatch";
import { takesAway } from "@/core/bulk/job";
import { bulkSelectionOf, isEmpty, NOTHING_SELECTED, sizeOf, without } from "@/core/selection";
import type { Issue, Page } from "@/core/model";
import { addressOf, type View } from "@/core/view";
import { issuesQuery, useFreshenIssues, useNews } from "@/queries/issues";
import { useBulk } from "@/screens/bulk/bulk";
import { HANDFUL, type Subjects } from "@/screens/triage/triage";
import { useCommands } from "@/ui/commands";

import { BulkBar } from "./BulkBar";
import { chosenIssues, rememberChosen, useSelection } from "./chosen";
import { IssueList } from "./IssueList";
import { NewsPill } from "./NewsPill";
import { StaleNotice } from "./Notice";
import { EmptyStream, ListSkeleton, StreamFailure } from "./placeholders";
import { SearchChips } from "./SearchChips";
import classes from "./stream.module.css";
import { SplitPane } from "./SplitPane";
import { StreamToolbar } from "./StreamToolbar";
import { useDensity } from "./useDensity";
import { useSplit } from "./useSplit";
import { rememberAddress, useView } from "./useView";

/** The list of issues to triage. */
export function StreamScreen() {
  const { view } = useView();
  useEffect(() => {
    rememberAddress(addressOf(view));
    document.title = "Issues · Dexter";
  }, [view]);
  // A view is a list of its own: its scroll position starts anew with it. The selection stays for as long as it lists the same issues.
  return <Stream key={JSON.stringify(view)} view={view} />;
}

function Stream({ view }: { view: View }) {
  const list = useInfiniteQuery(issuesQuery(view));
  const { freshen, busy, failure } = useFreshenIssues(view);
  const [density] = useDensity();
  const split = useSplit();
  const pages = list.data?.pages;
  const rows = useMemo(() => rowsOf(pages ?? [], view.status), [pages, view.status]);
  const order = useMemo(() => rows.map(({ id }) => id), [rows]);
  const [chosen, setSelection] = useSelection(view);
  const selection = useMemo(() => without(chosen, leftOf(pages ?? [], view)), [chosen, pages, view]);
  useEffect(() => rememberChosen(selection, rows), [selection, rows]);
  const bulk = useBulk();
  // What a job takes away is no longer there to be acted on.
  useEffect(() => bulk.whenApplied((operations) => takesAway(operations) && setSelection(() => NOTHING_SELECTED)), [bulk, setSelection]);
  const arrived = useNews(view, list.isSuccess, rows);

  const scroller = useRef<HTMLDivElement>(null);
  const showNews = async (): Promise<void> => {
    await freshen();
    scroller.current?.scrollTo(0, 0);
  };

  // Here and not with the rows: an empty list is the one most worth asking for again.
  useCommands([{ id: "list.refresh", label: "Refresh the list", section: "View", run: () => void freshen() }]);

  const { fetchNextPage } = list;
  const loadMore = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  const total = totalOf(pages ?? [], rows);

  const subjectsOf = (): Subjects => {
    const issues = chosenIssues(selection, rows);
    if (issues !== null && issues.length <= HANDFUL) return issues;
    return { selection: bulkSelectionOf(selection, view), total: sizeOf(selection, total) };
  };

  return (
    <div className={classes.stream}>
      <h1 className="dx-unseen">Issues</h1>
      <StreamToolbar meta={pages?.[0]?.meta ?? null} fetchedAtMs={list.dataUpdatedAt} total={total} refreshing={busy || list.isRefetching} onRefresh={freshen} />
      <SearchChips />
      <StaleNotice meta={pages?.[0]?.meta ?? null} failure={failure ?? (list.isRefetchError ? list.error : null)} fetchedAtMs={list.dataUpdatedAt} busy={busy} onRetry={freshen} />
      <div className={classes.split} data-on={split.on || undefined}>
      <div className={classes.body}>
        <NewsPill arrived={arrived} onShow={showNews} />
        {list.isPending && <ListSkeleton density={density} />}
        {list.isLoadingError && <StreamFailure error={list.error} onRetry={() => void list.refetch()} />}
        {pages !== undefined && rows.length === 0 && !list.hasNextPage && <EmptyStream />}
        {pages !== undefined && (rows.length > 0 || list.hasNextPage) && (
          <IssueList
            scroller={scroller}
            split={split}
            rows={rows}
            order={order}
            total={total}
            selection={selection}
            onSelection={setSelection}
            selected={isEmpty(selection, total) ? null : subjectsOf}
            more={{
              has: list.hasNextPage,
              loading: list.isFetchingNextPage,
              error: list.isFetchNextPageError ? list.error : null,
              load: loadMore,
            }}
          />
        )}
      </div>
      {split.on && <SplitPane split={split} />}
      </div>
      {!isEmpty(selection, total) && (
        <BulkBar subjects={subjectsOf()} size={sizeOf(selection, total)} selection={selection} order={order} total={total} more={list.hasNextPage} onSelection={setSelection} />
      )}
    </div>
  );
}

/** Give what is still loaded but has left the tab: it was resolved here, say, and must not be acted on again. */
function leftOf(pages: readonly Page<Issue>[], view: View): ReadonlySet<string> {
  return new Set(pages.flatMap((page) => page.data.filter((issue) => !belongs(issue, view.status)).map(({ id }) => id)));
}
