import { ActionIcon } from "@mantine/core";
import { IconBaselineDensityMedium, IconBaselineDensitySmall, IconLayoutSidebarRight, IconRefresh } from "@tabler/icons-react";

import { ago, epochMs, exactTime } from "@/core/format";
import type { Meta } from "@/core/model";
import { type StatusTab, STATUSES, statusWord } from "@/core/view";
import { useCommands } from "@/ui/commands";
import { useNow } from "@/ui/useNow";

import { ExportMenu } from "./ExportMenu";
import { LevelFilterButton, SortButton } from "./Filters";
import classes from "./stream.module.css";
import { totalWords } from "./totalWords";
import { useDensity } from "./useDensity";
import { useSplit } from "./useSplit";
import { useView } from "./useView";
import { ViewsMenu } from "./ViewsMenu";

interface Props {
  meta: Meta | null;
  fetchedAtMs: number;
  total: number | null;
  refreshing: boolean;
  onRefresh: () => Promise<unknown>;
}

/** Status tabs, then what narrows and orders the list, and how old it is. */
export function StreamToolbar({ meta, fetchedAtMs, total, refreshing, onRefresh }: Props) {
  const { view, change } = useView();
  const [density, setDensity] = useDensity();
  const other = density === "compact" ? "roomy" : "compact";
  useCommands([
    ...STATUSES.map((status) => ({
      id: `tab.${status}`,
      label: `Show ${status === "all" ? "all issues" : statusWord(status).toLowerCase()}`,
      section: "View",
      run: () => change({ status }),
    })),
    { id: "view.density", label: `Show ${other} rows`, section: "Look", run: () => setDensity(other) },
  ]);
  return (
    <div className={classes.toolbar}>
      <StatusTabs status={view.status} onStatus={(status) => change({ status })} />
      <div className={classes.tools}>
        <span className={classes.age}>
          {total !== null && <span>{totalWords(total)}</span>}
          {meta !== null && <Age meta={meta} fetchedAtMs={fetchedAtMs} />}
        </span>
        <ActionIcon variant="subtle" color="gray" size={32} aria-label="Refresh" data-tip="Refresh (r)" loading={refreshing} onClick={() => void onRefresh()}>
          <IconRefresh size={16} stroke={1.5} />
        </ActionIcon>
        <span className={classes.wideOnly}>
          <ViewsMenu />
          <LevelFilterButton />
          <SortButton />
          <ExportMenu />
          <SplitButton />
          <ActionIcon variant="subtle" color="gray" size={32} aria-label={`Show ${other} rows`} data-tip={`Show ${other} rows (d)`} onClick={() => setDensity(other)}>
            {other === "compact" ? <IconBaselineDensitySmall size={16} stroke={1.5} /> : <IconBaselineDensityMedium size={16} stroke={1.5} />}
          </ActionIcon>
        </span>
      </div>
    </div>
  );
}

function SplitButton() {
  const split = useSplit();
  if (!split.possible) return null;
  const words = split.on ? "Close the split" : "Show the issue beside the list";
  return (
    <ActionIcon variant={split.on ? "light" : "subtle"} color={split.on ? undefined : "gray"} size={32} aria-pressed={split.on} aria-label="Issue beside the list" data-tip={`${words} (v)`} onClick={() => split.toggle(null)}>
      <IconLayoutSidebarRight size={16} stroke={1.5} />
    </ActionIcon>
  );
}

function StatusTabs({ status, onStatus }: { status: StatusTab; onStatus: (status: StatusTab) => void }) {
  return (
    <div className={classes.tabs} role="group" aria-label="Status">
      {STATUSES.map((one) => (
        <button key={one} type="button" className={classes.tab} aria-pressed={one === status} onClick={() => onStatus(one)}>
          {statusWord(one)}
        </button>
      ))}
    </div>
  );
}

/** How old the list is: since Sentry answered, not since the gateway's cache did. */
function Age({ meta, fetchedAtMs }: { meta: Meta; fetchedAtMs: number }) {
  const now = useNow();
  const asOf = epochMs(meta.cached_at) ?? fetchedAtMs - meta.age_s * 1000;
  return (
    <span data-tip={`As Sentry said at ${exactTime(asOf)}`}>
      as of {ago(asOf, now)}
    </span>
  );
}
