import { sql, type Kysely, type Selectable } from 'kysely';
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

export async function firstEventSeq(db: Kysely<Tables>): Promise<number> {
  const row = await db
    .selectFrom('event')
    .select(({ fn }) => fn.min('seq').as('seq'))
    .executeTakeFirst();
  return Number(row?.seq ?? 0);
}

/** A job's output, oldest first, after a seq. */
export function readLog(
  db: Kysely<Tables>,
  where: { jobId: string; attempt?: number | null | undefined; after: number; limit: number },
): Promise<LogLineRow[]> {
  let query = db
    .selectFrom('log_line')
    .selectAll()
    .where('job_id', '=', where.jobId)
    .where('seq', '>', where.after)
    .orderBy('seq')
    .limit(where.limit);
  if (typeof where.attempt === 'number') query = query.where('attempt', '=', where.attempt);
  return query.execute();
}
