import { type Kysely, sql } from 'kysely';

/** What a job waits for, its steps, and where it stands in line. */
export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `create table dependency (job_id text not null, depends_on text not null, told integer not null, primary key (job_id, depends_on))`,
  // Job.dependants; the reconciler's look for those that were not told
  `create index dependency_of on dependency (depends_on)`,
  `alter table job add column held integer not null default 0`,
  `alter table job add column failed_over integer not null default 0`,
  `alter table job add column steps text not null default '[]'`,
  `alter table job add column rollback text`,
  `alter table job add column band_since bigint`,
  // place in line
  `create index job_line on job (pool, band, band_since) where status = 'QUEUED'`,
  `alter table attempt add column step text`,
  `alter table attempt add column undo integer not null default 0`,
];
