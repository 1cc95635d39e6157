import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from './sqlite.ts';
import * as first from './migrations/001-first.ts';
import * as waitsAndSteps from './migrations/002-waits-and-steps.ts';
import * as bulk from './migrations/003-bulk.ts';
import * as ageing from './migrations/004-ageing.ts';
import * as gates from './migrations/005-gates.ts';
import * as usage from './migrations/006-usage.ts';
import * as retention from './migrations/007-retention.ts';
import * as annotations from './migrations/008-annotations.ts';
import * as publishers from './migrations/009-publishers.ts';
import * as exactPlace from './migrations/010-exact-place.ts';

/** In order, never changed once released: the journal's version is how many of them it has seen. */
const MIGRATIONS = [first, waitsAndSteps, bulk, ageing, gates, usage, retention, annotations, publishers, exactPlace];
export const JOURNAL_VERSION = MIGRATIONS.length;

/**
 * Brings the journal to this program's version. The first process does it under the file's write lock, the others wait.
 *
 * @returns the journal's id: another one after the file was made anew.
 * @throws JournalTooNew when a newer program has written it.
 */
export async function migrate({ db, sqlite }: Database): Promise<string> {
  sqlite.exec('begin immediate');
  try {
    await sql`create table if not exists meta (key text primary key, value text not null)`.execute(db);
    const meta = new Map((await db.selectFrom('meta').selectAll().execute()).map((row) => [row.key, row.value]));
    const version = Number(meta.get('version') ?? 0);
    if (version > JOURNAL_VERSION) throw new JournalTooNew(version);
    for (const step of MIGRATIONS.slice(version)) await step.up(db as never);
    const id = meta.get('id') ?? randomBytes(6).toString('hex');
    if (!meta.has('id')) {
      const now = Date.now();
      await sql`insert into meta (key, value) values ('id', ${id}), ('version', ${String(JOURNAL_VERSION)}), ('misses_before', ${String(now)})`.execute(
        db,
      );
      // A new journal's seqs start at the time in µs: no job's version falls when the journal is rebuilt, and no cursor of the
      // one before it passes what is new.
      await sql`insert into sqlite_sequence (name, seq) values ('event', ${now * 1_000}), ('log_line', ${now * 1_000})`.execute(db);
    } else if (version < JOURNAL_VERSION) {
      await db
        .updateTable('meta')
        .set({ value: String(JOURNAL_VERSION) })
        .where('key', '=', 'version')
        .execute();
    }
    sqlite.exec('commit');
    return id;
  } catch (error) {
    if (sqlite.isTransaction) sqlite.exec('rollback');
    throw error;
  }
}

export class JournalTooNew extends Error {
  override name = 'JournalTooNew';
  constructor(found: number) {
    super(
      `the journal has version ${found}, this program knows up to ${JOURNAL_VERSION}: start the newer Millrace, or give this one another MILLRACE_JOURNAL`,
    );
  }
}
