import type { Client } from '@temporalio/client';

/** What Temporal's visibility says of a workflow, as far as it matters here. */
export type Seen = { workflowId: string; status: { name: string }; startTime: Date; closeTime?: Date };

/** In the words of a query. */
export const STATUSES = ['Running', 'Completed', 'Failed', 'Canceled', 'Terminated', 'TimedOut'] as const;
export const CHUNK = 100;

/**
 * Workflows of a status that ended, or began and are open, since a time. Temporal lists by close time, then by start time, the newest first. So
 * we stop where we have seen enough: a time in the query would have a server on SQL walk through every workflow there is (13 s with 10,000 of them).
 */
export async function* workflowsSince(client: Client, status: (typeof STATUSES)[number], time: number): AsyncGenerator<Seen> {
  for await (const seen of client.workflow.list({ query: `ExecutionStatus = "${status}"` })) {
    if ((seen.closeTime ?? seen.startTime).getTime() < time) return;
    yield seen;
  }
}

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
