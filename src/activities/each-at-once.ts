/** Runs it for every item, so many at a time. */
export async function eachAtOnce<T>(items: readonly T[], run: (item: T) => Promise<unknown>, atOnce = AT_ONCE): Promise<void> {
  const rest = items.values();
  const work = async (): Promise<void> => {
    for (const item of rest) await run(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
}

const AT_ONCE = 16;
