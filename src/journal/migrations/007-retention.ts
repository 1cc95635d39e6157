import { type Kysely, sql } from 'kysely';

/** Jobs that are kept no longer. */
export async function up(db: Kysely<never>): Promise<void> {
  // the pruner: the jobs that ended first
  await sql.raw('create index job_finished on job (finished_at) where finished_at is not null').execute(db);
}
