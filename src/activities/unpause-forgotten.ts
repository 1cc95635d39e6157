import type { Client } from '@temporalio/client';
import { jobIdOf } from '../job/ids.ts';
import type { Journal } from '../journal/journal.ts';
import { isNotFound } from '../temporal/is-not-found.ts';
import { describeWorkflow } from '../temporal/describe-workflow.ts';
import { OUT_OF_LINE } from './withdraw.ts';

/**
 * Lets attempts go on that were paused for a hold that nobody knows of any more: Temporal, or the machine, has died before the hold was
 * durable, and whoever asked for it has no answer. They go to the tail of their band.
 *
 * A hold under way is left alone: it has a workflow task open, and has paused the attempt only a moment ago. So is what anybody else has
 * paused.
 */
export async function unpauseForgotten({ client, journal }: { client: Client; journal: Journal }, nowMs = Date.now()): Promise<void> {
  const query = `TemporalPauseInfo = 'property:activityType=attempt' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId } of client.workflow.list({ query })) {
    const raw = (await describeWorkflow(client, workflowId))?.raw;
    const paused = raw?.pendingActivities?.find(({ pauseInfo }) => pauseInfo?.manual?.reason === OUT_OF_LINE);
    const pausedAt = Number(paused?.pauseInfo?.pauseTime?.seconds ?? 0) * 1_000;
    if (!paused?.activityId || raw?.pendingWorkflowTask || nowMs - pausedAt < FORGOTTEN_MS) continue;
    if (await unpause(client, workflowId, paused.activityId))
      journal.writer.tell({ kind: 'lineResumed', moved: [{ jobId: jobIdOf(workflowId)!, at: Date.now() }] });
  }
}

/** @returns false where it has ended since. */
async function unpause(client: Client, workflowId: string, id: string): Promise<boolean> {
  try {
    const { namespace } = client.options;
    await client.workflowService.unpauseActivity({ namespace, execution: { workflowId }, identity: 'orchestrator', id });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** An attempt that is taken out of line is cancelled, or goes on, within a second, and after an orchestrator's death within ten. */
const FORGOTTEN_MS = 60_000;
