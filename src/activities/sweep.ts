import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { activityIdOf, workflowIdOf } from '../job/ids.ts';
import type { Journal } from '../journal/journal.ts';
import { type InLine, readForced, readLineOf } from '../journal/read-queues.ts';
import { eachAtOnce } from './each-at-once.ts';

/**
 * Takes what a paused queue has in line out of everybody's way, from the front, or lets it go on. What it does not meet is
 * given back by the workers: the pause holds without it, but each such attempt would be handed out first.
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
    const done: string[] = [];
    const set = async (job: InLine): Promise<void> => {
      // Not in line yet, or started since: who is not met is given back.
      if (await setPaused(client, namespace, job, paused)) done.push(job.id);
      else tried.add(job.id);
    };
    const ids = jobs.map(({ id }) => id);
    // Noted before it is done: one that is paused without a note of it would never be let go on.
    if (paused) await note(ids, true);
    await eachAtOnce(jobs, set);
    await note(paused ? ids.filter((id) => tried.has(id)) : done, false);
    // Forced while we were at it: its own unpause may have come before our pause.
    if (paused) for (const job of await readForced(journal.db, done)) await setPaused(client, namespace, job, false);
    context.heartbeat();
    context.cancellationSignal.throwIfAborted();
  }
}

async function setPaused(client: Client, namespace: string, { id, attempts_ended }: InLine, paused: boolean): Promise<boolean> {
  const target = { namespace, execution: { workflowId: workflowIdOf(id) }, identity: 'orchestrator', id: activityIdOf(attempts_ended + 1) };
  try {
    if (paused) await client.workflowService.pauseActivity({ ...target, reason: 'its queue is paused' });
    else await client.workflowService.unpauseActivity(target);
    return true;
  } catch (error) {
    if ((error as { code?: number }).code !== GRPC_NOT_FOUND) throw error;
    return false;
  }
}

const CHUNK = 100;
const GRPC_NOT_FOUND = 5;
