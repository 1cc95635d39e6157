import type { AttemptOutcome, JobStatus, ReasonCode } from '../../src/job/status.ts';
import type { ModelJob } from './job.ts';

/** How an attempt can end, and as what that counts. */
export const OUTCOMES = {
  succeed: 'SUCCEEDED',
  fail: 'FAILED',
  halt: 'HALTED',
  lose: 'LOST',
  timeOut: 'TIMED_OUT',
  /** It has used more than it may: of memory, or of CPU time. */
  hog: 'LIMIT_EXCEEDED',
  burn: 'LIMIT_EXCEEDED',
} as const satisfies Record<string, AttemptOutcome>;
export type AttemptEnd = keyof typeof OUTCOMES;
export type BadEnd = Exclude<AttemptEnd, 'succeed'>;

/** What was decided after an attempt's bad end, and by what: to be held against the code that decides. */
export type Decision = {
  end: BadEnd;
  /** `memoryBytes`: the limit of the attempt that has ended. */
  job: Pick<ModelJob, 'retry' | 'limits' | 'maxHalts' | 'failIfLost' | 'undoing' | 'memoryBytes'>;
  counts: { failures: number; halts: number; losses: number };
  next: 'retry' | 'requeue' | 'retryWithMore' | 'fail';
  /** How long until the next try, without jitter; how much memory it may use. */
  amount: number | undefined;
};

/** Tells the job's end, which others may wait for. */
export type End = (job: ModelJob, status: JobStatus, reason?: ReasonCode) => void;

/** An attempt of the job has ended, and nobody has asked for that. */
export function attemptEnded(job: ModelJob, how: AttemptEnd, end: End): Decision | undefined {
  job.outcomes[job.outcomes.length - 1] = OUTCOMES[how];
  job.after = undefined;
  if (how === 'succeed') {
    if (job.undoing) undoEnded(job, 'UNDONE', end);
    else if (job.steps) stepSucceeded(job, end);
    else end(job, 'SUCCEEDED');
    return undefined;
  }
  if (how === 'halt') job.halts += 1;
  else if (how === 'lose') job.losses += 1;
  else {
    // What has used too much would do so again, and has not failed by itself.
    const counted = how === 'fail' || how === 'timeOut' ? 1 : 0;
    job.failures += counted;
    job.tries += counted;
    job.forced = false;
    job.ignoresKeys = false;
    job.aged = 0;
  }
  const counts = { failures: job.tries, halts: job.halts - job.haltsBefore, losses: job.losses - job.lossesBefore };
  const { retry, limits, maxHalts, failIfLost, undoing, memoryBytes, outcomes } = job;
  const next = decide(job, how, counts);
  const decision = {
    end: how,
    job: { retry, limits, maxHalts, failIfLost, undoing, memoryBytes },
    counts,
    next,
    amount: amountOf(job, next),
  };
  const attempt = outcomes.length;
  if (next === 'retry') {
    const waitMs = decision.amount!;
    job.scheduled = true;
    job.dozes = waitMs < LEAST_LONG_WAIT_MS;
    job.retries.push({ attempt, waitMs });
  }
  if (next === 'retryWithMore') {
    job.memoryBytes = decision.amount!;
    job.retries.push({ attempt, memoryBytes: decision.amount! });
  }
  if (next === 'requeue') job.after = how === 'halt' ? 'HALTED' : 'LOST';
  if (next === 'fail') giveUp(job, how, end);
  return decision;
}

function decide(job: ModelJob, how: BadEnd, { failures, halts, losses }: Decision['counts']): Decision['next'] {
  switch (how) {
    case 'halt':
      return halts > job.maxHalts ? 'fail' : 'requeue';
    case 'lose':
      // What must not run twice is a step, and not its undo.
      return (job.failIfLost && !job.undoing) || losses >= 5 ? 'fail' : 'requeue';
    case 'fail':
    case 'timeOut':
      return failures >= job.retry.maxAttempts ? 'fail' : 'retry';
    case 'hog':
      return job.memoryBytes! < (job.limits.onMemoryLimit?.upTo ?? 0) ? 'retryWithMore' : 'fail';
    case 'burn':
      return 'fail';
  }
}

