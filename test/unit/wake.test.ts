import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { endable, Wake } from '../../src/api/wake.ts';
import { within } from '../../src/process/within.ts';

/** What a wake listens to, in the test's hands. */
function source() {
  const listeners = new Set<() => void>();
  return {
    listen: (wake: () => void) => {
      listeners.add(wake);
      return () => void listeners.delete(wake);
    },
    ring: () => listeners.forEach((listener) => listener()),
    get listeners() {
      return listeners.size;
    },
  };
}

describe('a wake-up', () => {
  test('is waited for, and comes at once when it has been before', async () => {
    const bell = source();
    const wake = new Wake(bell.listen);
    bell.ring();
    expect(await wake.next()).toBe(true);
    const waiting = wake.next();
    expect(await within(30, waiting)).toBe(false);
    bell.ring();
    expect(await waiting).toBe(true);
  });

  test('is one, however often it rang while nobody waited', async () => {
    const bell = source();
    const wake = new Wake(bell.listen);
    for (let i = 0; i < 10; i++) bell.ring();
    expect(await wake.next()).toBe(true);
    expect(await within(30, wake.next())).toBe(false);
  });

  test('that rings while one is dealt with is not lost', async () => {
    const bell = source();
    const wake = new Wake(bell.listen);
    bell.ring();
    await wake.next();
    bell.ring();
    expect(await within(10_000, wake.next())).toBe(true);
  });

  test('comes not sooner than the pause after the one before', async () => {
    const bell = source();
    const wake = new Wake(bell.listen);
    bell.ring();
    await wake.next(100);
    const began = performance.now();
    bell.ring();
    await wake.next(100);
    expect(performance.now() - began).toBeGreaterThan(80);
  });

  test('that rings many times in a pause is one at its end', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const bell = source();
    const wake = new Wake(bell.listen);
    bell.ring();
    await wake.next(60);
    bell.ring();
    const paused = wake.next(60);
    await vi.advanceTimersByTimeAsync(10);
    bell.ring();
    await vi.advanceTimersByTimeAsync(60);
    expect(await paused).toBe(true);
    const rung = within(100, wake.next(60));
    await vi.advanceTimersByTimeAsync(100);
    expect(await rung).toBe(false);
  });

  test('is false for who waits, and for who asks later, once it is stopped', async () => {
    const bell = source();
    const wake = new Wake(bell.listen);
    const waiting = wake.next();
    wake.stop();
    wake.stop();
    expect(await waiting).toBe(false);
    expect(await wake.next()).toBe(false);
    expect(bell.listeners).toBe(0);
  });

  test('that is stopped in its pause does not wait for its end', async () => {
    const bell = source();
    const wake = new Wake(bell.listen);
    bell.ring();
    await wake.next(60_000);
    bell.ring();
    const paused = wake.next(60_000);
    wake.stop();
    expect(await within(10_000, paused)).toBe(true);
    expect(await paused).toBe(false);
  });
});

describe('a generator that can be ended', () => {
  const counting = (wake: Wake, onEnd: () => void = () => {}) =>
    endable(wake, async function* (woken) {
      try {
        let count = 0;
        do yield ++count;
        while (await woken.next());
      } finally {
        onEnd();
      }
    });

  test('gives what it gives until it is left, and then frees what it listened to', async () => {
    const bell = source();
    const numbers = counting(new Wake(bell.listen));
    expect(await numbers.next()).toEqual({ value: 1, done: false });
    bell.ring();
    expect(await numbers.next()).toEqual({ value: 2, done: false });
    expect(bell.listeners).toBe(1);
    await numbers.return(undefined);
    expect(bell.listeners).toBe(0);
    expect(await numbers.next()).toEqual({ value: undefined, done: true });
  });

  test('ends at once when it is left while it waits for what may never come', async () => {
    const bell = source();
    let ended = false;
    const numbers = counting(new Wake(bell.listen), () => (ended = true));
    await numbers.next();
    const waiting = numbers.next();
    expect(await within(10_000, numbers.return(undefined))).toBe(true);
    expect(await waiting).toEqual({ value: undefined, done: true });
    expect(ended).toBe(true);
    expect(bell.listeners).toBe(0);
  });

  test('that nobody has ever asked for anything frees what it listened to', async () => {
    const bell = source();
    const numbers = counting(new Wake(bell.listen));
    await numbers.return(undefined);
    expect(bell.listeners).toBe(0);
  });

  test('frees what it listened to when it ends by itself', async () => {
    const bell = source();
    const once = endable(new Wake(bell.listen), async function* () {
      yield 'only';
    });
    for await (const value of once) expect(value).toBe('only');
    expect(bell.listeners).toBe(0);
  });

  test('frees what it listened to when it fails, and says why', async () => {
    const bell = source();
    const failing = endable(new Wake(bell.listen), async function* () {
      yield 'first';
      throw new Error('cannot go on');
    });
    await failing.next();
    await expect(failing.next()).rejects.toThrow('cannot go on');
    expect(bell.listeners).toBe(0);
  });

  test('frees what it listened to when an error is thrown into it', async () => {
    const bell = source();
    const numbers = counting(new Wake(bell.listen));
    await numbers.next();
    await expect(numbers.throw(new Error('out'))).rejects.toThrow('out');
    expect(bell.listeners).toBe(0);
  });

  test('is freed by a loop that is left', async () => {
    const bell = source();
    for await (const number of counting(new Wake(bell.listen))) {
      if (number === 1) break;
    }
    expect(bell.listeners).toBe(0);
  });
});
