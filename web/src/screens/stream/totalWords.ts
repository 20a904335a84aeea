import { counted } from "@/core/format";

/** Sentry counts no further than a thousand. */
export const MOST_COUNTED = 1000;

export const totalWords = (total: number): string => (total === MOST_COUNTED ? "1,000+ issues" : counted(total, "issue"));
