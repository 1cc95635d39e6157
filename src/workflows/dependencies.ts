import { allHandlersFinished, condition, patched } from '@temporalio/workflow';
import { isFinal, type JobStatus } from '../job/status.ts';
import { dependOn, tellDependants } from './asks.ts';
import type { JobEnd } from './finish.ts';
import type { JobLife } from './job-life.ts';
import { stop } from './stop.ts';

/** Asks the jobs it waits for to say when they end, and takes note of those that have. */
export async function watchDependencies(job: JobLife): Promise<void> {
  if (job.missing.length === 0) return;
  const dependencies = [...job.missing];
  const atOnce = dependencies.length > ASKED_AT_ONCE && patched('asks-in-chunks') ? ASKED_AT_ONCE : dependencies.length;
  while (dependencies.length > 0) {
    const ended = await dependOn({ jobId: job.spec.id, dependencies: dependencies.splice(0, atOnce) });
    for (const [id, status] of Object.entries(ended)) noteDependency(job, id, status);
  }
}

/** Told more than once, it is taken note of once. */
export function noteDependency(job: JobLife, id: string, status: JobStatus): void {
  if (!job.missing.includes(id) || isFinal(job.status)) return;
  job.missing = job.missing.filter((each) => each !== id);
  job.tell([{ kind: 'DEPENDENCY_ENDED', detail: { id, status } }]);
  if (status === 'SUCCEEDED' || job.spec.options.onDependencyFailure === 'RUN_ANYWAY') return;
  stop(job, { status: 'FAILED', reason: { code: 'DEPENDENCY_FAILED', message: `the job "${id}", which it depends on, is ${status}` } });
}

/**
 * Resolves when every job that waits for this one has been told of its end, and every message has its answer: a workflow
 * that ends would cut it off. No await stands between the last look and the return, so that nobody comes too late: a
 * message that lands then makes Temporal refuse the end and ask again.
 */
export async function untilAllAreTold(job: JobLife, { status }: JobEnd): Promise<void> {
  for (;;) {
    const dependants = job.dependants.splice(0, TOLD_AT_ONCE);
    if (dependants.length > 0) await tellDependants({ id: job.spec.id, status, dependants });
    else if (!allHandlersFinished()) await condition(() => allHandlersFinished() || job.dependants.length > 0);
    else return;
  }
}

/** An ask that takes longer than its timeout is made again from the first one on. */
const ASKED_AT_ONCE = 200;
const TOLD_AT_ONCE = 200;
