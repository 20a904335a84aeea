/** What became of one item: its result, or what was thrown for it. */
export type Settled<I, R> = { readonly item: I; readonly ok: true; readonly value: R } | { readonly item: I; readonly ok: false; readonly error: unknown };

/** Run `work` for each item, at most `width` at a time, and give every outcome in the order of the items. One failure stops nothing. */
export async function settleAll<I, R>(items: readonly I[], width: number, work: (item: I) => Promise<R>): Promise<Settled<I, R>[]> {
  const outcomes = new Array<Settled<I, R>>(items.length);
  let next = 0;
  async function lane(): Promise<void> {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index] as I;
      try {
        outcomes[index] = { item, ok: true, value: await work(item) };
      } catch (error) {
        outcomes[index] = { item, ok: false, error };
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  return outcomes;
}
