import { CancellationScope, continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { OrchestratorActivities } from '../activities/orchestrator.ts';

const { ageJobs } = proxyActivities<OrchestratorActivities>({
  startToCloseTimeout: '1 day',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 1 },
});

/** Has jobs move up that have waited for long, by one activity at a time in all of the system, as the reconciler does its work. */
export async function agerWorkflow(): Promise<void> {
  // A cancel in Temporal changes nothing: all jobs need it.
  await CancellationScope.nonCancellable(ageJobs);
  await continueAsNew<typeof agerWorkflow>();
}
