import { Button } from "@mantine/core";
import { keepPreviousData, useMutation, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { Link, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useEffectEvent, type ReactNode } from "react";

import { ApiError } from "@/api/error";
import { issueAddressOf, issueViewOf, type IssueAddress, type IssueView } from "@/core/event/address";
import { isOutdated, type IssueDetail, type PartName } from "@/core/event/detail";
import type { EventView } from "@/core/event/event";
import { visibleText } from "@/core/event/visibleText";
import { headline } from "@/core/issueWords";
import { addressOf, type View } from "@/core/view";
import { fetchLatest, issueDetailQuery, issueEventQuery, refreshIssue, useFetchPart } from "@/queries/issue";
import { useView } from "@/screens/stream/useView";
import { ErrorState } from "@/ui/ErrorState";
import { useNow } from "@/ui/useNow";

import { COMMENT_FIELD } from "./CommentsSection";
import { EventNavigator } from "./EventNavigator";
import { EventSections } from "./EventSections";
import { FactsStrip } from "./FactsStrip";
import { IssueHeader } from "./IssueHeader";
import classes from "./issue.module.css";
import { BodySkeleton, EventSkeleton, IssueSkeleton } from "./IssueSkeleton";
import { SIMILAR_TITLE } from "./LikeSection";
import { PartAge, PartNotice } from "./PartNotice";
import { RefreshButton } from "./RefreshButton";
import { SideColumn } from "./SideColumn";
import { StaleNotice } from "./StaleNotice";
import { TagProject, TagsSection } from "./TagsSection";
import { useIssueCommands } from "./useIssueCommands";
import { useNeighbours, useRow } from "./useNeighbours";
import { type Newer, useNewer } from "./useNewer";

interface Props {
  issueId: string;
  address: IssueAddress;
  /** Set where the issue stands beside the list, which then has the page's address and most of its keys. */
  beside?: Beside;
}

interface Beside {
  readonly onAddress: (address: IssueAddress) => void;
  readonly toIssue: (issueId: string) => void;
  readonly close: () => void;
}

/** The page of one issue: what broke, how bad it is, and one of its events from top to bottom. */
export function IssueScreen({ issueId, address, beside }: Props) {
  const view = issueViewOf(address);
  const { view: list } = useView();
  const now = useNow();
  const row = useRow(issueId);
  // What the list already knows is on screen at once; its numbers and parts follow.
  const detail = useQuery({ ...issueDetailQuery(issueId), placeholderData: row });
  const event = useQuery({ ...issueEventQuery(issueId, view.event), placeholderData: keepPreviousData });
  const neighbours = useNeighbours(list, issueId, detail.data?.issue, beside === undefined);
  const queryClient = useQueryClient();
  const refresh = useMutation({ mutationFn: () => refreshIssue(queryClient, issueId, view.event) });
  const way = useWay(issueId, view, list, beside);
  const newer = useNewer(issueId, event.isPlaceholderData ? undefined : event.data, detail.data === undefined || detail.isPlaceholderData ? undefined : Number(detail.data.issue.count));
  const latest = useMutation({ mutationFn: () => fetchLatest(queryClient, issueId), onSettled: () => way.change({ event: "latest" }) });
  const shown = event.data === undefined || newer.id === null ? event.data : { ...event.data, newerId: newer.id };
  const toEvent = (wanted: string) => (wanted === "latest" ? latest.mutate() : way.toEvent(wanted));
  useIssueCommands(detail.data?.issue, shown, neighbours, { ...way, toEvent, refresh: () => refresh.mutate() }, beside !== undefined);
  useDocumentTitle(beside === undefined ? detail.data : null);
  useSurvivor(issueId, detail.data?.issue.id, way.toIssue);
  useWantedField(detail.data !== undefined && !detail.isPlaceholderData);

  if (detail.data === undefined) {
    if (detail.isPending) return <IssueSkeleton />;
    return <ErrorState error={issueError(detail.error)} actions={<ToStream />} onRetry={() => void detail.refetch()} />;
  }
  // What was tried last counts: a refresh that failed, or else the page's own request.
  const failure = refresh.error ?? detail.error;
  return (
    <div className={classes.page} data-beside={beside !== undefined || undefined}>
      {(failure !== null || isOutdated(detail.data.part("issue"), now)) && (
        <StaleNotice
          error={failure}
          cachedAt={detail.data.part("issue").cachedAt ?? detail.data.cachedAt}
          busy={detail.isFetching || refresh.isPending}
          onRetry={() => refresh.mutate()}
        />
      )}
      <IssueHeader
        detail={detail.data}
        list={addressOf(list)}
        neighbours={beside === undefined ? neighbours : null}
        beside={beside !== undefined}
        onGo={way.toIssue}
        refresh={
          <RefreshButton cachedAt={detail.data.cachedAt} busy={refresh.isPending} onRefresh={() => refresh.mutate()} />
        }
      />
      {detail.isPlaceholderData ? (
        <BodySkeleton />
      ) : (
        <IssueBody issueId={issueId} detail={detail.data} view={view} event={event} newer={newer} onChange={way.change} onLatest={() => latest.mutate()} />
      )}
    </div>
  );
}

interface BodyProps {
  issueId: string;
  detail: IssueDetail;
  view: IssueView;
  event: UseQueryResult<EventView>;
  newer: Newer;
  onChange: (change: Partial<IssueView>) => void;
  onLatest: () => void;
}

function IssueBody({ issueId, detail, view, event, newer, onChange, onLatest }: BodyProps) {
  const fetchPart = useFetchPart(issueId);
  const notice = (part: PartName): ReactNode => (
    <PartNotice name={PART_WORDS[part]} part={detail.part(part)} onRetry={() => fetchPart(part)} />
  );
  return (
    <>
      <FactsStrip detail={detail} notice={notice} />
      <TagProject value={detail.issue.project.slug === "" ? null : detail.issue.project.slug}>
      <div className={classes.columns}>
        <div className={classes.main} data-waiting={event.isPlaceholderData || undefined} aria-busy={event.isFetching}>
          {event.data === undefined && event.isPending && <EventSkeleton />}
          {event.error !== null && (
            <ErrorState
              compact
              error={eventError(event.error)}
              actions={view.event !== "latest" && <ToLatest onGo={() => onChange({ event: "latest" })} />}
              onRetry={() => void event.refetch()}
            />
          )}
          {event.data === undefined && event.isError && (
            <TagsSection tags={[]} distributions={detail.distributions} missing={detail.part("tags").status === "missing"} notice={notice("tags")} />
          )}
          {event.data !== undefined && (
            <>
              <EventNavigator
                issueId={issueId}
                asked={view.event}
                event={event.data}
                newer={newer}
                onGo={(word) => (word === "latest" ? onLatest() : onChange({ event: word }))}
                onLatest={onLatest}
              />
              <EventSections
                key={event.data.id}
                event={event.data}
                view={view}
                distributions={detail.distributions}
                tagsMissing={detail.part("tags").status === "missing"}
                tagsNotice={
                  <>
                    <PartAge part={detail.part("tags")} />
                    {notice("tags")}
                  </>
                }
                onChange={onChange}
              />
            </>
          )}
        </div>
        <SideColumn detail={detail} notice={notice("activity")} />
      </div>
      </TagProject>
    </>
  );
}

function ToStream() {
  return (
    <Button component={Link} to="/" size="sm" variant="default">
      Go to the issue stream
    </Button>
  );
}

function ToLatest({ onGo }: { onGo: () => void }) {
  return (
    <Button size="sm" variant="default" onClick={onGo}>
      Show the latest event
    </Button>
  );
}

const PART_WORDS: Record<PartName, string> = {
  tags: "Tag distributions",
  activity: "Activity",
  "stats.24h": "Frequency",
  "stats.30d": "Frequency",
};

function useWay(issueId: string, view: IssueView, list: View, beside: Beside | undefined) {
  const navigate = useNavigate();
  const change = (part: Partial<IssueView>) => {
    const search = issueAddressOf({ ...view, ...part });
    if (beside !== undefined) beside.onAddress(search);
    // Looking at another event is no step to go back through.
    else void navigate({ to: "/issues/$issueId", params: { issueId }, search: { ...addressOf(list), ...search }, replace: true, resetScroll: false });
  };
  return {
    change,
    toEvent: (event: string) => change({ event }),
    comment: () => document.getElementById(COMMENT_FIELD)?.focus(),
    merge: () => document.getElementById(SIMILAR_TITLE)?.focus(),
    toIssue: (id: string) => {
      if (beside !== undefined) beside.toIssue(id);
      else void navigate({ to: "/issues/$issueId", params: { issueId: id }, search: addressOf(list), replace: true });
    },
    back: () => void navigate({ to: "/", search: addressOf(list) }),
  };
}

/** Sentry answers a merged issue with the one that survived; the address follows, so that it can be passed on. */
function useSurvivor(asked: string, answered: string | undefined, toIssue: (id: string) => void): void {
  const go = useEffectEvent(toIssue);
  useEffect(() => {
    if (answered !== undefined && answered !== "" && answered !== asked) go(answered);
  }, [asked, answered]);
}

/** Whoever came to write a comment, by its key in the list, finds the field under their hands. */
function useWantedField(ready: boolean): void {
  const wanted = useRouterState({ select: (state) => state.location.hash === "comment" });
  useEffect(() => {
    if (!ready || !wanted) return;
    const timer = setInterval(() => {
      const field = document.getElementById(COMMENT_FIELD);
      if (field === null) return;
      field.focus();
      clearInterval(timer);
    }, 50);
    const end = setTimeout(() => clearInterval(timer), 5_000);
    return () => {
      clearInterval(timer);
      clearTimeout(end);
    };
  }, [ready, wanted]);
}

/** Name the window after the issue; null where the window is about something else. */
function useDocumentTitle(detail: IssueDetail | undefined | null): void {
  const title = detail === null ? null : detail === undefined ? "Issue" : `${detail.issue.shortId} ${visibleText(headline(detail.issue).type)}`;
  useEffect(() => {
    if (title !== null) document.title = `${title} · Dexter`;
  }, [title]);
}

function issueError(error: unknown): unknown {
  if (!(error instanceof ApiError) || error.status !== 404) return error;
  return new ApiError({
    status: 404,
    message: "This issue does not exist, or you may not see it",
    remedy: "Check the address, or ask for access to its project in Sentry.",
    requestId: error.requestId,
  });
}

function eventError(error: unknown): unknown {
  if (!(error instanceof ApiError) || error.status !== 404) return error;
  return new ApiError({
    status: 404,
    message: "This event is not there any more",
    remedy: "Sentry keeps events for a limited time. The latest event may still be there.",
    requestId: error.requestId,
  });
}
