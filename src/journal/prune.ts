import { type Kysely, sql } from 'kysely';
import { FINAL_STATUSES } from '../job/status.ts';
import type { Entry, PrunedTable } from './entries.ts';
import type { Tables } from './tables.ts';

type Db = Kysely<Tables>;

/** Deletes rows, and notes how far the feed has no beginning any more: who comes back from before that has missed something. */
export async function prune(db: Db, { table, seqs, before }: Omit<Extract<Entry, { kind: 'pruned' }>, 'kind'>): Promise<void> {
  if (seqs.length === 0) return;
  let rows = db.deleteFrom(table).where(rowId, 'in', seqs);
  // A number that was free again may have been given to a younger row since it was read.
  if (before !== undefined) rows = rows.where('at', '<', before);
  await rows.execute();
  if (table !== 'event' || before === undefined) return;
  await raise(db, PRUNED_TO, Math.max(...seqs));
  await raise(db, PRUNED_BEFORE, before);
}

/** The last seq of the feed that was pruned; 0 where none was. */
export const prunedTo = (db: Db): Promise<number> => numberOf(db, PRUNED_TO);

/** Events of before that time may have been pruned; 0 where none were. */
export const prunedBefore = (db: Db): Promise<number> => numberOf(db, PRUNED_BEFORE);

/** When this journal was made: it does not know what Temporal had by then. undefined once it does. */
export async function missesBefore(db: Db): Promise<number | undefined> {
  return (await numberOf(db, MISSES_BEFORE)) || undefined;
}

export async function recordComplete(db: Db, journalId: string): Promise<void> {
  const own = db.selectFrom('meta').select('value').where('key', '=', 'id');
  if ((await own.executeTakeFirst())?.value === journalId) await db.deleteFrom('meta').where('key', '=', MISSES_BEFORE).execute();
}

/** The oldest rows after a seq. */
export const readOldest = (db: Db, table: PrunedTable, page: { after: number; limit: number }): Promise<{ seq: number; at: number }[]> =>
  db
    .selectFrom(table)
    .select([rowId.as('seq'), 'at'])
    .where(rowId, '>', page.after)
    .orderBy(rowId)
    .limit(page.limit)
    .execute();

/** Some rows of one job. */
export async function readSeqsOf(db: Db, table: PrunedTable, jobId: string, limit: number): Promise<number[]> {
  const rows = await db.selectFrom(table).select(rowId.as('seq')).where('job_id', '=', jobId).limit(limit).execute();
  return rows.map(({ seq }) => seq);
}

/** Jobs that ended before a time, the first to end first, but those that another one still waits for or has not been run with. */
export const readEndedBefore = (db: Db, time: number, limit: number): Promise<{ id: string; created_at: number }[]> =>
  db
    .selectFrom('job')
    .select(['id', 'created_at'])
    .where('finished_at', '<', time)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('dependency')
            .innerJoin('job as waiting', 'waiting.id', 'dependency.job_id')
            .select('dependency.job_id')
            .whereRef('dependency.depends_on', '=', 'job.id')
            .where('waiting.status', 'not in', FINAL_STATUSES),
        ),
      ),
    )
    .orderBy('finished_at')
    .limit(limit)
    .execute();

async function numberOf(db: Db, key: string): Promise<number> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst();
  return Number(row?.value ?? 0);
}

async function raise(db: Db, key: string, value: number): Promise<void> {
  if (value <= (await numberOf(db, key))) return;
  await db
    .insertInto('meta')
    .values({ key, value: String(value) })
    .onConflict((on) => on.column('key').doUpdateSet({ value: String(value) }))
    .execute();
}

/** The feed's and the log's `seq`; what SQLite numbers the rows of any other table by. */
const rowId = sql<number>`rowid`;
const PRUNED_TO = 'feed_pruned_to';
const PRUNED_BEFORE = 'feed_pruned_before';
const MISSES_BEFORE = 'misses_before';
