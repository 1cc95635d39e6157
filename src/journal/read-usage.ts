import { type Kysely, type Selectable, sql } from 'kysely';
import type { Tables, UsageSampleTable } from './tables.ts';

export type UsageRow = Selectable<UsageSampleTable>;

/** One attempt's samples, oldest first. */
export function readUsage(db: Kysely<Tables>, where: { jobId: string; number: number; after: number; limit: number }): Promise<UsageRow[]> {
  return db
    .selectFrom('usage_sample')
    .selectAll()
    .where('job_id', '=', where.jobId)
    .where('attempt', '=', where.number)
    .where('at', '>', where.after)
    .orderBy('at')
    .limit(where.limit)
    .execute();
}

/** The samples of all of a job's attempts after one of them, oldest first. */
export function readJobUsage(
  db: Kysely<Tables>,
  where: { jobId: string; after: Pick<UsageRow, 'attempt' | 'at'>; limit: number },
): Promise<UsageRow[]> {
  const { attempt, at } = where.after;
  return db
    .selectFrom('usage_sample')
    .selectAll()
    .where('job_id', '=', where.jobId)
    .where(sql<boolean>`(attempt, at) > (${attempt}, ${at})`)
    .orderBy('attempt')
    .orderBy('at')
    .limit(where.limit)
    .execute();
}
