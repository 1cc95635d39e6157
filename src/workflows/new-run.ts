import { allHandlersFinished, condition, continueAsNew, patched, workflowInfo } from '@temporalio/workflow';
import type { JobLife } from './job-life.ts';
import type { jobWorkflow } from './job.ts';

/** Many retries, steps or commands make a long history: a new run goes on with what the job knows of itself. */
export async function goOnInNewRun(job: JobLife): Promise<void> {
  await condition(allHandlersFinished);
  await continueAsNew<typeof jobWorkflow>(job.spec, job.keep());
}

export const isLong = (): boolean => workflowInfo().historyLength > LONG_HISTORY;

/** Also while it waits. Runs of before did not look then. */
export const isLongInWait = (): boolean => isLong() && patched('waits-go-on-in-new-runs');

/** Events. Far under Temporal's own bounds, so that a job under way is replayed in a moment by another orchestrator. */
const LONG_HISTORY = 1_000;
