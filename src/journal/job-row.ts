import type { Kysely } from 'kysely';
import { firstRecord } from '../job/record.ts';
import type { JobSpec } from '../job/spec.ts';
import type { JobStatus } from '../job/status.ts';
import type { JobTable, Tables } from './tables.ts';

type Db = Kysely<Tables>;

/** A worker may have been quicker to tell of the first attempt than anybody of the job. */
export async function firstRow(db: Db, spec: JobSpec): Promise<JobTable> {
  const started = await db
    .selectFrom('attempt')
    .select(({ fn }) => [fn.max('number').as('last'), fn.min('started_at').as('first_at')])
    .where('job_id', '=', spec.id)
    .executeTakeFirst();
  return { ...rowOf(spec), last_started: started?.last ?? 0, started_at: started?.first_at ?? null };
}

/** Makes a job's row, with its tags and what it waits for. */
export async function insertJob(db: Db, row: JobTable, { tags, dependencies }: JobSpec): Promise<void> {
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

const ROWS_AT_ONCE = 100;
