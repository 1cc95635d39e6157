type Item = { id?: string | null | undefined; dependencies?: readonly string[] | null | undefined };

/**
 * The items of a request in waves: each waits only for items of the waves before it, or for jobs that are not in the
 * request. `stuck` are those that wait in a circle, or for one that does.
 */
export function waves(items: readonly Item[]): { order: number[][]; stuck: number[] } {
  const ids = new Set(items.map(({ id }) => id).filter((id) => typeof id === 'string'));
  const created = new Set<string>();
  const order: number[][] = [];
  let left = items.keys().toArray();
  for (;;) {
    const isReady = (index: number): boolean => (items[index]!.dependencies ?? []).every((id) => !ids.has(id) || created.has(id));
    const wave = left.filter(isReady);
    if (wave.length === 0) return { order, stuck: left };
    order.push(wave);
    for (const index of wave) if (typeof items[index]!.id === 'string') created.add(items[index]!.id);
    left = left.filter((index) => !wave.includes(index));
  }
}

/** From a stuck item along what it waits for, to the first id met twice: `b → c → b`. */
export function circleOf(items: readonly Item[], stuck: readonly number[], from: number): string[] {
  const byId = new Map(stuck.map((index) => [items[index]!.id, items[index]!]));
  const way: string[] = [];
  for (let at: Item | undefined = items[from]; at;) {
    const next: string = (at.dependencies ?? []).find((id) => byId.has(id))!;
    const met = way.indexOf(next);
    way.push(next);
    if (met >= 0) return way.slice(met);
    at = byId.get(next);
  }
  return way;
}
