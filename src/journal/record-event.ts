import type { Kysely } from 'kysely';
import type { Json } from '../index.ts';
import type { JobEventKind, JobStatus } from '../job/status.ts';
import type { Tables } from './tables.ts';

export type NewEvent = { jobId: string; key: string; at: number; kind: JobEventKind; status: JobStatus; detail?: Json | undefined };

/**
 * Appends to the feed, each once per key. The caller moves the job's version to the seq: in one statement with what else
 * it changes, for these are the writes every job pays for.
 *
 * @returns the seq of the last one that is new; undefined when all of them stood there already.
 */
export async function appendEvents(db: Kysely<Tables>, events: readonly NewEvent[]): Promise<number | undefined> {
  if (events.length === 0) return undefined;
  const added = await db
    .insertInto('event')
    .values(
      events.map(({ jobId, detail, ...event }) => ({
        job_id: jobId,
        ...event,
        detail: detail === undefined ? null : JSON.stringify(detail),
      })),
    )
    .onConflict((on) => on.doNothing())
    .returning('seq')
    .execute();
  return added.at(-1)?.seq;
}

/**
 * Appends one event and moves the job's version to it.
 *
 * @returns false when it stood there already.
 */
export async function recordEvent(db: Kysely<Tables>, event: NewEvent): Promise<boolean> {
  const version = await appendEvents(db, [event]);
  if (version !== undefined) await db.updateTable('job').set({ version }).where('id', '=', event.jobId).execute();
  return version !== undefined;
}
