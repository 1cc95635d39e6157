import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Json } from '../index.ts';
import { workflowIdOf } from '../job/ids.ts';
import { FINAL_STATUSES, isFinal, type JobStatus } from '../job/status.ts';
import type { Journal } from '../journal/journal.ts';
import { readJobsById } from '../journal/read-jobs.ts';
import { dependant, dependencyEnded } from '../workflows/messages.ts';
import { searchAttributes } from '../workflows/search-attributes.ts';
import { eachAtOnce } from './each-at-once.ts';

/**
 * Asks jobs to tell another one of their end.
 *
 * @returns those that have ended already, and how. One that is known nowhere any more counts as FAILED.
 */
export async function dependOn(
  { client, journal }: { client: Client; journal: Journal },
  jobId: string,
  dependencies: readonly string[],
): Promise<Record<string, JobStatus>> {
  const ended: Record<string, JobStatus> = {};
  await eachAtOnce(dependencies, async (id) => {
    const handle = client.workflow.getHandle(workflowIdOf(id));
    try {
      await handle.signal(dependant, jobId);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      ended[id] = await finalStatusOf(client, journal, id);
    }
  });
  return ended;
}

export async function tellDependants(client: Client, id: string, status: JobStatus, dependants: readonly string[]): Promise<void> {
  await eachAtOnce(dependants, async (dependantId) => {
    try {
      await client.workflow.getHandle(workflowIdOf(dependantId)).signal(dependencyEnded, id, status);
    } catch (error) {
      // It has ended before us: it was aborted, or did not wait for all.
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  });
}

/** What a handler is told of the jobs its own has waited for. From the journal, and from Temporal where that has not got it yet. */
export async function dependencyResults(
  { client, journal }: { client: Client; journal: Journal },
  ids: readonly string[],
): Promise<Record<string, { status: string; result: Json }>> {
  const rows = await readJobsById(journal.db, ids).catch(() => []);
  const results: Record<string, { status: string; result: Json }> = {};
  for (const row of rows)
    if (row && isFinal(row.status as JobStatus))
      results[row.id] = { status: row.status, result: row.result === null ? null : (JSON.parse(row.result) as Json) };
  await eachAtOnce(
    ids.filter((id) => !results[id]),
    async (id) => {
      const status = await finalStatusOf(client, journal, id);
      results[id] = {
        status,
        result: status === 'SUCCEEDED' ? ((await client.workflow.getHandle(workflowIdOf(id)).result()) as Json) : null,
      };
    },
  );
  return results;
}

/** How a job that takes no message any more has ended. */
async function finalStatusOf(client: Client, journal: Journal, id: string): Promise<JobStatus> {
  try {
    const { status, typedSearchAttributes } = await client.workflow.getHandle(workflowIdOf(id)).describe();
    if (status.name === 'COMPLETED') return 'SUCCEEDED';
    if (status.name === 'TERMINATED') return 'ABORTED';
    return FINAL_STATUSES.find((final) => final === typedSearchAttributes.get(searchAttributes.status)) ?? 'FAILED';
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    // Past Temporal's retention only the journal knows it.
    const [row] = await readJobsById(journal.db, [id]);
    return row && isFinal(row.status as JobStatus) ? (row.status as JobStatus) : 'FAILED';
  }
}
