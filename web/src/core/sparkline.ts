import type { SeriesPoint } from "./series";

export interface Spark {
  /** SVG path of every bar but the highest. */
  readonly bars: string;
  /** SVG path of the highest bar. */
  readonly peak: string;
  readonly max: number;
  readonly maxAtMs: number | null;
  readonly total: number;
}

const MIN_BAR = 1.5;

/** Give the bars of a series in a box; quiet intervals leave a hairline so that silence is seen as silence. */
export function sparkOf(points: readonly SeriesPoint[], width: number, height: number): Spark {
  const max = points.reduce((top, [, count]) => Math.max(top, count), 0);
  const total = points.reduce((sum, [, count]) => sum + count, 0);
  const peakIndex = max === 0 ? -1 : points.findIndex(([, count]) => count === max);
  const step = points.length === 0 ? width : width / points.length;
  const gap = step > 3 ? 1 : 0;
  let bars = "";
  let peak = "";
  points.forEach(([, count], index) => {
    const tall = count === 0 || max === 0 ? 0 : Math.max(MIN_BAR, (count / max) * height);
    if (tall === 0) return;
    const path = bar(index * step, height - tall, step - gap, tall);
    if (index === peakIndex) peak += path;
    else bars += path;
  });
  const peakPoint = points[peakIndex];
  return { bars, peak, max, maxAtMs: peakPoint === undefined ? null : peakPoint[0] * 1000, total };
}

const fixed = (value: number): string => String(Math.round(value * 100) / 100);

function bar(x: number, y: number, width: number, height: number): string {
  return `M${fixed(x)} ${fixed(y)}h${fixed(width)}v${fixed(height)}h${fixed(-width)}z`;
}
