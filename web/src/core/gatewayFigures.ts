/** Measured values in words for people. A dash stands for what was not measured. */

const NONE = "–";

/** Give a number with so many digits that count, and no more: 0.13, 7.9, 132, 1,204. */
function digits(value: number): string {
  const places = value === 0 || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 1 : 2;
  return value.toLocaleString("en-US", { maximumFractionDigits: places });
}

/** Give a rate: "7.9". The unit stands beside the figure. */
export const rateWords = (perSecond: number): string => (perSecond > 0 && perSecond < 0.01 ? "<0.01" : digits(perSecond));

/** Give a duration: "0.54 ms", "34.6 ms", "132 ms", "1.2 s". */
export function durationWords(ms: number | null): string {
  if (ms === null) return NONE;
  return ms < 1000 ? `${digits(ms)} ms` : `${digits(ms / 1000)} s`;
}

/** Give a share. Neither is 99.99 % called all, nor 0.001 % nothing. */
export function shareWords(ratio: number | null): string {
  if (ratio === null) return NONE;
  const percent = ratio * 100;
  if (percent > 0 && percent < 0.01) return "<0.01 %";
  if (percent < 100 && percent > 99.99) return ">99.99 %";
  const places = percent >= 99 || percent < 1 ? 2 : 1;
  const kept = Math.trunc(percent * 10 ** places + 1e-9) / 10 ** places;
  return `${kept.toLocaleString("en-US", { maximumFractionDigits: places })} %`;
}

/** Give an amount of memory: "812 kB", "1.2 MB". */
export function bytesWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${digits(bytes / 1000)} kB`;
  if (bytes < 1_000_000_000) return `${digits(bytes / 1_000_000)} MB`;
  return `${digits(bytes / 1_000_000_000)} GB`;
}

export const measureWords = (value: number | null, unit: "ms" | "ratio"): string => (unit === "ms" ? durationWords(value) : shareWords(value));
