import { bounded } from './bounded.ts';
import { UserError } from './errors.ts';
import { checkLimits, limitsFrom, type WantedLimits } from './limits.ts';
import { type JobOptions, LIMITS, PRODUCT_DEFAULTS, type Retry } from './spec.ts';

type Wanted<T> = { [Key in keyof T]?: T[Key] | null | undefined };
/** Options as they are asked for: what is not set is left to somebody else. */
export type WantedOptions = Wanted<Omit<JobOptions, 'startAt' | 'retry' | 'limits'>> & {
  retry?: Wanted<Retry> | null | undefined;
  limits?: WantedLimits | null | undefined;
};

/** Options filled in, each a job's own, else its type's, else the product's. They are not checked. */
export function optionsFrom(own: WantedOptions, type: WantedOptions): JobOptions {
  const product = PRODUCT_DEFAULTS.options;
  const retry = own.retry ?? {};
  return {
    startAt: null,
    timeoutMs: own.timeoutMs ?? type.timeoutMs ?? product.timeoutMs,
    timeoutIsFinal: own.timeoutIsFinal ?? type.timeoutIsFinal ?? product.timeoutIsFinal,
    queueTimeoutMs: own.queueTimeoutMs ?? type.queueTimeoutMs ?? product.queueTimeoutMs,
    deadlineMs: own.deadlineMs ?? type.deadlineMs ?? product.deadlineMs,
    onDependencyFailure: own.onDependencyFailure ?? type.onDependencyFailure ?? product.onDependencyFailure,
    onLost: own.onLost ?? type.onLost ?? product.onLost,
    exclusive: own.exclusive ?? type.exclusive ?? product.exclusive,
    concurrency: own.concurrency ?? type.concurrency ?? product.concurrency,
    limits: limitsFrom(own.limits ?? {}, type.limits ?? {}),
    rollback: own.rollback ?? type.rollback ?? product.rollback,
    failover: own.failover ?? type.failover ?? product.failover,
    ageAfterMs: own.ageAfterMs ?? type.ageAfterMs ?? product.ageAfterMs,
    graceMs: own.graceMs ?? type.graceMs ?? product.graceMs,
    retry: {
      maxAttempts: retry.maxAttempts ?? type.retry?.maxAttempts ?? product.retry.maxAttempts,
      delayMs: retry.delayMs ?? type.retry?.delayMs ?? product.retry.delayMs,
      backoff: retry.backoff ?? type.retry?.backoff ?? product.retry.backoff,
      maxDelayMs: retry.maxDelayMs ?? type.retry?.maxDelayMs ?? product.retry.maxDelayMs,
      jitter: retry.jitter ?? type.retry?.jitter ?? product.retry.jitter,
    },
    maxHalts: own.maxHalts ?? type.maxHalts ?? product.maxHalts,
  };
}

/** The options themselves. @throws UserError INVALID_ARGUMENT with the path of what is out of bounds. */
export function checkOptions(options: JobOptions): JobOptions {
  const length = 'a length of time above 0';
  bounded('timeout', length, options.timeoutMs, 1);
  bounded('queueTimeout', length, options.queueTimeoutMs, 1);
  bounded('deadline', length, options.deadlineMs, 1);
  checkConcurrency(options.concurrency);
  checkLimits(options.limits);
  bounded('retry.maxAttempts', 'a whole number from 1 to 10000', options.retry.maxAttempts, 1, 10_000);
  bounded('retry.backoff', 'a number from 1 to 100', options.retry.backoff, 1, 100);
  bounded('maxHalts', 'a whole number from 0 to 1000', options.maxHalts, 0, 1_000);
  return options;
}

function checkConcurrency(concurrency: JobOptions['concurrency']): void {
  if (!concurrency) return;
  const { key, limit } = concurrency;
  if (key.length === 0 || key.length > LIMITS.keyLength)
    throw new UserError('INVALID_ARGUMENT', `the concurrency key has ${key.length} characters: 1 to ${LIMITS.keyLength}`, {
      path: ['concurrency', 'key'],
    });
  // It becomes part of a workflow id.
  if (!key.isWellFormed() || /\p{Cc}/u.test(key))
    throw new UserError('INVALID_ARGUMENT', 'the concurrency key has control characters, or is no well-formed Unicode', {
      path: ['concurrency', 'key'],
    });
  bounded('concurrency.limit', 'a whole number from 1 to 100000', limit, 1, 100_000);
}
