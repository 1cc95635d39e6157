import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  proxyActivities,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { AttemptActivities } from '../activities/attempt.ts';
import type { Json } from '../index.ts';
import { gateOfQueue } from '../job/gate.ts';
import { activityIdOf, taskQueueOf } from '../job/ids.ts';
import type { BadEnd } from '../job/retry.ts';
import type { AttemptInput, AttemptResult } from '../job/spec.ts';
import type { ReasonCode } from '../job/status.ts';
import type { JobLife } from './job-life.ts';

/** How an attempt ended. `adopted`: nothing ran, the lost attempt before it had ended so. */
export type Ended =
  | { kind: 'succeeded'; adopted: boolean; result: Json }
  | { kind: 'bad'; adopted: boolean; end: BadEnd; counted: boolean }
  /** It never started: it was taken out of line, or stood there for longer than its queue timeout. */
  | { kind: 'withdrawn' }
  | { kind: 'queue-timeout' }
  /** Its worker has not run it: its queue has a policy that it has not asked the gate about. */
  | { kind: 'given-back' };

/** The failure type of an attempt that is given back. */
export const GIVEN_BACK = 'GIVEN_BACK';

/** What a worker says of a bad end, in the details of its failure. */
export type FailureDetails = BadEnd & { adopted?: boolean; counted?: boolean; checkpoint?: Json };

/** What a heartbeat carries. */
export type HeartbeatDetails = { checkpoint?: Json };

/** Puts one attempt in line and resolves with its end. Its process is gone by then, however it ended. */
export async function runAttempt(job: JobLife): Promise<Ended> {
  const { spec } = job;
  const { timeoutMs, graceMs } = spec.options;
  job.attempt += 1;
  job.appliedBand = job.band;
  job.withdrawn = false;
  const { attempt } = proxyActivities<AttemptActivities>({
    taskQueue: taskQueueOf(spec.pool),
    activityId: activityIdOf(job.attempt),
    priority: { priorityKey: job.band },
    // Eager dispatch would skip the line.
    allowEagerDispatch: false,
    ...(job.queueUntil === undefined || job.undoing ? {} : { scheduleToStartTimeout: Math.max(1, job.queueUntil - Date.now()) }),
    // The worker keeps the job's timeout; this one is for a worker that does not.
    startToCloseTimeout: timeoutMs === null ? UNBOUNDED : timeoutMs + graceMs + SLACK_MS,
    heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
    // The next attempt is the workflow's to decide.
    retry: { maximumAttempts: 1 },
    // A slot or a key is free only when the process is dead.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
  job.attemptScope = new CancellationScope();
  try {
    const { result, adopted = false } = await job.attemptScope.run((): Promise<AttemptResult> => attempt(inputOf(job)));
    return { kind: 'succeeded', result, adopted };
  } catch (failure) {
    const kind = job.withdrawn ? 'withdrawn' : isQueueTimeout(failure) ? 'queue-timeout' : isGivenBack(failure) ? 'given-back' : undefined;
    if (kind) {
      job.attempt -= 1;
      return { kind };
    }
    const { adopted = false, counted = true, checkpoint, ...end } = badEnd(failure);
    if (checkpoint !== undefined) job.checkpoint = checkpoint;
    return { kind: 'bad', adopted, counted, end };
  } finally {
    job.attemptScope = undefined;
  }
}

function inputOf(job: JobLife): AttemptInput {
  const { spec, steps, step, undoing } = job;
  const current = steps[step];
  const { failover, deadlineMs } = spec.options;
  return {
    spec,
    number: job.attempt,
    adoptLost: job.after === 'LOST',
    checkpoint: job.checkpoint,
    ...(job.forced || undoing ? { forced: true } : {}),
    ...(job.keys.some(({ gate }) => gate === gateOfQueue(spec.queue)) ? { passedGate: true } : {}),
    ...(job.failedOver && failover !== null ? { handler: failover } : {}),
    ...(job.memoryBytes === undefined ? {} : { memoryBytes: job.memoryBytes }),
    ...(deadlineMs === null || undoing ? {} : { deadlineAt: job.beganAt + deadlineMs }),
    ...(current ? { step: { name: current.name, undo: undoing, results: resultsOf(job) } } : {}),
  };
}

/** What the finished steps have returned. */
export const resultsOf = ({ steps }: JobLife): Record<string, Json> =>
  Object.fromEntries(steps.filter(({ result }) => result !== undefined).map(({ name, result }) => [name, result!]));

const isQueueTimeout = (failure: unknown): boolean =>
  failure instanceof ActivityFailure && failure.cause instanceof TimeoutFailure && failure.cause.timeoutType === 'SCHEDULE_TO_START';

const isGivenBack = (failure: unknown): boolean =>
  failure instanceof ActivityFailure && failure.cause instanceof ApplicationFailure && failure.cause.type === GIVEN_BACK;

/** Temporal's failures in the job's words: the one place that translates them. */
function badEnd(failure: unknown): FailureDetails {
  if (!(failure instanceof ActivityFailure)) throw failure;
  const { cause } = failure;
  if (cause instanceof ApplicationFailure && cause.details?.[0]) return cause.details[0] as FailureDetails;
  if (cause instanceof CancelledFailure) return plain('ABORTED', 'ABORTED_BY_USER', 'asked to stop');
  if (cause instanceof TimeoutFailure) {
    // null where nothing was saved.
    const last = cause.lastHeartbeatDetails as HeartbeatDetails | null | undefined;
    return { ...plain('LOST', 'LOST', 'its worker died or lost touch with Temporal'), ...last };
  }
  return plain('FAILED', 'INTERNAL', cause?.message ?? failure.message);
}

const plain = (outcome: BadEnd['outcome'], code: ReasonCode, message: string): BadEnd => ({
  outcome,
  code,
  error: { name: code, message, retryable: true },
});

const HEARTBEAT_TIMEOUT_MS = 30_000;
const SLACK_MS = 60_000;
const UNBOUNDED = '3650 days';
