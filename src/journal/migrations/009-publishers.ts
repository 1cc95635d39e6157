import { type Kysely, sql } from 'kysely';

/** Who has published a type, and when: the workers of a pool need not have the same ones. */
export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `create table published_type (
    name text not null, pool text not null, worker_id text not null, published_at bigint not null, definition text not null,
    primary key (name, pool, worker_id))`,
  // By nobody who lives: they serve until a worker of their pool publishes its own.
  `insert into published_type select name, pool, '', 0, definition from job_type`,
  `drop table job_type`,
  `alter table published_type rename to job_type`,
];
