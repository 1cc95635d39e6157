import { MAX_DURATION_MS } from './duration.ts';
import type { JobError, JobOptions, Limits, Retry } from './spec.ts';
import type { AttemptOutcome, Reason, ReasonCode } from './status.ts';

/** After this many losses a job fails, so that it does not kill host after host. */
export const MAX_LOSSES = 5;

export type Counts = { failures: number; halts: number; losses: number };

/** An attempt's bad end, as the workflow learns of it. */
export type BadEnd = { outcome: Exclude<AttemptOutcome, 'SUCCEEDED'>; code: ReasonCode; error: JobError };

/** What a job does after an attempt that did not succeed. */
export type Next =
  | { do: 'retry'; delayMs: number }
  | { do: 'requeue'; after: 'HALTED' | 'LOST' }
  /** At once: there is nothing to wait for. */
  | { do: 'retryWithMore'; memoryBytes: number }
  | { do: 'fail'; reason: Reason }
  | { do: 'abort' };

/**
 * Again or not: the one place that decides. `counts` hold the end that is being decided on.
 *
 * A failure or a timeout counts against `retry.maxAttempts`; a halt and a loss do not, they have bounds of their own. Nor does a
 * limit that was passed: the same would happen again, unless the next attempt may use more.
 *
 * `options.limits` are those of the attempt that has ended.
 */
export function nextAfter(end: BadEnd, counts: Counts, options: JobOptions, random: () => number): Next {
  switch (end.outcome) {
    case 'FAILED':
    case 'TIMED_OUT':
      if (!end.error.retryable || counts.failures >= options.retry.maxAttempts || (end.outcome === 'TIMED_OUT' && options.timeoutIsFinal))
        return { do: 'fail', reason: { code: end.code, message: end.error.message } };
      return { do: 'retry', delayMs: retryDelayMs(options.retry, counts.failures, random) };
    case 'HALTED':
      if (counts.halts > options.maxHalts)
        return {
          do: 'fail',
          reason: {
            code: 'HALTED',
            message: `halted ${counts.halts} times, ${options.maxHalts} are allowed (maxHalts); the last time: ${end.error.message}`,
          },
        };
      return { do: 'requeue', after: 'HALTED' };
    case 'LOST':
      if (options.onLost === 'FAIL')
        return { do: 'fail', reason: { code: 'LOST', message: `${end.error.message}, and it must not run twice (onLost: FAIL)` } };
      if (counts.losses >= MAX_LOSSES)
        return {
          do: 'fail',
          reason: { code: 'LOST', message: `lost with its worker ${counts.losses} times; the last time: ${end.error.message}` },
        };
      return { do: 'requeue', after: 'LOST' };
    case 'LIMIT_EXCEEDED': {
      const memoryBytes = end.code === 'MEMORY_LIMIT' ? moreMemory(options.limits) : undefined;
      if (memoryBytes !== undefined) return { do: 'retryWithMore', memoryBytes };
      return { do: 'fail', reason: { code: end.code, message: end.error.message } };
    }
    case 'ABORTED':
      return { do: 'abort' };
  }
}

/** What the next attempt may use after one that has passed its limit; undefined where none is to follow. */
function moreMemory({ memoryBytes, onMemoryLimit }: Limits): number | undefined {
  if (memoryBytes === null || onMemoryLimit === null || memoryBytes >= onMemoryLimit.upTo) return undefined;
  return Math.min(onMemoryLimit.upTo, Math.ceil(memoryBytes * onMemoryLimit.retryWith));
}

/** The wait before try `failures + 1`, ms: exponential, capped; with jitter anywhere between 0 and that ("full jitter", AWS 2015). */
export function retryDelayMs(retry: Retry, failures: number, random: () => number): number {
  // After hundreds of failures that is Infinity, and 0 times it no number at all.
  const growth = Math.min(retry.backoff ** (failures - 1), Number.MAX_VALUE);
  const full = Math.min(retry.maxDelayMs, MAX_DURATION_MS, retry.delayMs * growth);
  return Math.round(retry.jitter ? full * random() : full);
}
