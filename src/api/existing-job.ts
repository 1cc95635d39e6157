import { defaultPayloadConverter } from '@temporalio/common';
import { Fault, UserError } from '../job/errors.ts';
import { workflowIdOf } from '../job/ids.ts';
import { firstRecord } from '../job/record.ts';
import { completed, type JobSpec } from '../job/spec.ts';
import { rowOf } from '../journal/job-row.ts';
import { prunedBefore } from '../journal/prune.ts';
import { hasToldSince } from '../journal/read-events.ts';
import type { JobRow } from '../journal/read-jobs.ts';
import { isNotFound } from '../temporal/is-not-found.ts';
import { searchAttributes } from '../workflows/search-attributes.ts';
import type { CreateDeps } from './create-jobs.ts';
import { fromJournal } from './errors.ts';
import { describeJob, toTemporal } from './to-temporal.ts';

/**
 * The job that has an id. Whoever created it may have been cut off before it wrote the row, or be about to: the row of one
 * that is open, and where it began, is written here from what Temporal has of it, so that it can be asked for again at once.
 *
 * @throws UserError ID_TAKEN where the job has ended and the journal has it no more; Fault BACKEND_UNAVAILABLE where the
 * journal does not have it yet.
 */
export async function existingJob({ client, journal, rows }: CreateDeps, id: string): Promise<JobRow> {
  const row = await rows.read(id);
  if (row) return row;
  const last = await describeJob(client, id);
  if (!last) throw deleted(id);
  if (last.status.name !== 'RUNNING') {
    const ended = `a job with the id "${id}" has ended (${last.closeTime?.toISOString()}), and the journal`;
    if (await fromJournal(() => isStillToTell(journal, id, last)))
      throw new Fault('BACKEND_UNAVAILABLE', `${ended} does not show it yet; nothing was created, try again in a moment`);
    const message = `${ended} has it no more; nothing was created. Give another id, or free this one by deleteJob`;
    throw new UserError('ID_TAKEN', message, { path: ['id'] });
  }
  const spec = await specIn(client, id, last.runId);
  const record = firstRecord(spec);
  // It has come further: a row that says less would keep the reconciler from telling the whole.
  if (last.typedSearchAttributes.get(searchAttributes.status) !== record.status)
    throw new Fault(
      'BACKEND_UNAVAILABLE',
      `there is a job "${id}", and the journal does not show it yet; nothing was created, try again in a moment`,
    );
  await rows.record({ kind: 'job', record });
  return (await rows.read(id)) ?? rowOf(spec);
}

/** The feed reaches back to its end, and has no word of it. */
async function isStillToTell(
  { db }: CreateDeps['journal'],
  id: string,
  { startTime, closeTime }: { startTime: Date; closeTime?: Date },
): Promise<boolean> {
  if ((closeTime?.getTime() ?? 0) <= (await prunedBefore(db))) return false;
  return !(await hasToldSince(db, id, startTime.getTime()));
}

/** What a run was begun with. */
async function specIn(client: CreateDeps['client'], id: string, runId: string): Promise<JobSpec> {
  const { namespace } = client.options;
  const firstEvent = { namespace, execution: { workflowId: workflowIdOf(id), runId }, maximumPageSize: 1 };
  const { history } = await toTemporal(client, () => client.workflowService.getWorkflowExecutionHistory(firstEvent)).catch(
    (error: unknown) => {
      throw isNotFound(error) ? deleted(id) : error;
    },
  );
  const payload = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
  if (!payload) throw new Error(`the history of the job "${id}" does not begin with what it was created with`);
  return completed(defaultPayloadConverter.fromPayload<JobSpec>(payload));
}

const deleted = (id: string): Fault =>
  new Fault('BACKEND_UNAVAILABLE', `the job "${id}" has just been deleted; nothing was created, try again`);
