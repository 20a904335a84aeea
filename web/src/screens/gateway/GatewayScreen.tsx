import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";

import { epochMs } from "@/core/format";
import { type GatewayAddress, gatewayAddressOf, windowOf } from "@/core/gatewayAddress";
import { chartsOf } from "@/core/gatewayCharts";
import { type GatewayStats, type WindowName, WINDOWS } from "@/core/gatewayModel";
import { windowWords } from "@/core/gatewayWords";
import { gatewayStatsQuery, STATS_EVERY_MS } from "@/queries/gateway";
import { useCommands } from "@/ui/commands";
import { ErrorState } from "@/ui/ErrorState";

import { Breakers } from "./Breakers";
import { Chart } from "./Chart";
import { Deprecations, Drifts } from "./Evolution";
import { Figures } from "./Figures";
import classes from "./gateway.module.css";
import { GatewayHead, LostContact } from "./GatewayHead";
import { Objectives } from "./Objectives";
import { Outcomes } from "./Outcomes";
import { GatewaySkeleton, NoTraffic } from "./placeholders";
import { Quotas } from "./Quotas";
import { RecentErrors } from "./RecentErrors";
import { SlowestAnswers, SlowestCalls } from "./Slowest";
import { Suspensions } from "./Suspensions";

/** How the gateway does, live. */
export function GatewayScreen({ address }: { address: GatewayAddress }) {
  const navigate = useNavigate();
  const [paused, setPaused] = useState(false);
  const stats = useQuery({ ...gatewayStatsQuery, refetchInterval: paused ? false : STATS_EVERY_MS, refetchOnWindowFocus: !paused });
  const window = windowOf(address);
  const choose = (name: WindowName) => void navigate({ to: "/gateway", search: gatewayAddressOf(name), replace: true });
  useEffect(() => {
    document.title = "Gateway · Dexter";
  }, []);
  useCommands([
    ...WINDOWS.map((name, index) => ({
      id: `gateway.${name}`,
      label: `Show ${windowWords(name)}`,
      section: "Gateway",
      keys: [String(index + 1)],
      run: () => choose(name),
    })),
    { id: "gateway.pause", label: paused ? "Go on live" : "Pause the figures", section: "Gateway", keys: ["l"], run: () => setPaused(!paused) },
    { id: "gateway.refresh", label: "Refresh the figures", section: "Gateway", keys: ["r"], run: () => void stats.refetch() },
  ]);
  return (
    <div className={classes.page}>
      <GatewayHead
        stats={stats.data ?? null}
        fetchedAtMs={stats.dataUpdatedAt}
        failing={stats.isError}
        paused={paused}
        onPause={() => setPaused(!paused)}
        window={window}
        onWindow={choose}
      />
      {stats.isPending && <GatewaySkeleton />}
      {stats.isLoadingError && <ErrorState error={stats.error} onRetry={() => void stats.refetch()} />}
      {stats.isRefetchError && <LostContact error={stats.error} fetchedAtMs={stats.dataUpdatedAt} onRetry={() => void stats.refetch()} />}
      {stats.data !== undefined && <Panels stats={stats.data} window={window} />}
    </div>
  );
}

function Panels({ stats, window }: { stats: GatewayStats; window: WindowName }) {
  // The gateway's own clock, so that a reader whose clock is wrong still sees right spans.
  const nowMs = epochMs(stats.now) ?? 0;
  const { slo, series, windows } = stats;
  const charts = useMemo(() => {
    const goal = (name: string) => slo.objectives.find((one) => one.name === name)?.target ?? null;
    return chartsOf(series, { latencyMs: goal("latency"), hitRatio: goal("hit_ratio") }, nowMs);
  }, [series, slo, nowMs]);
  // This screen's own questions are requests too; traffic is what concerns Sentry.
  const quiet = windows["60m"].reads === 0 && windows["60m"].upstream_calls === 0;
  return (
    <>
      <Suspensions suspended={stats.suspended} nowMs={nowMs} />
      {quiet ? (
        <NoTraffic />
      ) : (
        <>
          <Figures window={windows[window]} name={window} objectives={slo.objectives} />
          <section className={classes.charts} aria-label="The last hour">
            <h2 className="dx-unseen">The last hour</h2>
            {charts.map((chart) => (
              <Chart key={chart.name} data={chart} />
            ))}
          </section>
        </>
      )}
      <div className={classes.pair}>
        <Breakers breakers={stats.breakers} nowMs={nowMs} />
        <Quotas quota={stats.quota} queue={stats.queue} nowMs={nowMs} />
      </div>
      <div className={classes.pair}>
        <Objectives slo={slo} />
        <Outcomes window={windows[window]} name={window} />
      </div>
      <RecentErrors errors={stats.recent_errors} nowMs={nowMs} />
      <div className={classes.halves}>
        <SlowestAnswers operations={stats.operations} />
        <SlowestCalls upstream={stats.upstream} />
      </div>
      <div className={classes.halves}>
        <Drifts drift={stats.drift} nowMs={nowMs} />
        <Deprecations deprecations={stats.deprecations} nowMs={nowMs} />
      </div>
    </>
  );
}
