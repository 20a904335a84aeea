import { ago, epochMs, exactTime, shortSpan } from "@/core/format";

import { useNow } from "./useNow";

interface Props {
  iso: string | null | undefined;
  /** Leave out the word "ago" where the column says it. */
  bare?: boolean;
}

/** How long ago a time was; the exact time in its tooltip. */
export function Ago({ iso, bare = false }: Props) {
  const now = useNow();
  const ms = epochMs(iso);
  const words = bare && ms !== null ? shortSpan((now - ms) / 1000) : ago(ms, now);
  return (
    <time dateTime={iso ?? undefined} data-tip={exactTime(ms)}>
      {words}
    </time>
  );
}
