import { type Kysely, sql } from 'kysely';
import type { BulkSpec } from '../job/bulk.ts';
import type { Entry } from './entries.ts';
import { type JobFilter, matching } from './read-jobs.ts';
import type { Tables } from './tables.ts';

type Db = Kysely<Tables>;
type Told<Kind> = Extract<Entry, { kind: Kind }>;

/**
 * Finds the jobs a bulk operation is about, all at one moment: what they become later, by it or by themselves, changes
 * neither their number nor whose turn it is. Told again, nothing is found again.
 */
export async function beginBulk(db: Db, { id, action, filter, startedAt }: BulkSpec): Promise<void> {
  const known = await db.selectFrom('bulk_operation').select('id').where('id', '=', id).executeTakeFirst();
  if (known) return;
  await forgetOld(db, startedAt - KEPT_MS);
  const found = db
    .selectFrom('job')
    .select([sql<string>`${id}`.as('operation_id'), 'job.id as job_id'])
    .where((where) => matching(where, filterOf(filter)));
  const { numInsertedOrUpdatedRows: matched } = await db
    .insertInto('bulk_item')
    .columns(['operation_id', 'job_id'])
    .expression(found)
    .executeTakeFirstOrThrow();
  await db
    .insertInto('bulk_operation')
    .values({ id, action, status: 'RUNNING', matched: Number(matched), done: 0, failed: 0, started_at: startedAt, finished_at: null })
    .execute();
}

/** How far it is: only forward, though one that was cut off deals with some of its jobs again. Keeps its first {@link MAX_ERRORS} errors. */
export async function progressBulk(db: Db, { id, counts, errors }: Told<'bulkProgress'>): Promise<void> {
  await db
    .updateTable('bulk_operation')
    .set(counts)
    .where('id', '=', id)
    .where('status', '=', 'RUNNING')
    .where(sql<boolean>`done + failed <= ${counts.done + counts.failed}`)
    .execute();
  if (errors.length === 0) return;
  const { kept } = await db
    .selectFrom('bulk_error')
    .select(({ fn }) => fn.countAll<number>().as('kept'))
    .where('operation_id', '=', id)
    .executeTakeFirstOrThrow();
  for (const { jobId, error } of errors.slice(0, Math.max(0, MAX_ERRORS - Number(kept)))) {
    await db
      .insertInto('bulk_error')
      .values({ ...error, operation_id: id, job_id: jobId, path: error.path && JSON.stringify(error.path) })
      .onConflict((on) => on.doNothing())
      .execute();
  }
}

export async function endBulk(db: Db, { id, status, at }: Told<'bulkEnded'>): Promise<void> {
  await db.updateTable('bulk_operation').set({ status, finished_at: at }).where('id', '=', id).where('status', '=', 'RUNNING').execute();
  await db.deleteFrom('bulk_item').where('operation_id', '=', id).execute();
}

async function forgetOld(db: Db, before: number): Promise<void> {
  const old = db.selectFrom('bulk_operation').select('id').where('finished_at', '<', before);
  await db.deleteFrom('bulk_error').where('operation_id', 'in', old).execute();
  await db.deleteFrom('bulk_operation').where('finished_at', '<', before).execute();
}

/** A filter as it was before it went through Temporal. */
export function filterOf(filter: BulkSpec['filter']): JobFilter {
  const moments = MOMENTS.flatMap((key) => (typeof filter[key] === 'string' ? [[key, new Date(filter[key])]] : []));
  return { ...filter, ...Object.fromEntries(moments) } as JobFilter;
}

const MOMENTS = ['createdAfter', 'createdBefore', 'finishedAfter', 'finishedBefore'];
export const MAX_ERRORS = 1_000;
/** A week after its end a bulk operation is forgotten. */
const KEPT_MS = 7 * 86_400_000;
