import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { UserError } from '../job/errors.ts';
import { isJobId } from '../job/ids.ts';
import type { JobOptions, JobSpec, StepState } from '../job/spec.ts';
import { isFinal, type JobStatus } from '../job/status.ts';
import { type JobRow, readDependencies, readJobsById } from '../journal/read-jobs.ts';
import type { Kept } from '../workflows/job-life.ts';
import type { CreateDeps } from './create-jobs.ts';
import { fromJournal, notFound } from './errors.ts';
import type { JobPayload } from './job-rows.ts';
import type { RetryFrom, RetryJobInput } from './schema.gen.ts';
import { begunBy, startJob } from './to-temporal.ts';

/**
 * A final job again: a new run of its workflow, with the numbers of the one before.
 *
 * @param once names the ask: a run that it has begun already is not begun again.
 */
export async function retryJob(deps: CreateDeps, { id, from, payload }: RetryJobInput, once?: string): Promise<JobPayload> {
  const { client, journal, jobTypes, rows } = deps;
  try {
    const [row] = isJobId(id) ? await fromJournal(() => readJobsById(journal.db, [id])) : [];
    if (!row) throw notFound(id);
    if (once !== undefined && (await begunBy(client, id)).askedBy === once) return { job: row, userErrors: [] };
    if (!isFinal(row.status as JobStatus)) throw notFinished(row.status, id);
    const spec = await specOfRow(journal, row);
    if (payload !== undefined) {
      jobTypes.checkPayload(await jobTypes.get(row.type), payload);
      spec.payload = payload;
    }
    const kept = keptFor(row, from ?? 'START');
    // A job says that it is final a moment before its workflow has ended.
    for (const until = Date.now() + SETTLE_MS; ; await pause(PAUSE_MS)) {
      await refuseIfBegun(client, row);
      if (await startJob(client, spec, kept, once)) break;
      if (Date.now() >= until) throw notFinished('not final yet', id);
    }
    return { job: await rows.until(id, ({ version }) => version > row.version), userErrors: [] };
  } catch (error) {
    return rows.refusal(error, id);
  }
}

/**
 * Somebody else has had it run again since it was read, and that run may have ended by now. Temporal is asked, for the journal may not have
 * been told yet.
 *
 * @throws UserError NOT_FINISHED
 */
async function refuseIfBegun(client: Client, { id, rev }: JobRow): Promise<void> {
  const { follows = 0, wasTerminated } = await begunBy(client, id);
  // A run that was terminated before it could tell anything has left the job as it was.
  if (follows >= rev && !wasTerminated) throw notFinished('run again by another ask', id);
}

/** What the new run goes on with. @throws UserError NOT_RESUMABLE */
function keptFor(row: JobRow, from: RetryFrom): Kept {
  const steps = JSON.parse(row.steps) as StepState[];
  const step = from === 'START' ? 0 : failedStep(row, steps);
  return {
    status: 'QUEUED',
    priority: row.priority,
    aged: 0,
    forced: false,
    held: false,
    halts: 0,
    losses: 0,
    failures: 0,
    tries: 0,
    haltsBefore: 0,
    lossesBefore: 0,
    attempt: row.last_started,
    attemptsEnded: row.last_started,
    after: undefined,
    checkpoint: null,
    memoryBytes: undefined,
    stop: undefined,
    startsAt: undefined,
    queueUntil: undefined,
    error: undefined,
    missing: [],
    dependants: [],
    keys: [],
    // Beyond those of the runs before, whose answers must not be taken for new ones.
    tickets: Date.now(),
    isQueueGated: false,
    isGivenBack: false,
    ignoresKeys: false,
    failedOver: false,
    steps: steps.map((each, index) => (index < step ? each : { name: each.name, hasUndo: each.hasUndo, status: 'PENDING' })),
    step,
    rollback: undefined,
    endAfterRollback: undefined,
    abandoned: false,
    beganAt: Date.now(),
    rev: row.rev,
    retriedFrom: from,
  };
}

function failedStep({ id, status }: JobRow, steps: StepState[]): number {
  const refuse = (why: string): UserError =>
    new UserError('NOT_RESUMABLE', `the job "${id}" cannot go on from a failed step: ${why}; from: START runs it again`, {
      path: ['from'],
    });
  if (steps.length === 0) throw refuse('it has no steps');
  if (status !== 'FAILED') throw refuse(`it is ${status}`);
  const undone = steps.filter((step) => step.status === 'UNDONE' || step.status === 'UNDO_FAILED');
  if (undone.length > 0) throw refuse(`what it had done was undone (${undone.map(({ name }) => name).join(', ')})`);
  return steps.findIndex((step) => step.status !== 'SUCCEEDED');
}

async function specOfRow(journal: CreateDeps['journal'], row: JobRow): Promise<JobSpec> {
  const dependencies = await readDependencies(journal.db, [row.id]);
  return {
    id: row.id,
    type: row.type,
    payload: JSON.parse(row.payload) as JobSpec['payload'],
    queue: row.queue,
    pool: row.pool,
    priority: row.priority,
    tags: JSON.parse(row.tags) as string[],
    metadata: JSON.parse(row.metadata) as JobSpec['metadata'],
    options: { ...(JSON.parse(row.options) as JobOptions), startAt: null },
    dependencies: dependencies.map(({ depends_on }) => depends_on),
    hold: false,
    isQueueGated: false,
    steps: (JSON.parse(row.steps) as StepState[]).map(({ name, hasUndo }) => ({ name, hasUndo })),
    createdAt: row.created_at,
  };
}

const notFinished = (status: string, id: string): UserError =>
  new UserError('NOT_FINISHED', `the job "${id}" is ${status}: only a final job can be run again`, { path: ['id'] });

const SETTLE_MS = 3_000;
const PAUSE_MS = 50;
