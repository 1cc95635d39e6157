import { sql, type Kysely } from 'kysely';
import type { GatePolicy } from '../job/gate.ts';
import type { Tables } from './tables.ts';

/** A queue's policy; undefined where it has never had one. */
export async function readPolicy(db: Kysely<Tables>, queue: string): Promise<GatePolicy | undefined> {
  const row = await db.selectFrom('queue').select(['paused', 'max_running']).where('name', '=', queue).executeTakeFirst();
  return row && { paused: row.paused === 1, limit: row.max_running };
}

/** Why an attempt may not start now; undefined where it may. */
export async function keptByQueue(
  db: Kysely<Tables>,
  attempt: { jobId: string; number: number },
  { queue, passedGate }: { queue: string; passedGate: boolean },
): Promise<'paused' | 'limited' | undefined> {
  const policy = await readPolicy(db, queue);
  if (!policy || (!policy.paused && policy.limit === null) || (await isForced(db, attempt))) return undefined;
  if (policy.paused) return 'paused';
  // Who was let in while the limit was higher may come too late.
  return passedGate && (await othersRunning(db, queue, attempt.jobId)) < policy.limit! ? undefined : 'limited';
}

/** Forced since this attempt was put in line, which does not know of it itself; not for one before it. */
async function isForced(db: Kysely<Tables>, { jobId, number }: { jobId: string; number: number }): Promise<boolean> {
  const row = await db.selectFrom('job').select(['forced', 'attempts_ended']).where('id', '=', jobId).executeTakeFirst();
  return row?.forced === 1 && row.attempts_ended === number - 1;
}

/** Without those that were forced, who pass a limit, and undos, which have a status of their own. */
async function othersRunning(db: Kysely<Tables>, queue: string, jobId: string): Promise<number> {
  const { count } = await db
    .selectFrom('job')
    .innerJoin('attempt', (on) => on.onRef('attempt.job_id', '=', 'job.id').onRef('attempt.number', '=', 'job.last_started'))
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('job.queue', '=', queue)
    .where('job.status', '=', 'RUNNING')
    .where('job.forced', '=', 0)
    .where('job.id', '<>', jobId)
    .where('attempt.finished_at', 'is', null)
    .executeTakeFirstOrThrow();
  return count;
}

/** The queues that have jobs or a policy, by name. */
export async function readQueueNames(db: Kysely<Tables>, page: { after: string; limit: number }): Promise<string[]> {
  const rows = await sql<{ name: string }>`
    select queue as name from job where queue > ${page.after} union select name from queue where name > ${page.after}
    order by name limit ${page.limit}`.execute(db);
  return rows.rows.map(({ name }) => name);
}

/** The policies that are in force now, by queue. */
export async function readPolicies(db: Kysely<Tables>): Promise<Map<string, GatePolicy>> {
  const rows = await db.selectFrom('queue').selectAll().execute();
  const inForce = rows.filter(({ paused, max_running }) => paused === 1 || max_running !== null);
  return new Map(inForce.map(({ name, paused, max_running }) => [name, { paused: paused === 1, limit: max_running }]));
}

/** The jobs that wait at a gate. */
export async function waitingAt(db: Kysely<Tables>, gate: string): Promise<string[]> {
  const rows = await db.selectFrom('job').select('id').where('gate', '=', gate).where('status', 'in', ['QUEUED', 'ROLLING_BACK']).execute();
  return rows.map(({ id }) => id);
}

export type InLine = { id: string; pool: string; attempts_ended: number };

/** Jobs of a queue that stand in the line, from its front: those that may be paused there, or those that may not. */
export function readLineOf(db: Kysely<Tables>, queue: string, paused: boolean, limit: number): Promise<InLine[]> {
  return (
    db
      .selectFrom('job')
      .select(['id', 'pool', 'attempts_ended'])
      .where('queue', '=', queue)
      .where('status', '=', 'QUEUED')
      .where('in_line_paused', 'in', paused ? [1, 2] : [0, 2])
      // A pause passes who is forced; what has been moved is moved back whatever it is by now.
      .$if(!paused, (query) => query.where('forced', '=', 0))
      .where('gate', 'is', null)
      .orderBy('band')
      .orderBy('band_since')
      .limit(limit)
      .execute()
  );
}

/** Those of the jobs that have been forced. */
export async function readForced(db: Kysely<Tables>, ids: readonly string[]): Promise<InLine[]> {
  if (ids.length === 0) return [];
  return db.selectFrom('job').select(['id', 'pool', 'attempts_ended']).where('id', 'in', ids).where('forced', '=', 1).execute();
}

export async function readRunningOf(db: Kysely<Tables>, queue: string): Promise<string[]> {
  const rows = await db.selectFrom('job').select('id').where('queue', '=', queue).where('status', '=', 'RUNNING').execute();
  return rows.map(({ id }) => id);
}

export type QueueStats = { finished: number; failed: number; runMs: number[]; waitMs: number[] };

/** Of the jobs that became final since a time: how many, and how long they ran and waited, sorted. */
export async function readStats(db: Kysely<Tables>, queue: string, since: number): Promise<QueueStats> {
  const rows = await db
    .selectFrom('job')
    .select(['status', 'queued_at', 'started_at', 'finished_at'])
    .where('queue', '=', queue)
    .where('finished_at', '>', since)
    .execute();
  const sorted = (values: (number | null)[]): number[] => values.filter((value) => value !== null).toSorted((a, b) => a - b);
  return {
    finished: rows.length,
    failed: rows.filter(({ status }) => status === 'FAILED').length,
    runMs: sorted(rows.map(({ started_at, finished_at }) => (started_at === null ? null : finished_at! - started_at))),
    waitMs: sorted(rows.map(({ started_at, queued_at }) => (started_at === null || queued_at === null ? null : started_at - queued_at))),
  };
}
