import { type Kysely, sql } from 'kysely';

/** Policies of queues, and who waits at a gate. */
export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `create table queue (name text primary key, paused integer not null, max_running integer)`,
  `alter table job add column gate text`,
  // taken out of the line in place, by the sweep of a paused queue
  `alter table job add column in_line_paused integer not null default 0`,
  // the sweep; Queue.counts and stats
  `create index job_queue on job (queue, status, band, band_since)`,
  `create index job_queue_finished on job (queue, finished_at)`,
];
