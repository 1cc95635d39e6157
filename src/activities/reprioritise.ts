import { log } from '@temporalio/activity';
import type { Client } from '@temporalio/client';

/**
 * Moves the attempt that a workflow has in line to the tail of a band. On one that has started it changes nothing. One that
 * is forced is also let go on where its queue's pause has stopped it.
 *
 * @returns false when nothing is in line: not yet, or no more.
 */
export async function reprioritise(
  { client, namespace }: { client: Client; namespace: string },
  workflowId: string,
  band: number,
  isForced = false,
): Promise<boolean> {
  try {
    const { activityOptions } = await client.workflowService.updateActivityOptions({
      namespace,
      execution: { workflowId },
      identity: 'orchestrator',
      type: 'attempt',
      activityOptions: { priority: { priorityKey: band } },
      updateMask: { paths: ['priority.priorityKey'] },
    });
    // Read back, for older servers accept the change and ignore it. Who could still be one behind a proxy is told on.
    const applied = activityOptions?.priority?.priorityKey;
    if (applied !== band)
      log.error('Temporal has ignored a change of priority: jobs in line keep their old place', { workflowId, band, applied });
    if (isForced)
      await client.workflowService.unpauseActivity({ namespace, execution: { workflowId }, identity: 'orchestrator', type: 'attempt' });
    return true;
  } catch (error) {
    if ((error as { code?: number }).code === GRPC_NOT_FOUND) return false;
    throw error;
  }
}

const GRPC_NOT_FOUND = 5;
