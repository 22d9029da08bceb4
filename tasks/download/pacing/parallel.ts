/** Runs `body` for all items, so many at a time; the first failure stops the start of others and is thrown. */
export async function inParallel<T>(
  items: readonly T[],
  count: number,
  body: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = items[Symbol.iterator]();
  let failed = false;
  const work = async (): Promise<void> => {
    for (let next = waiting.next(); !next.done && !failed; next = waiting.next()) {
      try {
        await body(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: Math.min(count, items.length) }, work));
  for (const worker of workers) if (worker.status === 'rejected') throw worker.reason;
}
