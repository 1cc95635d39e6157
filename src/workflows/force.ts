import { patched } from '@temporalio/workflow';
import type { JobLife } from './job-life.ts';

/** Force lasts for one attempt and for its requeues, so that a failing job does not spin. */
export function endForce(job: JobLife): void {
  job.forced = false;
  job.ignoresKeys = false;
}

/** Another step, or an undo, is no requeue. Runs of before went on past their keys there. */
export function endForceOfStep(job: JobLife): void {
  if ((job.forced || job.ignoresKeys) && patched('force-ends-with-its-step')) endForce(job);
}
