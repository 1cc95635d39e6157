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
 * In line, or at a gate: who goes on in a new run gives up its place there, and stands at the tail of its band. So only when Temporal would soon
 * take no Update of this run any more, an abort neither.
 */
export const isTooLongInLine = ({ updates }: JobLife): boolean =>
  (workflowInfo().historyLength > TOO_LONG_HISTORY || updates > MAX_UPDATES / 2) && patched('lines-go-on-in-new-runs');

/** A run whose attempt is under way cannot be left: what room it has is kept for aborts. */
export const takesOnlyAborts = ({ updates }: JobLife): boolean => updates > MAX_UPDATES - KEPT_FOR_ABORTS;

/** Events. Far under Temporal's own bounds, so that a job under way is replayed in a moment by another orchestrator. */
const LONG_HISTORY = 1_000;
/** Of 51,200. */
const TOO_LONG_HISTORY = 5_000;
/** Temporal's `history.maxTotalUpdates` of one run. */
const MAX_UPDATES = 2_000;
const KEPT_FOR_ABORTS = 200;
