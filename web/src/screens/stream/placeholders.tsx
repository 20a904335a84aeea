import { Button } from "@mantine/core";
import { IconChecks, IconFilterOff, IconInbox } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";

import { ApiError, asApiError } from "@/api/error";
import { sentences } from "@/core/sentences";
import { filterCount, periodWord, statusWord, unknownFilters, withoutFilters, withoutScope } from "@/core/view";
import { environmentsQuery, projectsQuery } from "@/queries/organization";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorState } from "@/ui/ErrorState";

import rowClasses from "./row.module.css";
import classes from "./stream.module.css";
import { type Density, ROW_HEIGHT } from "./useDensity";
import { useView } from "./useView";

const SKELETONS = Array.from({ length: 14 }, (_, index) => index);

/** Rows with the geometry of the real ones, so that nothing jumps when those come. */
export function ListSkeleton({ density, rows }: { density: Density; rows?: number }) {
  const alone = rows === undefined;
  return (
    <div className={classes.skeleton} data-alone={alone || undefined} role="status" aria-label="Loading the issues">
      {alone && density !== "phone" && <div className={rowClasses.head} aria-hidden />}
      {SKELETONS.slice(0, rows).map((index) => (
        <div key={index} style={{ height: ROW_HEIGHT[density] }} aria-hidden>
          <SkeletonRow index={index} density={density} />
        </div>
      ))}
    </div>
  );
}

function SkeletonRow({ index, density }: { index: number; density: Density }) {
  const phone = density === "phone";
  return (
    <div className={`${rowClasses.row} ${classes.skeletonRow}`} data-density={density}>
      <span className={rowClasses.tick}>
        <i style={{ width: 16, height: 16 }} />
      </span>
      <span className={rowClasses.main}>
        <i style={{ width: `${18 + ((index * 17) % 22)}%` }} />
        <i style={{ width: `${40 + ((index * 23) % 35)}%` }} />
        {density !== "compact" && <i style={{ width: "26%" }} />}
      </span>
      {!phone && <i className={rowClasses.spark} style={{ height: 20, opacity: 0.6 }} />}
      {!phone && <i className={rowClasses.number} style={{ width: 36 }} />}
      <i className={rowClasses.number} style={{ width: 28 }} />
      {!phone && <i className={rowClasses.priority} style={{ width: 44, marginLeft: 20 }} />}
      {!phone && <i style={{ width: 24, height: 24, borderRadius: 12, justifySelf: "center" }} />}
      {!phone && <i className={rowClasses.last} style={{ width: 40 }} />}
    </div>
  );
}

/** Why there is nothing here, and the one thing to do next. */
export function EmptyStream() {
  const { view, change } = useView();
  if (filterCount(view) > 0) {
    return (
      <EmptyState
        icon={<IconFilterOff size={32} stroke={1.25} />}
        title="No issue matches"
        actions={
          <>
            <Button variant="default" onClick={() => change(withoutFilters(view))}>
              Clear the filters
            </Button>
            {view.status !== "all" && (
              <Button variant="subtle" onClick={() => change({ status: "all" })}>
                Look in all states
              </Button>
            )}
          </>
        }
      >
        Nothing among {view.status === "all" ? "all issues" : `“${statusWord(view.status)}”`} in the {periodWord(view.period).toLowerCase()} fits the search and filters.
      </EmptyState>
    );
  }
  if (view.status === "unresolved" || view.status === "for_review") {
    return (
      <EmptyState
        icon={<IconChecks size={32} stroke={1.25} color="var(--dx-good)" />}
        title={view.status === "unresolved" ? "Nothing is unresolved" : "Everything is reviewed"}
        actions={
          <Button variant="default" onClick={() => change({ status: "all" })}>
            Show all issues
          </Button>
        }
      >
        Issues appear here as soon as an application with a Sentry SDK reports an error. In the {periodWord(view.period).toLowerCase()} none is left to triage.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={<IconInbox size={32} stroke={1.25} />}
      title={view.status === "all" ? "No issue has been seen" : `Nothing is ${statusWord(view.status).toLowerCase()}`}
      actions={
        view.status === "all" && view.period === "90d" ? undefined : (
          <Button variant="default" onClick={() => change(view.status === "all" ? { period: "90d" } : { status: "unresolved" })}>
            {view.status === "all" ? "Look back 90 days" : "Go to the unresolved issues"}
          </Button>
        )
      }
    >
      {view.status === "all"
        ? "Issues are born from events: point an application's Sentry SDK at a project's DSN and raise an error."
        : `Issues that are ${statusWord(view.status).toLowerCase()} are kept here, and can be reopened.`}
    </EmptyState>
  );
}

/** Why the list could not be loaded. A search or filter that Sentry refuses is the reader's to change, so that is what is offered. */
export function StreamFailure({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { view, change } = useView();
  const { status } = asApiError(error);
  const isNarrowed = view.project.length + view.environment.length > 0;
  if ((status === 403 || status === 404) && isNarrowed) return <ScopeFailure error={error} />;
  const refused = status === 400 && view.query.trim() !== "";
  if (!refused) return <ErrorState error={error} onRetry={onRetry} />;
  return (
    <ErrorState
      error={error}
      title="Sentry does not understand this search"
      actions={
        <Button variant="default" onClick={() => change({ query: "" })}>
          Clear the search
        </Button>
      }
    />
  );
}

/** A project or environment of the address was renamed, misspelt or deleted, or is not for this reader. */
function ScopeFailure({ error }: { error: unknown }) {
  const { view, change } = useView();
  const unknown = unknownFilters(view, { projects: useQuery(projectsQuery).data, environments: useQuery(environmentsQuery).data });
  const failure = asApiError(error);
  const told = new ApiError({
    status: failure.status,
    message: "A filter of this address leads nowhere",
    remedy: sentences(
      unknown.length === 0 ? failure.message : `There is no ${unknown.join(" and no ")}, or you may not see it`,
      "It may have been renamed or deleted. Clear the filters, or choose others above",
    ),
    requestId: failure.requestId,
  });
  return (
    <ErrorState
      error={told}
      actions={
        <Button variant="default" onClick={() => change(withoutScope(view))}>
          Clear the filters
        </Button>
      }
    />
  );
}
