import { SegmentedControl } from "@mantine/core";
import { useState, type ReactNode } from "react";

import type { IssueDetail, PartName } from "@/core/event/detail";
import { visibleText } from "@/core/event/visibleText";
import { useChanged } from "@/queries/live";
import { Ago } from "@/ui/Ago";
import { BarChart } from "@/ui/BarChart";
import { Count } from "@/ui/Count";
import { VisibleText } from "@/ui/VisibleText";

import factsClasses from "./facts.module.css";
import { PartAge } from "./PartNotice";

interface Props {
  detail: IssueDetail;
  notice: (part: PartName) => ReactNode;
}

/** How bad, how many people, since when, getting worse: one row. */
export function FactsStrip({ detail, notice }: Props) {
  const { issue } = detail;
  const changed = useChanged(issue.id);
  return (
    <section className={factsClasses.facts} aria-label="Facts">
      <Fact name="Events" flashes={changed.has("count")}>
        <span className={factsClasses.big}>
          <Count value={Number(issue.count)} noun="event" />
        </span>
      </Fact>
      <Fact name="Users" flashes={changed.has("userCount")}>
        <span className={factsClasses.big}>
          <Count value={issue.userCount} noun="user" />
        </span>
      </Fact>
      <Fact name="Last seen" flashes={changed.has("lastSeen")}>
        <Ago iso={issue.lastSeen} />
        <ReleaseName name={detail.lastRelease} />
      </Fact>
      <Fact name="First seen">
        <Ago iso={issue.firstSeen} />
        <ReleaseName name={detail.firstRelease} />
      </Fact>
      <Frequency detail={detail} notice={notice} />
    </section>
  );
}

function Fact({ name, flashes = false, children }: { name: string; flashes?: boolean; children: ReactNode }) {
  return (
    <div className={factsClasses.fact} data-flash={flashes || undefined}>
      <h2>{name}</h2>
      {children}
    </div>
  );
}

function ReleaseName({ name }: { name: string | null }) {
  if (name === null) return <span className={factsClasses.factMinor}>no release</span>;
  return (
    <span className={factsClasses.factMinor} data-tip={visibleText(name)}>
      in <VisibleText text={name} />
    </span>
  );
}

const PERIODS = {
  "24h": { label: "24 h", span: "24 hours", each: "an hour" },
  "30d": { label: "30 d", span: "30 days", each: "a day" },
} as const;

type Period = keyof typeof PERIODS;

/** How often it happened: the last day, or the last month for an issue that is quiet today. */
function Frequency({ detail, notice }: Props) {
  const [period, setPeriod] = useState<Period>(detail.day.some(([, count]) => count > 0) ? "24h" : "30d");
  const { span, each } = PERIODS[period];
  const part = detail.part(`stats.${period}`);
  return (
    <div className={factsClasses.frequency}>
      <div className={factsClasses.frequencyHead}>
        <h2>
          Frequency
          <PartAge part={part} />
        </h2>
        <SegmentedControl
          size="xs"
          aria-label="Period"
          value={period}
          onChange={setPeriod}
          data={Object.entries(PERIODS).map(([value, { label }]) => ({ value: value as Period, label }))}
        />
      </div>
      {notice(`stats.${period}`)}
      {part.status !== "missing" && (
        <BarChart points={period === "24h" ? detail.day : detail.month} noun="event" span={span} each={each} />
      )}
    </div>
  );
}
