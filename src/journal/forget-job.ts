import type { Kysely } from 'kysely';
import type { JobSpec } from '../job/spec.ts';
import type { JobStatus } from '../job/status.ts';
import type { Entry } from './entries.ts';
import { appendEvents } from './record-event.ts';
import type { Tables } from './tables.ts';

/**
 * Takes a deleted job out of the journal. Its last event, DELETED, stays: by it subscribers learn of it, and by its key a
 * record that comes late is known to be of a job that is gone.
 */
export async function forgetJob(
  db: Kysely<Tables>,
  { jobId, createdAt, at, finishedBefore }: Omit<Extract<Entry, { kind: 'deleted' }>, 'kind'>,
): Promise<void> {
  const row = await db
    .selectFrom('job')
    .select(['status', 'tags'])
    .where('id', '=', jobId)
    .where('created_at', '=', createdAt)
    .$if(finishedBefore !== undefined, (query) => query.where('finished_at', '<', finishedBefore!))
    .executeTakeFirst();
  if (!row) return;
  const tags = JSON.parse(row.tags) as string[];
  if (tags.length > 0) await db.deleteFrom('job_tag').where('tag', 'in', tags).where('job_id', '=', jobId).execute();
  for (const table of ['dependency', 'attempt', 'log_line', 'usage_sample'] as const)
    await db.deleteFrom(table).where('job_id', '=', jobId).execute();
  await db.deleteFrom('event').where('job_id', '=', jobId).where('kind', '<>', 'DELETED').execute();
  await db.deleteFrom('job').where('id', '=', jobId).execute();
  await appendEvents(db, [{ jobId, key: keyOf(createdAt), at, kind: 'DELETED', status: row.status as JobStatus }]);
}

/** Whether this very job was deleted, whoever has its id now. */
export async function isForgotten(db: Kysely<Tables>, { id, createdAt }: JobSpec): Promise<boolean> {
  const deleted = await db
    .selectFrom('event')
    .select('seq')
    .where('job_id', '=', id)
    .where('key', '=', keyOf(createdAt))
    .executeTakeFirst();
  return deleted !== undefined;
}

/** When the last job of this id was deleted, as long as the feed has it. */
export async function readDeletedAt(db: Kysely<Tables>, jobId: string): Promise<number | undefined> {
  const deleted = await db
    .selectFrom('event')
    .select(({ fn }) => fn.max('at').as('at'))
    .where('job_id', '=', jobId)
    .where('kind', '=', 'DELETED')
    .executeTakeFirst();
  return deleted?.at ?? undefined;
}

/** An id is given again; the time of its creation tells one job from the next. */
const keyOf = (createdAt: number): string => `deleted.${createdAt}`;
