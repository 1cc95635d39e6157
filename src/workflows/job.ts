import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  isCancellation,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { Json } from '../index.ts';
import { nextAfter } from '../job/retry.ts';
import type { JobSpec } from '../job/spec.ts';
import { isFinal, type AttemptOutcome, type Reason } from '../job/status.ts';
import { JobLife } from './job-life.ts';
import { Line } from './line.ts';
import { abort, ALREADY_FINISHED, forceStart, setPriority } from './messages.ts';
import { type Ended, runAttempt } from './run-attempt.ts';
import { searchAttributes } from './search-attributes.ts';

/**
 * The durable life of one job: stand in line, run, run again where that is due, report.
 *
 * @returns the handler's result.
 * @throws ApplicationFailure of the reason's code when the job has FAILED or was ABORTED; CancelledFailure when it was
 * cancelled from outside (Temporal's Web UI), so that Temporal shows what was asked of it.
 */
export async function jobWorkflow(spec: JobSpec): Promise<Json> {
  const job = new JobLife(spec);
  // Before the handlers: a message may have come before this first step, and is then dealt with as soon as there is one.
  job.tellCreated();
  listen(job);
  const outside = CancellationScope.current();
  // A cancel from outside is an abort with the defaults. It reaches the attempt by itself: its scope is inside this one.
  outside.cancelRequested.catch(() => askToStop(job, CANCELLED));
  const end = await untilFinal(job);
  // Who still waits for an answer must get one: a workflow that ends would cut it off.
  if (!allHandlersFinished()) await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  if (end.status === 'SUCCEEDED') return end.result;
  if (outside.consideredCancelled) throw new CancelledFailure(end.reason.message);
  throw ApplicationFailure.nonRetryable(end.reason.message, end.reason.code);
}

type End = { status: 'SUCCEEDED'; result: Json } | { status: 'FAILED' | 'ABORTED'; reason: Reason };

async function untilFinal(job: JobLife): Promise<End> {
  for (;;) {
    if (job.abortAsked) return finish(job, { status: 'ABORTED', reason: abortReason(job) });
    const ended = await runAttempt(job);
    const end = takeNote(job, ended);
    if (end) return end;
    if (job.status === 'SCHEDULED') await backoff(job);
  }
}

/** Counts an attempt's end and decides what follows. Resolves to the job's own end where that is it. */
function takeNote(job: JobLife, ended: Ended): End | undefined {
  if (ended.adopted) job.attempt -= 1;
  const number = job.attempt;
  job.attemptsEnded = number;
  job.after = undefined;
  if (ended.succeeded) return finish(job, { status: 'SUCCEEDED', result: ended.result }, { number, outcome: 'SUCCEEDED' });

  const { outcome, error } = ended.end;
  const record = { number, outcome, ...(outcome === 'ABORTED' ? {} : { error }) };
  if (outcome === 'FAILED' || outcome === 'TIMED_OUT') {
    job.failures += 1;
    // Force lasts for one attempt and for its requeues, so that a failing job does not spin.
    job.forced = false;
  }
  if (outcome === 'HALTED') job.halts += 1;
  if (outcome === 'LOST' && ended.counted) job.losses += 1;
  if (outcome !== 'ABORTED') job.error = error;
  if (job.abortAsked) return finish(job, { status: 'ABORTED', reason: abortReason(job) }, record);

  const next = nextAfter(ended.end, job, job.spec.options, Math.random);
  switch (next.do) {
    case 'abort':
      // Only Temporal can have cancelled an attempt that nobody asked to stop: by its page in the Web UI.
      return finish(
        job,
        { status: 'ABORTED', reason: { code: 'ABORTED_BY_USER', message: 'its attempt was cancelled in Temporal' } },
        record,
      );
    case 'fail':
      return finish(job, { status: 'FAILED', reason: next.reason }, record);
    case 'requeue':
      job.after = next.after;
      job.tell([{ kind: next.after, detail: { attempt: number, error: error.message } }, { kind: 'QUEUED' }], {
        status: 'QUEUED',
        ended: record,
      });
      return undefined;
    case 'retry':
      job.startsAt = Date.now() + next.delayMs;
      job.tell(
        [{ kind: 'RETRY_SCHEDULED', detail: { attempt: number, startsAt: new Date(job.startsAt).toISOString(), error: error.message } }],
        { status: 'SCHEDULED', ended: record },
      );
      return undefined;
  }
}

/** The wait before a retry. Force and abort end it. */
async function backoff(job: JobLife): Promise<void> {
  try {
    await condition(() => job.forced || job.abortAsked, Math.max(1, (job.startsAt ?? 0) - Date.now()));
  } catch (error) {
    if (!isCancellation(error)) throw error;
    askToStop(job, CANCELLED);
  }
  job.startsAt = undefined;
  if (!job.abortAsked) job.tell([{ kind: 'QUEUED' }], { status: 'QUEUED' });
}

function finish(job: JobLife, end: End, ended?: { number: number; outcome: AttemptOutcome }): End {
  const finishedAt = Date.now();
  const { status, ...rest } = end;
  job.startsAt = undefined;
  job.status = status;
  upsertSearchAttributes([{ key: searchAttributes.status, value: status }]);
  job.tell([{ kind: 'FINISHED', detail: end.status === 'SUCCEEDED' ? {} : { reason: end.reason.code, message: end.reason.message } }], {
    ...rest,
    ...(ended ? { ended } : {}),
    finishedAt,
  });
  return end;
}

const abortReason = (job: JobLife): Reason => ({ code: 'ABORTED_BY_USER', message: job.abortMessage ?? 'aborted' });

/** The handlers stand before the first await, so that no message can come before them. */
function listen(job: JobLife): void {
  const line = new Line(job);
  const refuseFinal = (): void => {
    if (isFinal(job.status)) throw ApplicationFailure.nonRetryable(`the job is ${job.status}`, ALREADY_FINISHED);
  };
  setHandler(
    abort,
    ({ message }) => {
      askToStop(job, message);
      return job.snapshot();
    },
    { validator: (_) => refuseFinal() },
  );
  setHandler(
    setPriority,
    async (priority) => {
      if (priority === job.priority) return job.snapshot();
      job.priority = priority;
      upsertSearchAttributes([{ key: searchAttributes.priority, value: priority }]);
      const record = job.tell([{ kind: 'PRIORITY_SET', detail: { priority } }]);
      await line.settle();
      return record;
    },
    { validator: (_) => refuseFinal() },
  );
  setHandler(
    forceStart,
    async () => {
      if (job.forced) return job.snapshot();
      job.forced = true;
      const record = job.tell([{ kind: 'FORCED' }]);
      await line.settle();
      return record;
    },
    { validator: refuseFinal },
  );
}

function askToStop(job: JobLife, message: string | undefined): void {
  if (job.abortAsked || isFinal(job.status)) return;
  job.abortRequestedAt = Date.now();
  job.abortMessage = message;
  job.tell([{ kind: 'ABORT_REQUESTED', detail: message === undefined ? {} : { message } }]);
  job.attemptScope?.cancel();
}

const CANCELLED = 'cancelled in Temporal';
