import type { Kysely } from 'kysely';
import { agesAt } from '../job/ageing.ts';
import { isFinal, shownStatus, type JobStatus, type ReasonCode } from '../job/status.ts';
import { firstRecord } from '../job/record.ts';
import type { JobRecord, JobSpec } from '../job/spec.ts';
import { isForgotten } from './forget-job.ts';
import { appendEvents, recordEvent } from './record-event.ts';
import { endAttempt } from './record-attempt.ts';
import type { JobTable, Tables } from './tables.ts';

type Db = Kysely<Tables>;

/**
 * Takes in what a workflow (or the api, for its first record and for its answers) says of a job. A record that is not newer
 * than the one known adds its events, where they are missing, and changes nothing else.
 */
export async function recordJob(db: Db, record: JobRecord): Promise<void> {
  const { jobId, rev } = record;
  // The feed begins with CREATED, whoever is quicker to tell.
  if (rev > 1 && record.spec && !(await ensureJob(db, record.spec))) return;
  const known = await db.selectFrom('job').select(KNOWN).where('id', '=', jobId).executeTakeFirst();
  if (!known && record.spec && (await isForgotten(db, record.spec))) return;
  if (record.ended) await endAttempt(db, { jobId, at: record.at, ...record.ended }, known?.status as JobStatus | undefined);
  const row = known ?? (record.spec && (await firstRow(db, record.spec)));
  // No row and no way to make one: the reconciler finds the job by its workflow.
  if (!row) return;
  const status = shownStatus(record.status, record.attemptsEnded, row.last_started);
  const version = await appendEvents(
    db,
    record.events.map(({ kind, detail }, index) => ({ jobId, key: `w${record.key}.${index}`, at: record.at, kind, status, detail })),
  );
  for (const { kind, detail } of record.events) {
    if (kind === 'DEPENDENCY_ENDED') await noteTold(db, jobId, (detail as { id: string }).id);
  }
  const changes = { ...(row.rev < rev ? changesOf(record, row, status) : {}), ...(version === undefined ? {} : { version }) };
  if (!known && record.spec) await insertJob(db, { ...(row as JobTable), ...changes }, record.spec);
  else if (Object.keys(changes).length > 0) await db.updateTable('job').set(changes).where('id', '=', jobId).execute();
}

async function noteTold(db: Db, jobId: string, dependency: string): Promise<void> {
  await db.updateTable('dependency').set({ told: 1 }).where('job_id', '=', jobId).where('depends_on', '=', dependency).execute();
}

/**
 * Makes a job's row, with its first events, where there is none.
 *
 * @returns false where that job was deleted: nothing that is told of it late may bring it back, or touch another one of its id.
 */
export async function ensureJob(db: Db, spec: JobSpec): Promise<boolean> {
  const known = await db.selectFrom('job').select('created_at').where('id', '=', spec.id).executeTakeFirst();
  if (known?.created_at === spec.createdAt) return true;
  if (await isForgotten(db, spec)) return false;
  if (!known) await recordJob(db, firstRecord(spec));
  return true;
}

function changesOf(record: JobRecord, row: Pick<JobTable, (typeof KNOWN)[number]>, status: JobStatus): Partial<JobTable> {
  // Whoever is moved, or comes back, stands at the tail.
  const bandSince = record.band === null ? null : record.band === row.band && !isNewInLine(record) ? row.band_since : record.at;
  return {
    rev: record.rev,
    status,
    workflow_status: record.status,
    attempts_ended: record.attemptsEnded,
    // A job that was reset in Temporal knows of fewer attempts than before.
    ...(record.attemptsEnded < row.attempts_ended ? { last_started: record.attemptsEnded } : {}),
    // Run again, it may have been given another payload.
    ...(record.spec && record.events.some(({ kind }) => kind === 'RETRIED')
      ? { payload: JSON.stringify(record.spec.payload), abort_grace_ms: null }
      : {}),
    priority: record.priority,
    effective_priority: record.effectivePriority,
    band: record.band,
    forced: record.forced ? 1 : 0,
    held: record.held ? 1 : 0,
    failed_over: record.failedOver ? 1 : 0,
    ...(record.steps ? { steps: JSON.stringify(record.steps) } : {}),
    rollback: record.rollback ?? null,
    gate: record.gate ?? null,
    ...(record.status !== 'QUEUED' || record.forced || isNewInLine(record) ? { in_line_paused: 0 } : {}),
    halts: record.halts,
    losses: record.losses,
    failures: record.failures,
    starts_at: record.startsAt ?? row.starts_at,
    queued_at: row.queued_at ?? (record.status === 'QUEUED' ? record.at : null),
    band_since: bandSince,
    ages_at: agesAt({ band: status === 'QUEUED' ? record.band : null, bandSince, ageAfterMs: row.age_after_ms }),
    abort_requested_at: record.abortRequestedAt ?? null,
    reason_code: record.reason?.code ?? null,
    reason_message: record.reason?.message ?? null,
    error: record.error ? JSON.stringify(record.error) : null,
    result: record.result === undefined ? null : JSON.stringify(record.result),
    finished_at: record.finishedAt ?? null,
  };
}

