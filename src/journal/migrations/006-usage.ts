import { type Kysely, sql } from 'kysely';

/** What attempts have used. */
export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // jobUsage(jobId), Attempt.usage; the key is what a cursor carries
  `create table usage_sample (
    job_id text not null, attempt integer not null, at bigint not null, memory_bytes bigint not null, cpu_percent double precision not null, cpu_seconds double precision not null,
    primary key (job_id, attempt, at))`,
  `alter table attempt add column peak_memory_bytes bigint`,
  `alter table attempt add column cpu_seconds double precision`,
];
