import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  workflowInfo,
} from '@temporalio/workflow';
import type { Json } from '../index.ts';
import { completed, type JobSpec } from '../job/spec.ts';
import { untilAllAreTold, watchDependencies } from './dependencies.ts';
import type { JobEnd } from './finish.ts';
import { fillFirstTask } from './first-task.ts';
import { JobLife, type Kept } from './job-life.ts';
import { giveBackKeys, untilAllKeys } from './keys.ts';
import { askToStop, listen } from './listen.ts';
import { untilReady } from './ready.ts';
import { type Ended, runAttempt } from './run-attempt.ts';
import { conclude, undoEnded } from './steps.ts';
import { watchDeadline } from './stop.ts';
import { takeNote } from './take-note.ts';

/**
 * The durable life of one job: wait for what it must, stand in line, run, run again where that is due, report.
 *
 * @param kept what an earlier run of the same job goes on with.
 * @returns the handler's result.
 * @throws ApplicationFailure of the reason's code when the job has FAILED or was ABORTED; CancelledFailure when it was
 * cancelled from outside (Temporal's Web UI), so that Temporal shows what was asked of it.
 */
export async function jobWorkflow(spec: JobSpec, kept?: Kept): Promise<Json> {
  const job = new JobLife(completed(spec), kept);
  // Before the handlers: a message may have come before this first step, and is then dealt with as soon as there is one.
  job.tellBegun(kept);
  if (job.held) fillFirstTask();
  listen(job);
  const outside = CancellationScope.current();
  // A cancel from outside is an abort with the defaults. The job itself goes on to its end, which may be a long way back.
  outside.cancelRequested.catch(() => askToStop(job, 'cancelled in Temporal'));
  const end = await CancellationScope.nonCancellable(async () => {
    void watchDeadline(job);
    void watchDependencies(job);
    const end = await untilFinal(job);
    await giveBackKeys(job);
    await untilAllAreTold(job, end);
    return end;
  });
  if (end.status === 'SUCCEEDED') return end.result;
  if (outside.consideredCancelled) throw new CancelledFailure(end.reason.message);
  throw ApplicationFailure.nonRetryable(end.reason.message, end.reason.code);
}

async function untilFinal(job: JobLife): Promise<JobEnd> {
  for (;;) {
    await untilReady(job);
    const ended = job.isToStop ? undefined : await inLine(job);
    const end = job.isToStop && !ended ? endAsked(job) : ended && takeNote(job, ended);
    if (end) return end;
    if (workflowInfo().historyLength > LONG_HISTORY) await goOnInNewRun(job);
  }
}

/** Gets the keys it needs, and stands in line until an attempt has ended. Undefined where it is to wait, or to stop, before one. */
async function inLine(job: JobLife): Promise<Ended | undefined> {
  const { queueTimeoutMs } = job.spec.options;
  // The clock is for all of a stay in line: at the gates, in Temporal's line, given back.
  if (queueTimeoutMs !== null && !job.undoing) job.queueUntil ??= Date.now() + queueTimeoutMs;
  const got = await untilAllKeys(job);
  if (got === 'all') return runAttempt(job);
  return got === 'late' ? { kind: 'queue-timeout' } : undefined;
}

/** The end it is asked to go to; undefined where steps are to be undone before. */
const endAsked = (job: JobLife): JobEnd | undefined => (job.undoing ? undoEnded(job, 'UNDO_FAILED') : conclude(job, job.stop!.end));

/** Many retries or steps make a long history: a new run goes on with what the job knows of itself. */
async function goOnInNewRun(job: JobLife): Promise<void> {
  await condition(allHandlersFinished);
  await continueAsNew<typeof jobWorkflow>(job.spec, job.keep());
}

/** Events. Far under Temporal's own bounds, so that a job under way is replayed in a moment by another orchestrator. */
const LONG_HISTORY = 1_000;
