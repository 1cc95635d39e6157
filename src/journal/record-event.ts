import type { Kysely } from 'kysely';
import type { Json } from '../index.ts';
import type { JobEventKind, JobStatus } from '../job/status.ts';
import type { Tables } from './tables.ts';

type NewEvent = { jobId: string; key: string; at: number; kind: JobEventKind; status: JobStatus; detail?: Json | undefined };

/**
 * Appends to the feed, once per key, and moves the job's version to it.
 *
 * @returns false when it stood there already.
 */
export async function recordEvent(db: Kysely<Tables>, event: NewEvent): Promise<boolean> {
  const added = await db
    .insertInto('event')
    .values({
      job_id: event.jobId,
      key: event.key,
      at: event.at,
      kind: event.kind,
      status: event.status,
      detail: event.detail === undefined ? null : JSON.stringify(event.detail),
    })
    .onConflict((on) => on.doNothing())
    .returning('seq')
    .executeTakeFirst();
  if (added) await db.updateTable('job').set({ version: added.seq }).where('id', '=', event.jobId).execute();
  return added !== undefined;
}
