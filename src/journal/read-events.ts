import { sql, type Kysely, type Selectable } from 'kysely';
import { prunedTo } from './prune.ts';
import type { EventTable, LogLineTable, Tables } from './tables.ts';

export type EventRow = Selectable<EventTable>;
export type LogLineRow = Selectable<LogLineTable>;

/** The feed, oldest first, after a seq. `own`: without the end of deleted jobs that had the same id before. */
export function readEvents(
  db: Kysely<Tables>,
  where: { jobId?: string | undefined; own?: boolean; after: number; limit: number },
): Promise<EventRow[]> {
  let query = db.selectFrom('event').selectAll().where('seq', '>', where.after).orderBy('seq').limit(where.limit);
  if (where.jobId !== undefined) query = query.where('job_id', '=', where.jobId);
  if (where.own) query = query.where('kind', '<>', 'DELETED');
  return query.execute();
}

/** The last seq that was given; in a journal without events the one before the first. */
export async function lastEventSeq(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ seq: number }>`select seq from sqlite_sequence where name = 'event'`.execute(db);
  return Number(rows[0]?.seq ?? 0);
}

/** Whether all that came after a seq is still kept, but for the events of deleted jobs; none is kept from another journal's seq on. */
export async function isKeptSince(db: Kysely<Tables>, seq: number): Promise<boolean> {
  return seq >= (await prunedTo(db)) && seq <= (await lastEventSeq(db));
}

/** Whether a job's events are kept from its first one on; so it is for a job that is not known. */
export async function hasFirstEvent(db: Kysely<Tables>, jobId: string): Promise<boolean> {
  const job = db.selectFrom('job').select('id').where('id', '=', jobId);
  const created = db.selectFrom('event').select('seq').where('job_id', '=', jobId).where('kind', '=', 'CREATED');
  return !(await job.executeTakeFirst()) || (await created.executeTakeFirst()) !== undefined;
}

/** Whether anything is kept of what a job has told since a time. */
export async function hasToldSince(db: Kysely<Tables>, jobId: string, time: number): Promise<boolean> {
  const told = db.selectFrom('event').select('seq').where('job_id', '=', jobId).where('at', '>=', time);
  return (await told.executeTakeFirst()) !== undefined;
}

/** A job's output, oldest first, after a seq; with the counts of lines left out that no line carries where they are wanted. */
export function readLog(
  db: Kysely<Tables>,
  where: { jobId: string; attempt?: number | null | undefined; after: number; limit: number; counts?: boolean },
): Promise<LogLineRow[]> {
  let query = db
    .selectFrom('log_line')
    .selectAll()
    .where('job_id', '=', where.jobId)
    .where('seq', '>', where.after)
    .orderBy('seq')
    .limit(where.limit);
  if (typeof where.attempt === 'number') query = query.where('attempt', '=', where.attempt);
  if (!where.counts) query = query.where('stream', '<>', 'DROPPED');
  return query.execute();
}
