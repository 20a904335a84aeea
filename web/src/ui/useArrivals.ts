import { useMemo, useState } from "react";

const NONE: ReadonlySet<string> = new Set();

/** Give what has come since a list was first known, so that it can be marked; `items` is undefined until then. */
export function useArrivals<T>(items: readonly T[] | undefined, keyOf: (item: T) => string): ReadonlySet<string> {
  const [first, setFirst] = useState<ReadonlySet<string> | null>(null);
  if (first === null && items !== undefined) setFirst(new Set(items.map(keyOf)));
  return useMemo(() => (first === null || items === undefined ? NONE : new Set(items.map(keyOf).filter((key) => !first.has(key)))), [first, items, keyOf]);
}
