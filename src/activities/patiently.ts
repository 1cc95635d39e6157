import { setTimeout as pause } from 'node:timers/promises';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Refusal } from '../job/bulk.ts';
import { formatDuration } from '../job/duration.ts';
import { Fault } from '../job/errors.ts';
import { workflowIdOf } from '../job/ids.ts';

/**
 * Asks again while a job does not answer: a burst of new ones takes its time until each has had its first turn. One that
 * never does must not keep the others waiting for ever: it counts as refused after {@link PATIENCE_MS}.
 *
 * @throws the fault where it is not that job's alone, or there is no more time.
 */
export async function patiently(
  client: Client,
  jobId: string,
  ask: () => Promise<Refusal | undefined>,
  isStopped: () => boolean,
): Promise<Refusal | undefined> {
  for (const until = Date.now() + PATIENCE_MS; ; await pause(PAUSE_MS)) {
    try {
      return await ask();
    } catch (fault) {
      if (!(fault instanceof Fault) || isStopped() || !(await isReached(client, jobId))) throw fault;
      if (Date.now() < until) continue;
      const message = `the job "${jobId}" has not answered for ${formatDuration(PATIENCE_MS)}: ${fault.message}`;
      return { code: 'UNSUPPORTED', message, path: ['id'], rule: null };
    }
  }
}

/** Whether Temporal answers at all. */
async function isReached(client: Client, jobId: string): Promise<boolean> {
  try {
    await client.workflow.getHandle(workflowIdOf(jobId)).describe();
    return true;
  } catch (error) {
    return error instanceof WorkflowNotFoundError;
  }
}

const PATIENCE_MS = 300_000;
const PAUSE_MS = 1_000;
