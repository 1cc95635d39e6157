import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { untilShutDown } from '../../src/cli/until-shut-down.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const never = new Promise<never>(() => {});

test('a worker that comes to its end is waited for, also one that ends by a fault', async () => {
  expect(await untilShutDown(Promise.resolve())).toBe(true);
  expect(await untilShutDown(Promise.reject(new Error('no Temporal')))).toBe(true);
});

test('one that does not is given up 5 s after the last of what it was waited for', async () => {
  let isBusy = true;
  let answer: boolean | undefined;
  void untilShutDown(never, () => isBusy).then((is) => (answer = is));
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(answer).toBeUndefined();
  isBusy = false;
  await vi.advanceTimersByTimeAsync(4_500);
  expect(answer).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(answer).toBe(false);
});
