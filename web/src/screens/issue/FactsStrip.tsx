import { SegmentedControl } from "@mantine/core";
import { useState, type ReactNode } from "react";

import type { IssueDetail, PartName } from "@/core/event/detail";
import { Ago } from "@/ui/Ago";
import { BarChart } from "@/ui/BarChart";
import { Count } from "@/ui/Count";
import { VisibleText } from "@/ui/VisibleText";

import classes from "./issue.module.css";

interface Props {
  detail: IssueDetail;
  notice: (part: PartName) => ReactNode;
}

/** How bad, how many people, since when, getting worse: one row. */
export function FactsStrip({ detail, notice }: Props) {
  const { issue } = detail;
  return (
    <section className={classes.facts} aria-label="Facts">
      <Fact name="Events">
        <span className={classes.big}>
          <Count value={Number(issue.count)} noun="event" />
        </span>
      </Fact>
      <Fact name="Users">
        <span className={classes.big}>
          <Count value={issue.userCount} noun="user" />
        </span>
      </Fact>
      <Fact name="Last seen">
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

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={classes.fact}>
      <h2>{name}</h2>
      {children}
    </div>
  );
}

function ReleaseName({ name }: { name: string | null }) {
  if (name === null) return <span className={classes.factMinor}>no release</span>;
  return (
    <span className={classes.factMinor} data-tip={name}>
      in <VisibleText text={name} />
    </span>
  );
}

function Frequency({ detail, notice }: Props) {
  const [period, setPeriod] = useState<"24h" | "30d">("24h");
  const points = period === "24h" ? detail.day : detail.month;
  const missing = detail.part(`stats.${period}`).status === "missing";
  return (
    <div className={classes.frequency}>
      <div className={classes.frequencyHead}>
        <h2>Frequency</h2>
        <SegmentedControl
          size="xs"
          aria-label="Period"
          value={period}
          onChange={(value) => setPeriod(value === "30d" ? "30d" : "24h")}
          data={[
            { value: "24h", label: "24 h" },
            { value: "30d", label: "30 d" },
          ]}
        />
      </div>
      {notice(`stats.${period}`)}
      {!missing && <BarChart points={points} noun={period === "24h" ? "events in 24 hours" : "events in 30 days"} />}
    </div>
  );
}
