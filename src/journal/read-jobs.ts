import { sql, type Kysely, type Selectable } from 'kysely';
import { FINAL_STATUSES, JOB_STATUSES, type JobStatus } from '../job/status.ts';
import { type JobFilter, matching } from './job-filter.ts';
import type { JobTable, Tables } from './tables.ts';

export type JobRow = Selectable<JobTable>;

export type OrderField = 'CREATED_AT' | 'STARTED_AT' | 'FINISHED_AT' | 'PRIORITY' | 'DURATION';
export type JobPage = {
  orderBy: { field: OrderField; direction: 'ASC' | 'DESC' };
  limit: number;
  after?: { value: number; id: string } | undefined;
};

/** The jobs by id, in the order asked, undefined where there is none. */
export async function readJobsById(db: Kysely<Tables>, ids: readonly string[]): Promise<(JobRow | undefined)[]> {
  const rows = await db.selectFrom('job').selectAll().where('id', 'in', ids).execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id));
}

/** One page by a sort value and then id, so that a page stays where it is while jobs come and go. */
export function readJobs(db: Kysely<Tables>, filter: JobFilter, page: JobPage): Promise<(JobRow & { sort: number })[]> {
  const value = sortValue(page.orderBy.field);
  const direction = page.orderBy.direction === 'ASC' ? 'asc' : 'desc';
  const compare = sql.raw(direction === 'asc' ? '>' : '<');
  const { after } = page;
  let query = db
    .selectFrom('job')
    .selectAll()
    .select(value.as('sort'))
    .where((where) => matching(where, filter));
  if (after) query = query.where(sql<boolean>`(${value}, id) ${compare} (${after.value}, ${after.id})`);
  return query.orderBy(value, direction).orderBy('id', direction).limit(page.limit).execute();
}

export async function countJobs(db: Kysely<Tables>, filter: JobFilter): Promise<Record<JobStatus, number>> {
  const rows = await db
    .selectFrom('job')
    .select(['status', ({ fn }) => fn.countAll<number>().as('count')])
    .where((where) => matching(where, filter))
    .groupBy('status')
    .execute();
  const counts = Object.fromEntries(JOB_STATUSES.map((status) => [status, 0])) as Record<JobStatus, number>;
  for (const row of rows) counts[row.status as JobStatus] = Number(row.count);
  return counts;
}

/** The jobs that have not ended, by id: what the reconciler compares with Temporal. */
export async function openJobIds(
  db: Kysely<Tables>,
  page: { after: string; limit: number },
): Promise<{ id: string; workflow_status: string; version: number }[]> {
  return db
    .selectFrom('job')
    .select(['id', 'workflow_status', 'version'])
    .where('status', 'not in', FINAL_STATUSES)
    .where('id', '>', page.after)
    .orderBy('id')
    .limit(page.limit)
    .execute();
}

/** The ids each of these jobs waits for, in no order. */
export function readDependencies(db: Kysely<Tables>, jobIds: readonly string[]): Promise<{ job_id: string; depends_on: string }[]> {
  return db.selectFrom('dependency').selectAll().where('job_id', 'in', jobIds).execute();
}

/** Who still waits for a job that is final: one that was terminated has told nobody. */
export function readUntold(db: Kysely<Tables>, limit: number): Promise<{ job_id: string; depends_on: string; status: string }[]> {
  return db
    .selectFrom('dependency')
    .innerJoin('job as waiting', 'waiting.id', 'dependency.job_id')
    .innerJoin('job as ended', 'ended.id', 'dependency.depends_on')
    .select(['dependency.job_id', 'dependency.depends_on', 'ended.status'])
    .where('waiting.status', 'in', ['WAITING', 'HELD'])
    .where('dependency.told', '=', 0)
    .where('ended.status', 'in', FINAL_STATUSES)
    .limit(limit)
    .execute();
}

/** Who still waits for a job that the journal has no row of. */
export function readUnknown(db: Kysely<Tables>, limit: number): Promise<{ job_id: string; depends_on: string }[]> {
  return db
    .selectFrom('dependency')
    .innerJoin('job as waiting', 'waiting.id', 'dependency.job_id')
    .leftJoin('job as unknown', 'unknown.id', 'dependency.depends_on')
    .select(['dependency.job_id', 'dependency.depends_on'])
    .where('waiting.status', 'in', ['WAITING', 'HELD'])
    .where('dependency.told', '=', 0)
    .where('unknown.id', 'is', null)
    .limit(limit)
    .execute();
}

/** Whether a job waits for this final one and has not been told of its end. */
export async function isAwaited(db: Kysely<Tables>, jobId: string): Promise<boolean> {
  const waiting = await db
    .selectFrom('dependency')
    .innerJoin('job', 'job.id', 'dependency.job_id')
    .select('job.id')
    .where('dependency.depends_on', '=', jobId)
    // Also one that has been told: its handler is given what this one has returned.
    .where('job.status', 'not in', FINAL_STATUSES)
    .executeTakeFirst();
  return waiting !== undefined;
}

/** Jobs that wait for this one, by id. */
export function readDependants(db: Kysely<Tables>, jobId: string, page: { after: string; limit: number }): Promise<JobRow[]> {
  return db
    .selectFrom('job')
    .selectAll('job')
    .innerJoin('dependency', 'dependency.job_id', 'job.id')
    .where('dependency.depends_on', '=', jobId)
    .where('job.id', '>', page.after)
    .orderBy('job.id')
    .limit(page.limit)
    .execute();
}

/** How many stand before this one in its pool's line, itself included, undos too. */
export async function placeInLine(db: Kysely<Tables>, { pool, band, band_since, id }: JobRow): Promise<number> {
  const { count } = await db
    .selectFrom('job')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('pool', '=', pool)
    .where(IN_LINE)
    .where(sql<boolean>`(band, band_since, id) <= (${band}, ${band_since}, ${id})`)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** The first of a pool's line, in its order. */
export async function headOfLine(db: Kysely<Tables>, pool: string, atMost: number): Promise<string[]> {
  const rows = await db
    .selectFrom('job')
    .select('id')
    .where('pool', '=', pool)
    .where(IN_LINE)
    .orderBy('band')
    .orderBy('band_since')
    .orderBy('id')
    .limit(atMost)
    .execute();
  return rows.map(({ id }) => id);
}

/** Jobs without the value come last in both directions' natural place: as if it were the oldest, the shortest. */
function sortValue(field: OrderField) {
  switch (field) {
    case 'CREATED_AT':
      return sql<number>`created_at`;
    case 'STARTED_AT':
      return sql<number>`coalesce(started_at, 0)`;
    case 'FINISHED_AT':
      return sql<number>`coalesce(finished_at, 0)`;
    case 'PRIORITY':
      return sql<number>`priority`;
    case 'DURATION':
      return sql<number>`coalesce(finished_at - started_at, 0)`;
  }
}

/**
 * Who stands in Temporal's line, in the words of the index job_line: SQLite takes it for no others. Not who waits at a gate or is
 * paused with its queue; nor an undo that runs, which has the status and the band of one that waits.
 */
const IN_LINE = sql<boolean>`gate is null and in_line_paused <> 1 and (status = 'QUEUED' or (status = 'ROLLING_BACK' and last_started <= attempts_ended))`;
