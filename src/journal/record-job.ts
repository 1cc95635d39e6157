import type { Kysely } from 'kysely';
import { agesAt } from '../job/ageing.ts';
import { isFinal, shownStatus, type JobStatus, type ReasonCode } from '../job/status.ts';
import { firstRecord, isNewInLine } from '../job/record.ts';
import type { JobRecord, JobSpec } from '../job/spec.ts';
import { isForgotten } from './forget-job.ts';
import { appendEvents, recordEvent } from './record-event.ts';
import { endAttempt } from './record-attempt.ts';
import { firstRow, insertJob } from './job-row.ts';
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
  if (record.ended) {
    // Told again, it is not about an attempt of that number that has begun since, of a job that was reset or run again.
    const ofOld = known && known.rev >= rev ? { startedAt: record.at } : {};
    await endAttempt(db, { jobId, at: record.at, ...record.ended, ...ofOld }, known?.status as JobStatus | undefined);
  }
  const row = known ?? (record.spec && (await firstRow(db, record.spec)));
  // No row and no way to make one: the reconciler finds the job by its workflow.
  if (!row) return;
  const status = shownStatus(record.status, record.attemptsEnded, row.last_started);
  const version = await appendEvents(
    db,
    record.events.map(({ kind, detail }, index) => ({ jobId, key: `w${record.key}.${index}`, at: record.at, kind, status, detail })),
  );
  for (const { kind, detail } of record.events) {
    if (kind === 'DEPENDENCY_ENDED') await recordTold(db, jobId, (detail as { id: string }).id);
  }
  const changes = { ...(row.rev < rev ? changesOf(record, row, status) : {}), ...(version === undefined ? {} : { version }) };
  if (!known && record.spec) await insertJob(db, { ...(row as JobTable), ...changes }, record.spec);
  else if (Object.keys(changes).length > 0) await db.updateTable('job').set(changes).where('id', '=', jobId).execute();
}

export async function recordTold(db: Db, jobId: string, dependency: string): Promise<void> {
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
  // Whoever is moved, or comes back, stands at the tail; so does who has waited at a gate, but ages by all of its time in the band.
  const isMoved = record.band !== row.band || isNewInLine(record);
  const isLetIn = row.gate !== null && record.gate === undefined;
  const bandSince = record.band === null ? null : isMoved || isLetIn ? record.at : row.band_since;
  const due = agesAt({ band: status === 'QUEUED' ? record.band : null, bandSince, ageAfterMs: row.age_after_ms });
  return {
    rev: record.rev,
    status,
    workflow_status: record.status,
    attempts_ended: record.attemptsEnded,
    ...lastStartedOf(record, row),
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
    ages_at: due === null || isMoved ? due : (row.ages_at ?? due),
    abort_requested_at: record.abortRequestedAt ?? null,
    reason_code: record.reason?.code ?? null,
    reason_message: record.reason?.message ?? null,
    error: record.error ? JSON.stringify(record.error) : null,
    result: record.result === undefined ? null : JSON.stringify(record.result),
    finished_at: record.finishedAt ?? null,
  };
}

function lastStartedOf({ attemptsEnded, ended }: JobRecord, row: Pick<JobTable, 'attempts_ended' | 'last_started'>): Partial<JobTable> {
  // A job that was reset in Temporal knows of fewer attempts than before.
  if (attemptsEnded < row.attempts_ended) return { last_started: attemptsEnded };
  // Its worker may be slower to tell of its start than the workflow of its end. One that was aborted may have been in line.
  return ended && ended.outcome !== 'ABORTED' && ended.number > row.last_started ? { last_started: ended.number } : {};
}

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

const KNOWN = [
  'rev',
  'status',
  'attempts_ended',
  'last_started',
  'starts_at',
  'queued_at',
  'gate',
  'band',
  'band_since',
  'age_after_ms',
  'ages_at',
] as const;
