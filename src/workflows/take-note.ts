import { patched } from '@temporalio/workflow';
import { formatDuration } from '../job/duration.ts';
import { type BadEnd, nextAfter } from '../job/retry.ts';
import type { EventNote, JobOptions } from '../job/spec.ts';
import type { JobStatus, Reason } from '../job/status.ts';
import { type EndedAttempt, finish, type JobEnd } from './finish.ts';
import { endForce } from './force.ts';
import type { BadJobEnd, JobLife } from './job-life.ts';
import type { Ended } from './run-attempt.ts';
import { conclude, stepSucceeded, undoEnded } from './steps.ts';

/** Counts an attempt's end and decides what follows. Answers with the job's own end where that is it. */
export function takeNote(job: JobLife, ended: Ended): JobEnd | undefined {
  switch (ended.kind) {
    case 'withdrawn':
      // For a new run, or for a hold that was over before it was out: it goes to the tail of its band and has never been HELD.
      if (!job.held && !job.isToStop) job.tell(job.undoing ? [] : [{ kind: 'QUEUED' }]);
      return undefined;
    case 'given-back':
      job.isQueueGated = true;
      job.isGivenBack = true;
      return undefined;
    case 'queue-timeout':
      return conclude(
        job,
        failed({
          code: 'QUEUE_TIMEOUT',
          message: `in line for longer than its queue timeout of ${formatDuration(job.spec.options.queueTimeoutMs ?? 0)}`,
        }),
      );
    case 'succeeded':
    case 'bad':
      if (ended.adopted) job.attempt -= 1;
      job.attemptsEnded = job.attempt;
      job.queueUntil = undefined;
      job.after = undefined;
      return ended.kind === 'bad' ? takeNoteOfBad(job, ended) : takeNoteOfGood(job, ended);
  }
}

function takeNoteOfGood(job: JobLife, { result }: Extract<Ended, { kind: 'succeeded' }>): JobEnd | undefined {
  const ended: EndedAttempt = { number: job.attempt, outcome: 'SUCCEEDED' };
  if (job.undoing) return undoEnded(job, 'UNDONE', ended);
  if (job.steps.length > 0) return stepSucceeded(job, result, ended);
  return finish(job, { status: 'SUCCEEDED', result }, ended);
}

function takeNoteOfBad(job: JobLife, { end, counted }: Extract<Ended, { kind: 'bad' }>): JobEnd | undefined {
  const { outcome, error } = end;
  const number = job.attempt;
  const ended: EndedAttempt = { number, outcome, ...(outcome === 'ABORTED' ? {} : { error }) };
  if (outcome === 'FAILED' || outcome === 'TIMED_OUT' || outcome === 'LIMIT_EXCEEDED') {
    if (outcome !== 'LIMIT_EXCEEDED') {
      job.failures += 1;
      job.tries += 1;
    }
    endForce(job);
    // What was gained by waiting lasts as long.
    job.aged = 0;
  }
  if (outcome === 'HALTED') job.halts += 1;
  if (outcome === 'LOST' && counted) job.losses += 1;
  if (outcome !== 'ABORTED') job.error = error;
  if (job.stop && !job.undoing) return conclude(job, job.stop.end, ended);

  const counts = { failures: job.tries, halts: job.halts - job.haltsBefore, losses: job.losses - job.lossesBefore };
  const next = nextAfter(end, counts, optionsFor(job, end), Math.random);
  switch (next.do) {
    case 'abort':
      // Only Temporal can have cancelled an attempt that nobody asked to stop: by its page in the Web UI.
      return giveUp(
        job,
        { status: 'ABORTED', reason: { code: 'ABORTED_BY_USER', message: 'its attempt was cancelled in Temporal' } },
        ended,
      );
    case 'fail':
      return giveUp(job, failed(next.reason), ended);
    case 'requeue':
      job.after = next.after;
      goBack(job, 'QUEUED', ended, [{ kind: next.after, detail: { attempt: number, error: error.message } }, { kind: 'QUEUED' }]);
      return undefined;
    case 'retryWithMore': {
      job.memoryBytes = next.memoryBytes;
      const detail = { attempt: number, memoryBytes: next.memoryBytes, error: error.message };
      goBack(job, 'QUEUED', ended, [{ kind: 'RETRY_SCHEDULED', detail }, { kind: 'QUEUED' }]);
      return undefined;
    }
    case 'retry': {
      job.startsAt = Date.now() + next.delayMs;
      const detail = { attempt: number, startsAt: new Date(job.startsAt).toISOString(), error: error.message };
      goBack(job, 'SCHEDULED', ended, [{ kind: 'RETRY_SCHEDULED', detail }]);
      return undefined;
    }
  }
}

/** What must not run twice, or for longer, is the step: its undo must be done. Runs of before gave one up that had timed out. */
function optionsFor(job: JobLife, { outcome }: BadEnd): JobOptions {
  const options: JobOptions = { ...job.spec.options, limits: job.limits };
  if (!job.undoing) return options;
  const timeoutIsFinal = options.timeoutIsFinal && outcome === 'TIMED_OUT' && !patched('undos-that-time-out-run-again');
  return { ...options, onLost: 'RUN_AGAIN', timeoutIsFinal };
}

/** An undo that goes back in line, or waits, is still an undo. */
function goBack(job: JobLife, status: JobStatus, ended: EndedAttempt, events: EventNote[]): void {
  job.tell(job.undoing ? events.filter(({ kind }) => kind !== 'QUEUED') : events, { status: job.undoing ? 'ROLLING_BACK' : status, ended });
}

/** No try is left: an undo is given up, another handler takes over, or the job goes to its end. */
function giveUp(job: JobLife, end: BadJobEnd, ended: EndedAttempt): JobEnd | undefined {
  if (job.undoing) return undoEnded(job, 'UNDO_FAILED', ended);
  const { failover } = job.spec.options;
  if (failover !== null && !job.failedOver && end.status === 'FAILED' && end.reason.code !== 'BAD_PAYLOAD') {
    job.failedOver = true;
    job.tries = 0;
    job.haltsBefore = job.halts;
    job.lossesBefore = job.losses;
    job.checkpoint = null;
    job.tell([{ kind: 'FAILED_OVER', detail: { to: failover, error: end.reason.message } }, { kind: 'QUEUED' }], {
      status: 'QUEUED',
      ended,
    });
    return undefined;
  }
  const step = job.steps[job.step];
  if (step) Object.assign(step, { status: 'FAILED', ...(job.error ? { error: job.error } : {}) });
  return conclude(job, end, ended, step ? [{ kind: 'STEP_ENDED', detail: { step: step.name, status: 'FAILED' } }] : []);
}

const failed = (reason: Reason): BadJobEnd => ({ status: 'FAILED', reason });
