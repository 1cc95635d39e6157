import { sql, type ExpressionBuilder, type Kysely, type Selectable } from 'kysely';
import { FINAL_STATUSES, JOB_STATUSES, type JobStatus, type ReasonCode } from '../job/status.ts';
import type { AttemptTable, JobTable, Tables } from './tables.ts';

export type JobRow = Selectable<JobTable>;
export type AttemptRow = Selectable<AttemptTable>;

/** Which jobs are meant: all that is set must hold. */
export type JobFilter = {
  ids?: readonly string[] | null | undefined;
  idPrefix?: string | null | undefined;
  status?: readonly JobStatus[] | null | undefined;
  reason?: readonly ReasonCode[] | null | undefined;
  type?: readonly string[] | null | undefined;
  queue?: readonly string[] | null | undefined;
  pool?: readonly string[] | null | undefined;
  tagsAll?: readonly string[] | null | undefined;
  tagsAny?: readonly string[] | null | undefined;
  text?: string | null | undefined;
  priorityMin?: number | null | undefined;
  priorityMax?: number | null | undefined;
  forced?: boolean | null | undefined;
  haltsMin?: number | null | undefined;
  createdAfter?: Date | null | undefined;
  createdBefore?: Date | null | undefined;
  finishedAfter?: Date | null | undefined;
  finishedBefore?: Date | null | undefined;
  workerId?: string | null | undefined;
};

export type OrderField = 'CREATED_AT' | 'STARTED_AT' | 'FINISHED_AT' | 'PRIORITY' | 'DURATION';
export type JobPage = {
  orderBy: { field: OrderField; direction: 'ASC' | 'DESC' };
  limit: number;
  after?: { value: number; id: string } | undefined;
};

type Where = ExpressionBuilder<Tables, 'job'>;

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

/** How many stand before this one in its pool's line, itself included. */
export async function placeInLine(db: Kysely<Tables>, { pool, band, band_since, id }: JobRow): Promise<number> {
  const { count } = await db
    .selectFrom('job')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('status', '=', 'QUEUED')
    .where('pool', '=', pool)
    // Who waits at a gate, or is paused with its queue, does not stand before anybody.
    .where('gate', 'is', null)
    .where('in_line_paused', '=', 0)
    .where(sql<boolean>`(band, band_since, id) <= (${band}, ${band_since}, ${id})`)
    .executeTakeFirstOrThrow();
  return Number(count);
}

export function readAttempts(db: Kysely<Tables>, jobId: string, page: { after: number; limit: number }): Promise<AttemptRow[]> {
  return db
    .selectFrom('attempt')
    .selectAll()
    .where('job_id', '=', jobId)
    .where('number', '>', page.after)
    .orderBy('number')
    .limit(page.limit)
    .execute();
}

export function readAttempt(db: Kysely<Tables>, jobId: string, number: number): Promise<AttemptRow | undefined> {
  return db.selectFrom('attempt').selectAll().where('job_id', '=', jobId).where('number', '=', number).executeTakeFirst();
}

export function readStepAttempts(db: Kysely<Tables>, jobId: string): Promise<AttemptRow[]> {
  return db.selectFrom('attempt').selectAll().where('job_id', '=', jobId).where('step', 'is not', null).orderBy('number').execute();
}

/** The last attempt of each job that has one. */
export function readLastAttempts(db: Kysely<Tables>, jobIds: readonly string[]): Promise<AttemptRow[]> {
  return db
    .selectFrom('attempt')
    .selectAll('attempt')
    .innerJoin('job', (join) => join.onRef('job.id', '=', 'attempt.job_id').onRef('job.last_started', '=', 'attempt.number'))
    .where('job.id', 'in', jobIds)
    .execute();
}

export function readRunningAttempts(db: Kysely<Tables>, workerIds: readonly string[]): Promise<AttemptRow[]> {
  return db
    .selectFrom('attempt')
    .selectAll()
    .where('worker_id', 'in', workerIds)
    .where('finished_at', 'is', null)
    .orderBy('started_at')
    .execute();
}

/** The filter as a condition on the table `job`. */
export function matching(where: Where, filter: JobFilter) {
  const all = [];
  if (filter.ids) all.push(where('id', 'in', filter.ids));
  if (filter.idPrefix) all.push(where('id', '>=', filter.idPrefix), where('id', '<', filter.idPrefix + '\uffff'));
  if (filter.status) all.push(where('status', 'in', filter.status));
  if (filter.reason) all.push(where('reason_code', 'in', filter.reason));
  if (filter.type) all.push(where('type', 'in', filter.type));
  if (filter.queue) all.push(where('queue', 'in', filter.queue));
  if (filter.pool) all.push(where('pool', 'in', filter.pool));
  for (const tag of filter.tagsAll ?? []) all.push(tagged(where, [tag]));
  if (filter.tagsAny) all.push(tagged(where, filter.tagsAny));
  if (filter.text) {
    const like = `%${filter.text.replace(/[\\%_]/g, '\\$&')}%`;
    all.push(sql<boolean>`(id like ${like} escape '\\' or type like ${like} escape '\\' or reason_message like ${like} escape '\\')`);
  }
  if (typeof filter.priorityMin === 'number') all.push(where('priority', '>=', filter.priorityMin));
  if (typeof filter.priorityMax === 'number') all.push(where('priority', '<=', filter.priorityMax));
  if (typeof filter.forced === 'boolean') all.push(where('forced', '=', filter.forced ? 1 : 0));
  if (typeof filter.haltsMin === 'number') all.push(where('halts', '>=', filter.haltsMin));
  if (filter.createdAfter) all.push(where('created_at', '>', filter.createdAfter.getTime()));
  if (filter.createdBefore) all.push(where('created_at', '<', filter.createdBefore.getTime()));
  if (filter.finishedAfter) all.push(where('finished_at', '>', filter.finishedAfter.getTime()));
  if (filter.finishedBefore) all.push(where('finished_at', '<', filter.finishedBefore.getTime()));
  if (filter.workerId) {
    all.push(
      where.exists(
        where.selectFrom('attempt').select('number').whereRef('attempt.job_id', '=', 'job.id').where('worker_id', '=', filter.workerId),
      ),
    );
  }
  return where.and(all);
}

const tagged = (where: Where, tags: readonly string[]) =>
  where.exists(where.selectFrom('job_tag').select('tag').whereRef('job_tag.job_id', '=', 'job.id').where('tag', 'in', tags));

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
