import { sleep } from '@temporalio/workflow';
import { formatDuration } from '../job/duration.ts';
import { isFinal } from '../job/status.ts';
import type { BadJobEnd, JobLife } from './job-life.ts';

/**
 * Asks the job to go to an end that its attempts have not given it. The first ask counts; that steps are kept (`stop.rollback`), a later one may add.
 *
 * @returns false where it is on its way to another end already.
 */
export function stop(job: JobLife, end: BadJobEnd, rollback = job.spec.options.rollback): boolean {
  if (job.stop || job.undoing || isFinal(job.status)) return false;
  job.stop = { end, rollback, at: Date.now() };
  job.attemptScope?.cancel();
  return true;
}

/** Leaves the undoing where it is: the undo that runs is killed. */
export function abandonRollback(job: JobLife, end: BadJobEnd): void {
  if (job.abandoned) return;
  job.abandoned = true;
  job.endAfterRollback = end;
  job.attemptScope?.cancel();
}

/** The clock over all of the job's life. */
export async function watchDeadline(job: JobLife): Promise<void> {
  const { deadlineMs } = job.spec.options;
  if (deadlineMs === null || job.undoing) return;
  await sleep(Math.max(1, job.beganAt + deadlineMs - Date.now()));
  stop(job, { status: 'FAILED', reason: { code: 'DEADLINE', message: `not ended within its deadline of ${formatDuration(deadlineMs)}` } });
}
