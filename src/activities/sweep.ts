import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { activityIdOf, pausedQueueOf, taskQueueOf, workflowIdOf } from '../job/ids.ts';
import type { Journal } from '../journal/journal.ts';
import { type InLine, readForced, readLineOf } from '../journal/read-queues.ts';
import { isNotFound } from '../temporal/is-not-found.ts';
import { eachAtOnce } from './each-at-once.ts';

/**
 * Moves what a paused queue has in line out of everybody's way, to a task queue that nobody serves, from the front, or moves it
 * back. What it does not meet is given back by the workers: the pause holds without it, but each such attempt would be handed
 * out first.
 *
 * A move and not a pause of the activity: that one is shown in Temporal's search attributes, and costs it three times as much
 * (250 a second against 600 on 2 cores).
 */
export async function sweep(deps: { client: Client; journal: Journal; namespace: string }, queue: string, paused: boolean): Promise<void> {
  const { client, journal, namespace } = deps;
  const context = Context.current();
  const tried = new Set<string>();
  for (;;) {
    const jobs = (await readLineOf(journal.db, queue, !paused, CHUNK + tried.size)).filter(({ id }) => !tried.has(id)).slice(0, CHUNK);
    if (jobs.length === 0) return;
    const note = (ids: string[], isPaused: boolean): Promise<void> =>
      journal.writer.write({ kind: 'linePaused', jobIds: ids, paused: isPaused });
    const moved: { jobId: string; at: number }[] = [];
    const set = async (job: InLine): Promise<void> => {
      // Not in line yet, or started since: who is not met is given back.
      if (await move(client, namespace, job, paused)) moved.push({ jobId: job.id, at: Date.now() });
      else tried.add(job.id);
    };
    const ids = jobs.map(({ id }) => id);
    // Noted before it is done: one that is moved without a note of it would never be moved back.
    if (paused) await note(ids, true);
    await eachAtOnce(jobs, set);
    if (paused) {
      const left = ids.filter((id) => tried.has(id));
      if (left.length > 0) await note(left, false);
      // Forced while we were at it: its own way back may have come before our move.
      const away = moved.map(({ jobId }) => jobId);
      for (const job of await readForced(journal.db, away)) await move(client, namespace, job, false);
    } else {
      await journal.writer.write({ kind: 'lineResumed', moved });
    }
    context.heartbeat();
    context.cancellationSignal.throwIfAborted();
  }
}

/** To the tail of its band there. @returns false where it is not in line. */
async function move(client: Client, namespace: string, { id, pool, attempts_ended }: InLine, paused: boolean): Promise<boolean> {
  try {
    await client.workflowService.updateActivityOptions({
      namespace,
      execution: { workflowId: workflowIdOf(id) },
      identity: 'orchestrator',
      id: activityIdOf(attempts_ended + 1),
      activityOptions: { taskQueue: { name: paused ? pausedQueueOf(pool) : taskQueueOf(pool) } },
      updateMask: { paths: ['taskQueue.name'] },
    });
    return true;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return false;
  }
}

/** So many that what is between two of them does not count, and few enough that a resume, or a force, is not kept waiting. */
const CHUNK = 250;