function amountOf({ retry, limits, tries, memoryBytes }: ModelJob, next: Decision['next']): number | undefined {
  if (next === 'retryWithMore') return Math.min(Math.ceil(memoryBytes! * limits.onMemoryLimit!.retryWith), limits.onMemoryLimit!.upTo);
  if (next !== 'retry') return undefined;
  let waitMs = retry.delayMs;
  for (let failure = 1; failure < tries; failure++) waitMs *= retry.backoff;
  return Math.min(waitMs, retry.maxDelayMs);
}

function giveUp(job: ModelJob, how: BadEnd, end: End): void {
  if (job.undoing) return undoEnded(job, 'UNDO_FAILED', end);
  if (job.failover && !job.failedOver) {
    job.failedOver = true;
    job.tries = 0;
    job.haltsBefore = job.halts;
    job.lossesBefore = job.losses;
    return;
  }
  if (job.steps) job.stepStatuses[job.step] = 'FAILED';
  conclude(job, 'FAILED', REASONS[how], end);
}

/** To an end that is no good one, by way of the undos where there are some. */
export function conclude(job: ModelJob, status: 'FAILED' | 'ABORTED', reason: ReasonCode, end: End, rollback = job.rollback): void {
  if (!job.stepStatuses.includes('SUCCEEDED')) return end(job, status, reason);
  if (!rollback) {
    job.rollbackState = 'SKIPPED';
    return end(job, status, reason);
  }
  job.undoing = true;
  job.rollbackState = 'RUNNING';
  job.endAfterRollback = { status, reason };
  undoNext(job, end);
}

/** Leaves the undoing where it is. */
export function abandon(job: ModelJob, end: End): void {
  job.abandoned = true;
  job.endAfterRollback = { status: 'ABORTED', reason: 'ABORTED_BY_USER' };
  undoEnded(job, 'UNDO_FAILED', end);
}

function undoEnded(job: ModelJob, status: 'UNDONE' | 'UNDO_FAILED', end: End): void {
  job.stepStatuses[job.step] = status;
  undoNext(job, end);
}

function undoNext(job: ModelJob, end: End): void {
  beginAnew(job);
  job.haltsBefore = job.halts;
  job.lossesBefore = job.losses;
  const next = job.abandoned ? -1 : job.stepStatuses.lastIndexOf('SUCCEEDED');
  if (next >= 0) {
    job.step = next;
    job.stepStatuses[next] = 'UNDOING';
    return;
  }
  job.rollbackState = job.stepStatuses.some((each) => each === 'UNDO_FAILED' || each === 'SUCCEEDED') ? 'INCOMPLETE' : 'DONE';
  end(job, job.endAfterRollback!.status, job.endAfterRollback!.reason);
}

function stepSucceeded(job: ModelJob, end: End): void {
  job.stepStatuses[job.step] = 'SUCCEEDED';
  job.step += 1;
  beginAnew(job);
  if (job.step === job.stepStatuses.length) end(job, 'SUCCEEDED');
}

function beginAnew(job: ModelJob): void {
  job.forced = false;
  job.ignoresKeys = false;
  job.tries = 0;
  job.scheduled = false;
  job.after = undefined;
  job.aged = 0;
}

export const REASONS = {
  fail: 'HANDLER_ERROR',
  halt: 'HALTED',
  lose: 'LOST',
  timeOut: 'TIMED_OUT',
  hog: 'MEMORY_LIMIT',
  burn: 'CPU_LIMIT',
} as const satisfies Record<BadEnd, ReasonCode>;
/** Of waits there are those of some 100 ms and those of an hour and more. */
const LEAST_LONG_WAIT_MS = 10_000;
