import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { timer } from '../../src/process/timer.ts';
import { MAX_TIMER_MS } from '../../src/process/within.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const followed = (ms: number | null) => {
  const { over, clear } = timer(ms);
  const seen = { isOver: false };
  void over.then(() => (seen.isOver = true));
  return { seen, clear };
};

test.each([0, 1, 5_000, MAX_TIMER_MS, MAX_TIMER_MS + 1, 30 * 86_400_000, 3650 * 86_400_000])(
  'a timer of %d ms is over then, and not before',
  async (ms) => {
    const { seen } = followed(ms);
    await vi.advanceTimersByTimeAsync(Math.max(0, ms - 1));
    expect(seen.isOver).toBe(ms === 0);
    await vi.advanceTimersByTimeAsync(1);
    expect(seen.isOver).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  },
);

test('one without a length never is, and holds nothing', async () => {
  const { seen } = followed(null);
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(MAX_TIMER_MS);
  expect(seen.isOver).toBe(false);
});

test('one that is cleared never is, also in a later part of a long one', async () => {
  const { seen, clear } = followed(MAX_TIMER_MS + 1_000);
  await vi.advanceTimersByTimeAsync(MAX_TIMER_MS + 1);
  clear();
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(MAX_TIMER_MS);
  expect(seen.isOver).toBe(false);
});
