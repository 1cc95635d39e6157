/** Resolves true when the promise has settled within ms (at most {@link MAX_TIMER_MS}), false when it has not. */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(resolve, Math.min(ms, MAX_TIMER_MS), false)));
  const settled = promise.then(
    () => true,
    () => true,
  );
  const inTime = await Promise.race([settled, late]);
  clearTimeout(timer);
  return inTime;
}

/** 24.8 days: a longer timer would go off at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;
