import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { BulkSpec } from '../job/bulk.ts';
import { UserError } from '../job/errors.ts';
import { bulkWorkflowIdOf, isJobId, newJobId, ORCHESTRATOR_TASK_QUEUE, WORKFLOW_TASK_TIMEOUT_MS } from '../job/ids.ts';
import type { Journal } from '../journal/journal.ts';
import { type BulkRow, readBulk } from '../journal/read-bulk.ts';
import { countJobs } from '../journal/read-jobs.ts';
import { within } from '../process/within.ts';
import type { bulkWorkflow } from '../workflows/bulk.ts';
import { fromJournal, toUserError } from './errors.ts';
import type { JobRows } from './job-rows.ts';
import type { Live } from './live.ts';
import { readFilter } from './present.ts';
import { readPriority } from './read-input.ts';
import type { AbortBulkOperationInput, BulkJobsInput, UserError as UserErrorShape } from './schema.gen.ts';
import { toTemporal } from './to-temporal.ts';

export type BulkDeps = { client: Client; journal: Journal; live: Live; rows: JobRows };
export type AbortBulkPayload = { operation: BulkRow | null; userErrors: UserErrorShape[] };
export type BulkPayload = AbortBulkPayload & { matched: number | null };

/** Starts the operation and finds its jobs before the answer goes out; a dry run only counts them. */
export async function bulkJobs({ client, journal, rows }: BulkDeps, input: BulkJobsInput): Promise<BulkPayload> {
  try {
    const spec = specOf(input);
    // Also where it is not the answer: without a journal there is nobody to find the jobs.
    const counts = await fromJournal(() => countJobs(journal.db, readFilter(input.filter)));
    const matched = Object.values(counts).reduce((sum, some) => sum + some, 0);
    if (input.dryRun) return { matched, operation: null, userErrors: [] };
    await toTemporal(client, () =>
      client.workflow.start<typeof bulkWorkflow>('bulkWorkflow', {
        workflowId: bulkWorkflowIdOf(spec.id),
        workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
        taskQueue: ORCHESTRATOR_TASK_QUEUE,
        args: [spec],
        staticSummary: `${spec.action}, ${matched} jobs`,
      }),
    );
    await rows.record({ kind: 'bulkBegun', spec }, FIND_WAIT_MS);
    const operation = (await fromJournal(() => readBulk(journal.db, spec.id))) ?? unwritten(spec, matched);
    return { matched: operation.matched, operation, userErrors: [] };
  } catch (error) {
    return { matched: null, operation: null, userErrors: [toUserError(error)] };
  }
}

/** Asks it to stop, and waits a moment for that: jobs that it is at are dealt with first. */
export async function abortBulk(deps: BulkDeps, { id }: AbortBulkOperationInput): Promise<AbortBulkPayload> {
  const { client, journal, live, rows } = deps;
  const read = async (): Promise<BulkRow | null> => (isJobId(id) ? ((await fromJournal(() => readBulk(journal.db, id))) ?? null) : null);
  let operation = await read();
  const wake = live.wake();
  try {
    if (!isJobId(id)) throw notFound(id);
    if (operation?.status === 'SUCCEEDED') throw finished(operation);
    try {
      await toTemporal(client, () => client.workflow.getHandle(bulkWorkflowIdOf(id)).cancel());
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      operation = await read();
      if (!operation) throw notFound(id);
      // It tells its end before it ends: it was terminated in Temporal.
      if (operation.status === 'RUNNING') await rows.record({ kind: 'bulkEnded', id, status: 'ABORTED', at: Date.now() });
    }
    const until = Date.now() + STOP_WAIT_MS;
    for (operation = await read(); operation?.status === 'RUNNING' && Date.now() < until; operation = await read())
      await within(until - Date.now(), wake.next());
    if (operation?.status === 'SUCCEEDED') throw finished(operation);
    return { operation, userErrors: [] };
  } catch (error) {
    return { operation, userErrors: [toUserError(error)] };
  } finally {
    wake.stop();
  }
}

/** @throws UserError INVALID_ARGUMENT */
function specOf({ action, filter, priority, grace }: BulkJobsInput): BulkSpec {
  if (action === 'SET_PRIORITY' && typeof priority !== 'number')
    throw new UserError('INVALID_ARGUMENT', 'SET_PRIORITY needs the priority to set: 1 to 10', { path: ['priority'] });
  return {
    id: newJobId(),
    action,
    filter: JSON.parse(JSON.stringify(filter)) as BulkSpec['filter'],
    ...(action === 'SET_PRIORITY' ? { priority: readPriority(priority!) } : {}),
    ...(action === 'ABORT' && typeof grace === 'number' ? { graceMs: grace } : {}),
    startedAt: Date.now(),
  };
}

/** Its row as it will be, where the journal is slow. */
const unwritten = ({ id, action, startedAt }: BulkSpec, matched: number): BulkRow => ({
  id,
  action,
  status: 'RUNNING',
  matched,
  done: 0,
  failed: 0,
  started_at: startedAt,
  finished_at: null,
});

const notFound = (id: string): UserError =>
  new UserError('NOT_FOUND', `there is no bulk operation "${id.slice(0, 220)}"`, { path: ['id'] });
const finished = ({ id, status }: BulkRow): UserError =>
  new UserError('ALREADY_FINISHED', `the bulk operation "${id}" has ${status}`, { path: ['id'] });

/** Finding a hundred thousand jobs takes about a second. */
const FIND_WAIT_MS = 5_000;
const STOP_WAIT_MS = 3_000;
