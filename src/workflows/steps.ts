import type { Json } from '../index.ts';
import type { EventNote } from '../job/spec.ts';
import { type EndedAttempt, finish, type JobEnd } from './finish.ts';
import { endForceOfStep } from './force.ts';
import type { BadJobEnd, JobLife } from './job-life.ts';
import { resultsOf } from './run-attempt.ts';

/** The step it is at has succeeded. Resolves to the job's end with the last one. */
export function stepSucceeded(job: JobLife, result: Json, ended: EndedAttempt): JobEnd | undefined {
  const step = job.steps[job.step]!;
  Object.assign(step, { status: 'SUCCEEDED', result });
  delete step.error;
  const event: EventNote = { kind: 'STEP_ENDED', detail: { step: step.name, status: 'SUCCEEDED' } };
  job.step += 1;
  // In runs of before, too.
  job.forced = false;
  beginAnew(job);
  if (job.step === job.steps.length) return finish(job, { status: 'SUCCEEDED', result: resultsOf(job) }, ended, [event]);
  if (job.stop) return conclude(job, job.stop.end, ended, [event]);
  job.tell([event, { kind: 'QUEUED' }], { status: 'QUEUED', ended });
  return undefined;
}

/** To an end that is not a good one: by way of the undoing, where there is something to undo and that is wanted. */
export function conclude(job: JobLife, end: BadJobEnd, ended?: EndedAttempt, events: EventNote[] = []): JobEnd | undefined {
  if (!job.steps.some(({ status, hasUndo }) => status === 'SUCCEEDED' && hasUndo)) return finish(job, end, ended, events);
  if (!(job.stop?.rollback ?? job.spec.options.rollback)) {
    job.rollback = 'SKIPPED';
    return finish(job, end, ended, events);
  }
  job.endAfterRollback = end;
  job.rollback = 'RUNNING';
  return undoNext(job, ended, events);
}

/** The undo of the step it is at has ended, well or after its last try. */
export function undoEnded(job: JobLife, status: 'UNDONE' | 'UNDO_FAILED', ended?: EndedAttempt): JobEnd | undefined {
  const step = job.steps[job.step]!;
  Object.assign(step, { status, ...(status === 'UNDO_FAILED' && job.error ? { error: job.error } : {}) });
  return undoNext(job, ended, [{ kind: 'UNDO_ENDED', detail: { step: step.name, status } }]);
}

/** The last finished step that has an undo, else the job's end. One that could not be undone does not keep the others from it. */
function undoNext(job: JobLife, ended: EndedAttempt | undefined, events: EventNote[]): JobEnd | undefined {
  beginAnew(job);
  job.haltsBefore = job.halts;
  job.lossesBefore = job.losses;
  const next = job.abandoned ? -1 : job.steps.findLastIndex(({ status, hasUndo }) => status === 'SUCCEEDED' && hasUndo);
  if (next < 0) return finishRollback(job, ended, events);
  job.step = next;
  job.steps[next]!.status = 'UNDOING';
  job.tell(events, { status: 'ROLLING_BACK', ...(ended ? { ended } : {}) });
  return undefined;
}

function finishRollback(job: JobLife, ended: EndedAttempt | undefined, events: EventNote[]): JobEnd {
  const { status, reason } = job.endAfterRollback!;
  const left = job.steps.filter((step) => step.status === 'UNDO_FAILED' || (step.status === 'SUCCEEDED' && step.hasUndo));
  job.rollback = left.length > 0 ? 'INCOMPLETE' : 'DONE';
  const message = left.length > 0 ? `${reason.message}; not undone: ${left.map(({ name }) => name).join(', ')}` : reason.message;
  return finish(job, { status, reason: { ...reason, message } }, ended, events);
}

function beginAnew(job: JobLife): void {
  endForceOfStep(job);
  job.tries = 0;
  job.checkpoint = null;
  job.startsAt = undefined;
  job.queueUntil = undefined;
  job.after = undefined;
  job.aged = 0;
}
