import type { Client } from '@temporalio/client';

/**
 * Moves the attempt that a workflow has in line to the tail of a band. On one that has started it changes nothing.
 *
 * @returns false when nothing is in line: not yet, or no more.
 */
export async function reprioritise(client: Client, namespace: string, workflowId: string, band: number): Promise<boolean> {
  try {
    await client.workflowService.updateActivityOptions({
      namespace,
      execution: { workflowId },
      identity: 'orchestrator',
      type: 'attempt',
      activityOptions: { priority: { priorityKey: band } },
      updateMask: { paths: ['priority.priorityKey'] },
    });
    return true;
  } catch (error) {
    if ((error as { code?: number }).code === GRPC_NOT_FOUND) return false;
    throw error;
  }
}

const GRPC_NOT_FOUND = 5;
