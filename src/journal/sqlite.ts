import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import type { Tables } from './tables.ts';

export type Database = { sqlite: DatabaseSync; db: Kysely<Tables>; close(): void };

/**
 * One connection to the journal's file. node:sqlite is synchronous: give the main thread only a `read` one, whose short
 * reads WAL never blocks; a `write` one waits for another process' lock up to `busyMs`, so it belongs in a thread of its own.
 */
export function openSqlite(file: string, mode: 'read' | 'write', busyMs = WRITE_BUSY_MS): Database {
  if (mode === 'write') makeWhereGone(file, busyMs);
  const sqlite = new DatabaseSync(file, { readOnly: mode === 'read', timeout: busyMs });
  if (mode === 'write') {
    // NORMAL keeps a WAL file consistent over a crash and may lose the last commits with the power: the reconciler repairs those.
    try {
      sqlite.exec('pragma journal_mode = wal; pragma synchronous = normal;');
    } catch (error) {
      sqlite.close();
      throw error;
    }
  }
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: preparing(sqlite) }) });
  return { sqlite, db, close: () => sqlite.close() };
}

/** Which file stands at a path, whatever its name; undefined where there is none. */
export function fileIdOf(file: string): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat && `${stat.dev}:${stat.ino}`;
}

/**
 * Makes the file, by one process at a time: what stands beside it without it is of a journal that was deleted, and SQLite
 * would take it for the new one's (https://www.sqlite.org/howtocorrupt.html).
 */
export function makeWhereGone(file: string, busyMs = WRITE_BUSY_MS): void {
  if (existsSync(file)) return;
  mkdirSync(dirname(file), { recursive: true });
  const lock = new DatabaseSync(`${file}.lock`, { timeout: busyMs });
  try {
    lock.exec('begin exclusive');
    if (existsSync(file)) return;
    for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
    const made = new DatabaseSync(file, { timeout: busyMs });
    made.exec('pragma journal_mode = wal');
    made.close();
  } finally {
    lock.close();
  }
}

/** node:sqlite as Kysely's dialect wants it, each statement prepared once. */
function preparing(sqlite: DatabaseSync) {
  const prepared = new Map<string, Prepared>();
  return {
    prepare(text: string): Prepared {
      let statement = prepared.get(text);
      if (!statement) {
        statement = wrap(sqlite.prepare(text));
        // Statements of one use (long lists of ids) must not pile up.
        if (prepared.size >= MAX_PREPARED) prepared.clear();
        prepared.set(text, statement);
      }
      return statement;
    },
    close: () => {},
  };
}

type Prepared = ReturnType<typeof wrap>;
const wrap = (statement: StatementSync) => ({
  reader: statement.columns().length > 0,
  all: (parameters: readonly unknown[]) => statement.all(...(parameters as SQLInputValue[])),
  run: (parameters: readonly unknown[]) => statement.run(...(parameters as SQLInputValue[])),
  iterate: (parameters: readonly unknown[]) => statement.iterate(...(parameters as SQLInputValue[])),
});

const WRITE_BUSY_MS = 1_000;
const MAX_PREPARED = 500;
