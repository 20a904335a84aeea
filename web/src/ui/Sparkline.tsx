import { memo } from "react";

import { compactCount, exactCount, exactTime } from "@/core/format";
import type { SeriesPoint } from "@/core/series";
import { sparkOf } from "@/core/sparkline";

import classes from "./ui.module.css";

const WIDTH = 120;
const HEIGHT = 28;
const ROOM_FOR_LABEL = 2;

interface Props {
  points: readonly SeriesPoint[];
  noun: string;
}

/** The shape of a series in 120 × 28; its highest bar stands out and is labelled on hover. */
export const Sparkline = memo(function Sparkline({ points, noun }: Props) {
  const spark = sparkOf(points, WIDTH, HEIGHT - ROOM_FOR_LABEL);
  const summary =
    spark.max === 0 ? `No ${noun} in this period` : `${exactCount(spark.total)} ${noun}, at most ${exactCount(spark.max)} (${exactTime(spark.maxAtMs)})`;
  return (
    <svg className={classes.spark} width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={summary} data-tip={summary}>
      <path className={classes.sparkLine} d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} />
      <g transform={`translate(0 ${ROOM_FOR_LABEL - 0.5})`}>
        <path className={classes.sparkBars} d={spark.bars} />
        <path className={classes.sparkPeak} d={spark.peak} />
      </g>
      {spark.max > 0 && (
        <text className={classes.sparkMax} x={WIDTH} y={9} textAnchor="end">
          max {compactCount(spark.max)}
        </text>
      )}
    </svg>
  );
});
