import { expect, test } from 'vitest';
import { MAX_DURATION_MS } from '../../src/job/duration.ts';
import { type BadEnd, type Counts, MAX_LOSSES, nextAfter, retryDelayMs } from '../../src/job/retry.ts';
import { type JobOptions, PRODUCT_DEFAULTS } from '../../src/job/spec.ts';

const noJitter = { ...PRODUCT_DEFAULTS.options.retry, jitter: false };
const options: JobOptions = { ...PRODUCT_DEFAULTS.options, retry: noJitter };
const half = () => 0.5;

const CODES = { FAILED: 'HANDLER_ERROR', ABORTED: 'ABORTED_BY_USER', LIMIT_EXCEEDED: 'MEMORY_LIMIT' } as const;
const end = (outcome: BadEnd['outcome'], retryable = true): BadEnd => ({
  outcome,
  code: outcome in CODES ? CODES[outcome as keyof typeof CODES] : (outcome as BadEnd['code']),
  error: { name: 'Error', message: 'no luck', retryable },
});
const after = (outcome: BadEnd, counts: Partial<Counts>) =>
  nextAfter(outcome, { failures: 0, halts: 0, losses: 0, ...counts }, options, half);

test.each(['FAILED', 'TIMED_OUT'] as const)(
  'after %s a job is tried again until maxAttempts are used up, and fails with its reason',
  (outcome) => {
    expect(after(end(outcome), { failures: 1 })).toEqual({ do: 'retry', delayMs: 1_000 });
    expect(after(end(outcome), { failures: 2 })).toEqual({ do: 'retry', delayMs: 2_000 });
    expect(after(end(outcome), { failures: 3 })).toEqual({ do: 'fail', reason: { code: end(outcome).code, message: 'no luck' } });
  },
);

test('an error that is not retryable fails the job at once', () => {
  expect(after(end('FAILED', false), { failures: 1 })).toMatchObject({ do: 'fail', reason: { code: 'HANDLER_ERROR' } });
});

test('halts do not count against maxAttempts, but against maxHalts', () => {
  expect(after(end('HALTED'), { failures: 100, halts: 3 })).toEqual({ do: 'requeue', after: 'HALTED' });
  expect(after(end('HALTED'), { halts: 4 })).toMatchObject({ do: 'fail', reason: { code: 'HALTED' } });
  expect(nextAfter(end('HALTED'), { failures: 0, halts: 1, losses: 0 }, { ...options, maxHalts: 0 }, half)).toMatchObject({
    do: 'fail',
    reason: { code: 'HALTED' },
  });
});

test('losses count against a bound of their own', () => {
  expect(after(end('LOST'), { failures: 100, halts: 100, losses: MAX_LOSSES - 1 })).toEqual({ do: 'requeue', after: 'LOST' });
  expect(after(end('LOST'), { losses: MAX_LOSSES })).toMatchObject({ do: 'fail', reason: { code: 'LOST' } });
});

test('an attempt that was asked to stop ends its job', () => {
  expect(after(end('ABORTED'), {})).toEqual({ do: 'abort' });
});

test('waits grow by the backoff up to maxDelay', () => {
  const retry = { maxAttempts: 10, delayMs: 100, backoff: 3, maxDelayMs: 2_000, jitter: false };
  expect([1, 2, 3, 4, 5, 400].map((failures) => retryDelayMs(retry, failures, half))).toEqual([100, 300, 900, 2_000, 2_000, 2_000]);
});

test.each([
  { delayMs: 0, maxDelayMs: 60_000, wait: 0 },
  { delayMs: 0, maxDelayMs: Infinity, wait: 0 },
  { delayMs: 1_000, maxDelayMs: 60_000, wait: 60_000 },
  { delayMs: 1_000, maxDelayMs: Infinity, wait: MAX_DURATION_MS },
])('after 10,000 failures the wait is a time that there is: $wait ms of a delay of $delayMs up to $maxDelayMs', ({ wait, ...retry }) => {
  for (const jitter of [false, true]) {
    const delays = Array.from({ length: 10_000 }, (_, failed) =>
      retryDelayMs({ ...retry, maxAttempts: 10_000, backoff: 100, jitter }, failed + 1, () => 1),
    );
    expect(delays.find((delayMs) => Number.isNaN(new Date(delayMs).getTime()))).toBeUndefined();
    expect(delays.at(-1)).toBe(wait);
  }
});

test('jitter draws a wait between nothing and the full one', () => {
  const retry = { ...noJitter, jitter: true };
  expect([0, 0.5, 1].map((drawn) => retryDelayMs(retry, 2, () => drawn))).toEqual([0, 1_000, 2_000]);
  expect(Number.isInteger(retryDelayMs(retry, 1, () => 0.33333))).toBe(true);
});

test('a limit that was passed fails the job with its reason, whatever tries are left', () => {
  expect(after(end('LIMIT_EXCEEDED', false), {})).toEqual({ do: 'fail', reason: { code: 'MEMORY_LIMIT', message: 'no luck' } });
});

test('with onMemoryLimit the next attempt may use so many times the memory, up to upTo, and after that the job fails', () => {
  const afterMemory = (memoryBytes: number, code: BadEnd['code'] = 'MEMORY_LIMIT') => {
    const limits = { ...options.limits, memoryBytes, onMemoryLimit: { retryWith: 1.5, upTo: 200 } };
    return nextAfter({ ...end('LIMIT_EXCEEDED', false), code }, { failures: 0, halts: 0, losses: 0 }, { ...options, limits }, half);
  };
  expect(afterMemory(101)).toEqual({ do: 'retryWithMore', memoryBytes: 152 });
  expect(afterMemory(152)).toEqual({ do: 'retryWithMore', memoryBytes: 200 });
  expect(afterMemory(200)).toMatchObject({ do: 'fail', reason: { code: 'MEMORY_LIMIT' } });
  expect(afterMemory(101, 'CPU_LIMIT')).toMatchObject({ do: 'fail', reason: { code: 'CPU_LIMIT' } });
});
