import { type Kysely, sql } from 'kysely';

/** Who stands in Temporal's line, undos too, and which attempts are proven gone. */
export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `drop index job_line`,
  // place in line: only who stands there is in it
  `create index job_line on job (pool, band, band_since, id)
    where gate is null and in_line_paused <> 1 and (status = 'QUEUED' or (status = 'ROLLING_BACK' and last_started <= attempts_ended))`,
  `alter table attempt add column processes_gone integer not null default 0`,
];
