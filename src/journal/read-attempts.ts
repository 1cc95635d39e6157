import type { Kysely, Selectable } from 'kysely';
import type { AttemptTable, Tables } from './tables.ts';

export type AttemptRow = Selectable<AttemptTable>;

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
