import { type Kysely, sql } from 'kysely';

/** Bulk operations, the jobs they are about while they run, and what they could not do. */
export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `create table bulk_operation (
    id text primary key, action text not null, status text not null, matched integer not null, done integer not null, failed integer not null,
    started_at bigint not null, finished_at bigint)`,
  `create table bulk_item (operation_id text not null, job_id text not null, primary key (operation_id, job_id))`,
  `create table bulk_error (
    operation_id text not null, job_id text not null, code text not null, message text not null, path text, rule text, primary key (operation_id, job_id))`,
];
