import { type Kysely, sql } from 'kysely';

/** What an attempt's handler and hooks have noted on it. */
export async function up(db: Kysely<never>): Promise<void> {
  await sql.raw(`alter table attempt add column annotations text`).execute(db);
}
