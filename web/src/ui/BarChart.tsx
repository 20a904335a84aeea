import { useState, type PointerEvent } from "react";

import { counted, exactCount, exactTime } from "@/core/format";
import type { SeriesPoint } from "@/core/series";
import { sparkOf } from "@/core/sparkline";

import classes from "./BarChart.module.css";

const WIDTH = 600;
const HEIGHT = 56;

interface Props {
  points: readonly SeriesPoint[];
  /** What is counted: "event". */
  noun: string;
  /** The time it spans: "24 hours". */
  span: string;
  /** The length of one bar: "an hour". */
  each: string;
}

/** A quiet bar chart of one series, with a text that says the same for those who do not see it. */
export function BarChart({ points, noun, span, each }: Props) {
  const [hovered, setHovered] = useState<number | null>(null);
  const spark = sparkOf(points, WIDTH, HEIGHT);
  const point = hovered === null ? undefined : points[hovered];
  const peak = spark.max === 0 ? "" : `, at most ${exactCount(spark.max)} ${each}`;
  const total = spark.total === 0 ? `No ${noun}s` : counted(spark.total, noun);
  const summary = `${total} in ${span}${peak}`;
  const follow = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const index = Math.floor(((event.clientX - box.left) / box.width) * points.length);
    setHovered(Math.min(Math.max(index, 0), points.length - 1));
  };
  return (
    <figure className={classes.chart}>
      <svg
        role="img"
        aria-label={summary}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        onPointerMove={follow}
        onPointerLeave={() => setHovered(null)}
      >
        {point !== undefined && (
          <rect
            className={classes.cursor}
            x={((hovered ?? 0) * WIDTH) / points.length}
            width={WIDTH / points.length}
            y={0}
            height={HEIGHT}
          />
        )}
        <path className={classes.bars} d={spark.bars} />
        <path className={classes.peak} d={spark.peak} />
      </svg>
      <figcaption className={classes.caption} aria-hidden>
        {point === undefined ? summary : `${exactCount(point[1])} · ${exactTime(point[0] * 1000)}`}
      </figcaption>
    </figure>
  );
}
