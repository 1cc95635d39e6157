import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { Fault, UserError } from '../job/errors.ts';
import { isJobId, workflowIdOf } from '../job/ids.ts';
import { isFinal, type JobStatus } from '../job/status.ts';
import type { Journal } from '../journal/journal.ts';
import { isAwaited, type JobRow, readJobsById } from '../journal/read-jobs.ts';
import { isNotFound } from '../temporal/is-not-found.ts';
import { fromJournal, notFound, toUserError } from './errors.ts';
import type { JobRows } from './job-rows.ts';
import type { DeleteJobInput, UserError as UserErrorShape } from './schema.gen.ts';
import { describeJob, toTemporal } from './to-temporal.ts';

export type DeleteDeps = { client: Client; journal: Journal; rows: JobRows };
export type DeletePayload = { deletedJobId: string | null; userErrors: UserErrorShape[] };

/**
 * Forgets a final job: first its history, then its row, so that one that was cut off can be asked for again. Resolves when
 * its id is free.
 *
 * @throws Fault BACKEND_UNAVAILABLE where Temporal or the journal does not follow in time.
 */
export async function deleteJob(deps: DeleteDeps, { id }: DeleteJobInput): Promise<DeletePayload> {
  const { client, journal, rows } = deps;
  try {
    if (!isJobId(id)) throw notFound(id);
    const [row] = await fromJournal(() => readJobsById(journal.db, [id]));
    const runId = await endedRun(deps, id, row);
    if (runId !== undefined) await deleteHistory(client, id, runId);
    if (row && !(await rows.record({ kind: 'deleted', jobId: id, createdAt: row.created_at, at: Date.now() }, ROW_WAIT_MS)))
      throw new Fault('BACKEND_UNAVAILABLE', `the journal cannot be written now, and has the job "${id}" still; try again in a moment`);
    return { deletedJobId: id, userErrors: [] };
  } catch (error) {
    return { deletedJobId: null, userErrors: [toUserError(error)] };
  }
}

/**
 * The last run of a final job, once it has ended and told whom it had to; undefined where Temporal has none any more.
 *
 * @throws UserError NOT_FOUND, NOT_FINISHED
 */
async function endedRun({ client, journal }: DeleteDeps, id: string, row: JobRow | undefined): Promise<string | undefined> {
  if (row && !isFinal(row.status as JobStatus)) throw notFinished(id, row.status);
  // A job that says that it is final has others to tell before its workflow ends.
  for (const until = Date.now() + SETTLE_MS; ; await pause(PAUSE_MS)) {
    const last = await describeJob(client, id);
    if (!last && !row) throw notFound(id);
    const isOpen = last?.status.name === 'RUNNING';
    if (!isOpen && !(await fromJournal(() => isAwaited(journal.db, id)))) {
      await pause(Math.max(0, (last?.closeTime?.getTime() ?? 0) + NOTED_MS - Date.now()));
      return last?.runId;
    }
    if (!row) throw notFinished(id, 'not final');
    if (Date.now() >= until) throw notFinished(id, isOpen ? 'about to end' : 'still needed by a job that waits for it');
  }
}

/** Deletes what has ended: a run that is open would be terminated by it. The last one comes last, for with it the id is free. */
async function deleteHistory(client: Client, id: string, lastRunId: string): Promise<void> {
  const workflowId = workflowIdOf(id);
  for (const runId of [...(await earlierRuns(client, id, lastRunId)), lastRunId]) {
    const execution = { namespace: client.options.namespace, workflowExecution: { workflowId, runId } };
    try {
      await toTemporal(client, () => client.workflowService.deleteWorkflowExecution(execution));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  for (const until = Date.now() + DELETED_WAIT_MS; ; await pause(PAUSE_MS)) {
    const last = await describeJob(client, id);
    if (!last) return;
    if (last.runId !== lastRunId) throw notFinished(id, 'run again');
    if (Date.now() >= until) throw new Fault('BACKEND_UNAVAILABLE', `Temporal has not deleted the job "${id}" yet; try again in a moment`);
  }
}

async function earlierRuns(client: Client, id: string, lastRunId: string): Promise<string[]> {
  const runs: string[] = [];
  const query = `WorkflowId = "${workflowIdOf(id)}"`;
  for (const { runId, status } of await toTemporal(client, () => Array.fromAsync(client.workflow.list({ query })))) {
    if (runId === lastRunId) continue;
    // What is listed may be out of date.
    const isOpen = status.name === 'RUNNING' && (await describeJob(client, id, runId))?.status.name === 'RUNNING';
    if (!isOpen) runs.push(runId);
  }
  return runs;
}

const notFinished = (id: string, how: string): UserError =>
  new UserError('NOT_FINISHED', `the job "${id}" is ${how}: only a final job can be deleted`, { path: ['id'] });

const SETTLE_MS = 3_000;
/**
 * Asked to delete a history whose end it has not noted yet, the server looks again after 3 s, and with longer and longer pauses.
 * It notes once a second (`history.transferProcessorUpdateAckInterval`), with some jitter.
 */
const NOTED_MS = 1_300;
/** A server with that at its default of 30 s needs up to 40 s for a job that has just ended. */
const DELETED_WAIT_MS = 45_000;
const ROW_WAIT_MS = 5_000;
const PAUSE_MS = 20;
