import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { isNotFound } from '../temporal/is-not-found.ts';

/** `out`: it is out of line and cannot start. `started`: it was too late. `absent`: nothing of that id is in line: not yet, or no more. */
export type Withdrawn = 'out' | 'started' | 'absent';

/** Why it is paused for a moment. One that stays so was forgotten (`unpause-forgotten.ts`). */
export const OUT_OF_LINE = 'taken out of line';

/**
 * Takes an attempt out of line unless it has started. A pause is what Temporal decides that by, in one place and at one
 * moment: after it, an attempt that has not started cannot, and may be cancelled without killing anything.
 */
export async function withdraw(client: Client, namespace: string, workflowId: string, activityId: string): Promise<Withdrawn> {
  const target = { namespace, execution: { workflowId }, identity: 'orchestrator', id: activityId };
  try {
    await client.workflowService.pauseActivity({ ...target, reason: OUT_OF_LINE });
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    const pending = raw.pendingActivities?.find((activity) => activity.activityId === activityId);
    if (!pending) return 'absent';
    if (pending.state === PENDING_ACTIVITY_STATE_PAUSED) return 'out';
    await client.workflowService.unpauseActivity(target);
    return 'started';
  } catch (error) {
    if (isNotFound(error)) return 'absent';
    throw error;
  }
}

const { PENDING_ACTIVITY_STATE_PAUSED } = proto.temporal.api.enums.v1.PendingActivityState;
