import type { Client } from '@temporalio/client';
import { workflowIdOf } from '../job/ids.ts';
import type { Journal } from '../journal/journal.ts';
import { readUnknown } from '../journal/read-jobs.ts';
import { describeWorkflow } from '../temporal/describe-workflow.ts';
import { finalStatusOf, tellLate } from './dependencies.ts';
import { eachAtOnce } from './each-at-once.ts';

type Deps = { client: Client; journal: Journal };

/** Ends in the journal those of the jobs that Temporal has deleted while they were open: nobody else tells of them. */
export async function endGone({ client, journal }: Deps, jobIds: Iterable<string>): Promise<void> {
  await eachAtOnce([...jobIds], async (jobId) => {
    // One that has just begun is not listed yet.
    if (await describeWorkflow(client, workflowIdOf(jobId))) return;
    const message = 'its workflow was deleted in Temporal';
    journal.writer.tell({ kind: 'terminated', jobId, at: Date.now(), code: 'TERMINATED', message });
  });
}

/** Tells those that wait for a job that the journal does not know. One that Temporal does not know either counts as FAILED. */
export async function tellOfGone(deps: Deps, atMost: number): Promise<void> {
  for (const { job_id, depends_on } of await readUnknown(deps.journal.db, atMost)) {
    const status = await finalStatusOf(deps.client, deps.journal, depends_on);
    if (status) await tellLate(deps, depends_on, status, job_id);
  }
}
