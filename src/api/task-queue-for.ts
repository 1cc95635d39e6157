import { bandOfPriority } from '../job/bands.ts';
import { LONG_LINE_TASK_QUEUE, ORCHESTRATOR_TASK_QUEUE } from '../job/ids.ts';
import type { JobSpec } from '../job/spec.ts';
import type { Journal } from '../journal/journal.ts';
import { countAhead } from '../journal/read-jobs.ts';

/**
 * Where a job's workflow is to run. An orchestrator keeps some workflows in memory, and drops the one that was idle for longest; in a
 * line that is the next one to start. So those that come first are kept, and who comes to a line that is long is not kept at all: it is
 * replayed when its attempt ends.
 */
export async function taskQueueFor({ db }: Journal, { pool, priority }: JobSpec): Promise<string> {
  // A journal that cannot be read stops no job.
  const ahead = await countAhead(db, { pool, band: bandOfPriority(priority), atMost: LONG_LINE }).catch(() => 0);
  return ahead < LONG_LINE ? ORCHESTRATOR_TASK_QUEUE : LONG_LINE_TASK_QUEUE;
}

/** A little less than an orchestrator keeps (src/cli/orchestrator.ts). */
const LONG_LINE = 900;
