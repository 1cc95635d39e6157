import { type Kysely, sql } from 'kysely';

/** When a job in line is due to move up, and what it counts as. */
export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `alter table job add column effective_priority integer not null default 1`,
  `update job set effective_priority = priority`,
  // What jobs of before are given, too.
  `alter table job add column age_after_ms bigint not null default 600000`,
  `alter table job add column ages_at bigint`,
  `update job set ages_at = band_since + age_after_ms where status = 'QUEUED' and band > 6`,
  // the jobs of a band that are due next
  `create index job_ages on job (pool, band, ages_at) where ages_at is not null`,
  // the shortest ageAfter in line: nearly always empty, so that it costs nothing to keep or to look at
  `create index job_ages_soon on job (age_after_ms) where ages_at is not null and age_after_ms < 30000`,
];
