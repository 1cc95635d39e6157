import { CancellationScope, CancelledFailure, proxyActivities } from '@temporalio/workflow';
import type { OrchestratorActivities } from '../activities/orchestrator.ts';
import type { BulkCounts, BulkSpec, BulkStatus } from '../job/bulk.ts';
import { endBulk } from './asks.ts';

const { runBulk } = proxyActivities<OrchestratorActivities>({
  startToCloseTimeout: '30 days',
  // Short, for it costs little to be wrong: what two of them do to one job is done once.
  heartbeatTimeout: '5s',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s' },
});

/**
 * One thing done to many jobs: by one activity, which goes on elsewhere from where it was when its orchestrator dies.
 *
 * @returns how many jobs it was done to, and how many refused.
 * @throws CancelledFailure when it was stopped before it was through.
 */
export async function bulkWorkflow(spec: BulkSpec): Promise<BulkCounts> {
  const tellEnd = (status: BulkStatus): Promise<void> =>
    CancellationScope.nonCancellable(() => endBulk({ id: spec.id, status, at: Date.now() }));
  try {
    const { stopped, ...counts } = await runBulk(spec);
    if (stopped) throw new CancelledFailure('stopped before it was through');
    await tellEnd('SUCCEEDED');
    return counts;
  } catch (error) {
    await tellEnd('ABORTED');
    throw error;
  }
}
