import { MAX_TIMER_MS } from './within.ts';

/**
 * A timer of any length: `over` resolves after ms, unless it is cleared before; without ms never. Node's own goes off at once where it
 * is to last for longer than {@link MAX_TIMER_MS}.
 */
export function timer(ms: number | null): { over: Promise<'timeout'>; clear(): void } {
  const { promise: over, resolve } = Promise.withResolvers<'timeout'>();
  let timeout: NodeJS.Timeout | undefined;
  const wait = (left: number): void => {
    if (left > MAX_TIMER_MS) timeout = setTimeout(() => wait(left - MAX_TIMER_MS), MAX_TIMER_MS);
    else timeout = setTimeout(resolve, left, 'timeout');
  };
  if (ms !== null) wait(ms);
  return { over, clear: () => clearTimeout(timeout) };
}
