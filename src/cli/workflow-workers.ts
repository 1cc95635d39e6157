import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';

/**
 * The SDK workers of an orchestrator: all serve the same task queue, and each keeps a part of the workflows in memory.
 *
 * The SDK's core looks through all that a worker has cached whenever it does anything: about 1.2 ms a job and 1,000 of them (2 cores). And it
 * drops the workflow that was idle for longest, which in a line is the next to start: with less room than the line is long, all are replayed from
 * Temporal's history when their attempts end. So there is room for a long line, in several workers.
 *
 * @param cached how many workflows are kept in memory by all of them together.
 * @param connect one connection each: the SDK takes but one worker of a task queue on a connection. The first is there.
 */
export async function workflowWorkers(
  options: Omit<WorkerOptions, 'maxCachedWorkflows' | 'connection'>,
  cached: number,
  first: NativeConnection,
  connect: () => Promise<NativeConnection>,
): Promise<{ workers: Worker[]; close(): Promise<void> }> {
  const count = Math.ceil(cached / CACHED_EACH);
  const connections = [first, ...(await Promise.all(Array.from({ length: count - 1 }, connect)))];
  const workers = await Promise.all(
    connections.map((connection, index) =>
      Worker.create({
        ...options,
        connection,
        maxCachedWorkflows: Math.ceil(cached / count),
        // Few are cheaper than the SDK's defaults on a machine of few cores, and no slower.
        workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: count === 1 ? 4 : 2 },
        maxConcurrentWorkflowTaskExecutions: count === 1 ? 8 : 4,
        enableNonLocalActivities: index === 0,
      }),
    ),
  );
  return { workers, close: async () => void (await Promise.all(connections.map((connection) => connection.close()))) };
}

const CACHED_EACH = 3_000;
