import { CancellationScope, continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { OrchestratorActivities } from '../activities/orchestrator.ts';

const { reconcile } = proxyActivities<OrchestratorActivities>({
  startToCloseTimeout: '1 day',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 1 },
});

/**
 * Keeps the journal true, by one activity at a time in all of the system: it runs on some orchestrator for hours and
 * goes to another when that one dies. Nothing is spent on a workflow for every pass.
 */
export async function reconcilerWorkflow(): Promise<void> {
  // A cancel in Temporal changes nothing: all jobs need it.
  await CancellationScope.nonCancellable(reconcile);
  await continueAsNew<typeof reconcilerWorkflow>();
}
