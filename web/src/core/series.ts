/** One point of a series: epoch seconds and the count of that interval. */
export type SeriesPoint = readonly [number, number];

/** Give the series a list row shows: Sentry keys it by period and sends one. */
export function onlySeries(stats: Readonly<Record<string, readonly SeriesPoint[]>> | undefined): readonly SeriesPoint[] {
  return Object.values(stats ?? {})[0] ?? [];
}
