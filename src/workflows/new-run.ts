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

/**
 * In line, or at a gate: who goes on in a new run gives up its place there, and stands at the tail of its band. So only when Temporal, which takes
 * 2,000 Updates of a run, would soon take none any more, an abort neither.
 */
export const isTooLongInLine = (): boolean => workflowInfo().historyLength > TOO_LONG_HISTORY && patched('lines-go-on-in-new-runs');

/** Events. Far under Temporal's own bounds, so that a job under way is replayed in a moment by another orchestrator. */
const LONG_HISTORY = 1_000;
/** An Update makes at least 5. */
const TOO_LONG_HISTORY = 5_000;
