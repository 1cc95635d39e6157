import { log } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { taskQueueOf } from '../job/ids.ts';
import { isNotFound } from '../temporal/is-not-found.ts';

/**
 * Moves the attempt that a workflow has in line to the tail of a band. On one that has started it changes nothing.
 *
 * @param pool of one that is forced: it also moves back from where its queue's pause has put it.
 *
 * @returns false when nothing is in line: not yet, or no more.
 */
export async function reprioritise(
  { client, namespace }: { client: Client; namespace: string },
  workflowId: string,
  band: number,
  pool?: string,
): Promise<boolean> {
  try {
    const { activityOptions } = await client.workflowService.updateActivityOptions({
      namespace,
      execution: { workflowId },
      identity: 'orchestrator',
      type: 'attempt',
      activityOptions: { priority: { priorityKey: band }, ...(pool === undefined ? {} : { taskQueue: { name: taskQueueOf(pool) } }) },
      updateMask: { paths: ['priority.priorityKey', ...(pool === undefined ? [] : ['taskQueue.name'])] },
    });
    // Read back, for older servers accept the change and ignore it. Who could still be one behind a proxy is told on.
    const applied = activityOptions?.priority?.priorityKey;
    if (applied !== band)
      log.error('Temporal has ignored a change of priority: jobs in line keep their old place', { workflowId, band, applied });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
