import type { Client } from '@temporalio/client';
import type { TypedSearchAttributes } from '@temporalio/common';
import { jobIdOf, workflowIdOf } from '../job/ids.ts';

/** What Temporal's visibility says of a workflow, as far as it matters here. */
export type Seen = {
  workflowId: string;
  status: { name: string };
  startTime: Date;
  closeTime?: Date;
  typedSearchAttributes?: TypedSearchAttributes;
};

/** In the words of a query. */
export const STATUSES = ['Running', 'Completed', 'Failed', 'Canceled', 'Terminated', 'TimedOut'] as const;
export const CHUNK = 100;

/**
 * Workflows of a status that ended, or began and are open, since a time. Temporal lists by close time, then by start time, the newest first. So
 * we stop where we have seen enough: a time in the query would have a server on SQL walk through every workflow there is (13 s with 10,000 of them).
 */
export async function* workflowsSince(client: Client, status: (typeof STATUSES)[number], time: number): AsyncGenerator<Seen> {
  for await (const seen of client.workflow.list({ query: `ExecutionStatus = "${status}"` })) {
    if (timeOf(seen) < time) return;
    yield seen;
  }
}

/** By which Temporal lists them. */
export const timeOf = ({ closeTime, startTime }: Seen): number => (closeTime ?? startTime).getTime();

/** One run of a job: its first, one of retryJob, or one that goes on where the one before had grown long. */
export type Run = { jobId: string; runId: string; isLast: boolean };

/** The runs of the jobs that a query finds, each job's in the order they ran. */
export async function runsOf(client: Client, query: string): Promise<Run[]> {
  const runs: { jobId: string; runId: string; startTime: Date }[] = [];
  for await (const { workflowId, runId, startTime } of client.workflow.list({ query })) {
    const jobId = jobIdOf(workflowId);
    if (jobId) runs.push({ jobId, runId, startTime });
  }
  runs.sort((a, b) => a.startTime.getTime() - b.startTime.getTime());
  const last = new Map(runs.map(({ jobId, runId }) => [jobId, runId]));
  return runs.map(({ jobId, runId }) => ({ jobId, runId, isLast: last.get(jobId) === runId }));
}

/** In the words of a query: all runs of these jobs. */
export const named = (jobIds: readonly string[]): string => `WorkflowId IN (${jobIds.map((id) => `"${workflowIdOf(id)}"`).join(', ')})`;

export async function* inChunks<T>(items: AsyncIterable<T>): AsyncGenerator<T[]> {
  let chunk: T[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length === CHUNK) {
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}
