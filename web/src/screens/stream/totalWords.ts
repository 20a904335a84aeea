import { counted } from "@/core/format";
import { MOST_COUNTED } from "@/core/paging";

export const totalWords = (total: number): string => (total === MOST_COUNTED ? "1,000+ issues" : counted(total, "issue"));
