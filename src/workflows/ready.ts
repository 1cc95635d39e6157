import { condition } from '@temporalio/workflow';
import { arrival, statusBefore } from '../job/waits.ts';
import { giveBackKeys } from './keys.ts';
import type { JobLife } from './job-life.ts';
import { goOnInNewRun, isLongInWait } from './new-run.ts';

/** Resolves when nothing keeps the job out of the line any more, or it is asked to stop. At once for one that waits for nothing. */
export async function untilReady(job: JobLife): Promise<void> {
  let hasWaited = false;
  for (;;) {
    const now = waitOf(job);
    if (job.isToStop || now === 'QUEUED') break;
    if (isLongInWait()) await goOnInNewRun(job);
    hasWaited = true;
    job.queueUntil = undefined;
    // What it waits for now may take long: others may have its place. An undo keeps it, so that nobody comes between.
    if (!job.undoing) await giveBackKeys(job);
    if (now !== job.status && !job.undoing) job.tell([arrival(now, job.startsAt)], { status: now });
    const changed = (): boolean => job.isToStop || waitOf(job) !== now || isLongInWait();
    if (now !== 'SCHEDULED') await condition(changed);
    else if (!(await condition(changed, Math.max(1, (job.startsAt ?? 0) - Date.now())))) job.startsAt = undefined;
  }
  if (job.isToStop) return;
  if (!job.undoing && job.status !== 'QUEUED') job.tell([{ kind: 'QUEUED' }], { status: 'QUEUED' });
  // An undo has a band again, and else is what it was.
  if (job.undoing && hasWaited) job.tell([]);
}

/** An undo waits for nothing but its own backoff. */
const waitOf = ({ undoing, held, missing, startsAt }: JobLife): ReturnType<typeof statusBefore> =>
  statusBefore(undoing ? { held: false, missing: 0, startsAt } : { held, missing: missing.length, startsAt });
