import { type Client, ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import type { Json } from '../index.ts';
import { workflowIdOf } from '../job/ids.ts';
import { FINAL_STATUSES, isFinal, type JobStatus } from '../job/status.ts';
import type { Journal } from '../journal/journal.ts';
import { readJobsById } from '../journal/read-jobs.ts';
import { within } from '../process/within.ts';
import { dependant, dependencyEnded } from '../workflows/messages.ts';
import { searchAttributes } from '../workflows/search-attributes.ts';
import { describeWorkflow } from '../temporal/describe-workflow.ts';
import { eachAtOnce } from './each-at-once.ts';

type Deps = { client: Client; journal: Journal };

/**
 * Asks jobs to tell another one of their end.
 *
 * @returns those that have ended already, and how. One that is known nowhere any more counts as FAILED.
 */
export async function dependOn(
  { client, journal }: Deps,
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
      const status = await finalStatusOf(client, journal, id);
      // Temporal asks all of them again.
      if (!status) throw new Error(`the job "${id}" had ended, and runs again`, { cause: error });
      ended[id] = status;
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

/**
 * Tells one that its dependency could not. Once: it keeps what it was sent, and one that does not wait for it any more (forced
 * past it, run again) would be sent it for as long as it lives.
 */
export async function tellLate({ client, journal }: Deps, id: string, status: JobStatus, dependantId: string): Promise<void> {
  await tellDependants(client, id, status, [dependantId]);
  journal.writer.tell({ kind: 'dependencyTold', jobId: dependantId, dependency: id });
}

type Results = Record<string, { status: string; result: Json }>;

/**
 * What a handler is told of the jobs its own has waited for, but for those that it was forced past and that have not ended.
 * Temporal's absence is no failure of the job's: it is asked again until the attempt is `over`, which is then told nothing.
 */
export async function dependencyResults(deps: Deps, ids: readonly string[], over: Promise<unknown>): Promise<Results> {
  for (;;) {
    try {
      return await readResults(deps, ids);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (await within(ASK_AGAIN_MS, over)) return {};
    }
  }
}

/** From the journal, and from Temporal where that has not got it yet. */
async function readResults({ client, journal }: Deps, ids: readonly string[]): Promise<Results> {
  const rows = await readJobsById(journal.db, ids).catch(() => []);
  const results: Results = {};
  for (const row of rows)
    if (row && isFinal(row.status as JobStatus))
      results[row.id] = { status: row.status, result: row.result === null ? null : (JSON.parse(row.result) as Json) };
  await eachAtOnce(
    ids.filter((id) => !results[id]),
    async (id) => {
      const status = await finalStatusOf(client, journal, id);
      if (!status) return;
      results[id] = {
        status,
        result: status === 'SUCCEEDED' ? ((await client.workflow.getHandle(workflowIdOf(id)).result()) as Json) : null,
      };
    },
  );
  return results;
}

/** How a job has ended; undefined where it has not. One that is known nowhere any more counts as FAILED. */
export async function finalStatusOf(client: Client, journal: Journal, id: string): Promise<JobStatus | undefined> {
  const last = await describeWorkflow(client, workflowIdOf(id));
  if (!last) {
    // Past Temporal's retention only the journal knows it.
    const [row] = await readJobsById(journal.db, [id]);
    return row && isFinal(row.status as JobStatus) ? (row.status as JobStatus) : 'FAILED';
  }
  switch (last.status.name) {
    case 'RUNNING':
      return undefined;
    case 'COMPLETED':
      return 'SUCCEEDED';
    case 'TERMINATED':
      return 'ABORTED';
    default:
      return FINAL_STATUSES.find((final) => final === last.typedSearchAttributes.get(searchAttributes.status)) ?? 'FAILED';
  }
}

const ASK_AGAIN_MS = 500;