const isNewInLine = ({ events }: JobRecord): boolean => events.some(({ kind }) => kind === 'QUEUED');

/** The end of a workflow that could not tell it itself: terminated, timed out, or gone. */
export async function recordTerminated(db: Db, jobId: string, at: number, code: ReasonCode, message: string): Promise<void> {
  const row = await db
    .selectFrom('job')
    .select(['status', 'rev', 'last_started', 'attempts_ended'])
    .where('id', '=', jobId)
    .executeTakeFirst();
  if (!row || isFinal(row.status as JobStatus)) return;
  const status: JobStatus = code === 'TERMINATED' ? 'ABORTED' : 'FAILED';
  for (let number = row.attempts_ended + 1; number <= row.last_started; number++)
    await endAttempt(db, { jobId, number, at, outcome: 'ABORTED' });
  await db
    .updateTable('job')
    .set({
      status,
      workflow_status: status,
      attempts_ended: row.last_started,
      rev: row.rev + 1,
      reason_code: code,
      reason_message: message,
      finished_at: at,
      band: null,
      ages_at: null,
    })
    .where('id', '=', jobId)
    .execute();
  await recordEvent(db, { jobId, key: `r${row.rev + 1}`, at, kind: 'FINISHED', status, detail: { reason: code, message } });
}

/** A worker may have been quicker to tell of the first attempt than anybody of the job. */
async function firstRow(db: Db, spec: JobSpec): Promise<JobTable> {
  const started = await db
    .selectFrom('attempt')
    .select(({ fn }) => [fn.max('number').as('last'), fn.min('started_at').as('first_at')])
    .where('job_id', '=', spec.id)
    .executeTakeFirst();
  return { ...rowOf(spec), last_started: started?.last ?? 0, started_at: started?.first_at ?? null };
}

async function insertJob(db: Db, row: JobTable, { tags, dependencies }: JobSpec): Promise<void> {
  await db.insertInto('job').values(row).execute();
  for (let at = 0; at < dependencies.length; at += ROWS_AT_ONCE) {
    const rows = dependencies.slice(at, at + ROWS_AT_ONCE).map((id) => ({ job_id: row.id, depends_on: id, told: 0 }));
    await db
      .insertInto('dependency')
      .values(rows)
      .onConflict((on) => on.doNothing())
      .execute();
  }
  if (tags.length === 0) return;
  const rows = Array.from(new Set(tags), (tag) => ({ tag, job_id: row.id }));
  await db
    .insertInto('job_tag')
    .values(rows)
    .onConflict((on) => on.doNothing())
    .execute();
}

/** A job's row before anything was told of it. */
export const rowOf = (spec: JobSpec): JobTable => rowBefore(spec, firstRecord(spec).status);

const rowBefore = (spec: JobSpec, status: JobStatus): JobTable => ({
  id: spec.id,
  type: spec.type,
  queue: spec.queue,
  pool: spec.pool,
  status,
  workflow_status: status,
  attempts_ended: 0,
  last_started: 0,
  rev: 0,
  priority: spec.priority,
  effective_priority: spec.priority,
  band: null,
  forced: 0,
  held: 0,
  failed_over: 0,
  halts: 0,
  losses: 0,
  failures: 0,
  progress: null,
  payload: JSON.stringify(spec.payload),
  result: null,
  error: null,
  steps: JSON.stringify(spec.steps.map((step) => ({ ...step, status: 'PENDING' }))),
  rollback: null,
  options: JSON.stringify(spec.options),
  tags: JSON.stringify(spec.tags),
  metadata: JSON.stringify(spec.metadata),
  reason_code: null,
  reason_message: null,
  abort_requested_at: null,
  abort_grace_ms: null,
  created_at: spec.createdAt,
  starts_at: null,
  queued_at: null,
  band_since: null,
  gate: null,
  in_line_paused: 0,
  age_after_ms: spec.options.ageAfterMs,
  ages_at: null,
  started_at: null,
  finished_at: null,
  version: 0,
});

const KNOWN = ['rev', 'status', 'attempts_ended', 'last_started', 'starts_at', 'queued_at', 'band', 'band_since', 'age_after_ms'] as const;
const ROWS_AT_ONCE = 100;
