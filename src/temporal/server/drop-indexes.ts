import { DatabaseSync } from 'node:sqlite';

/**
 * Drops the indexes of Temporal's list of workflows that nobody here looks by. It comes with 59 of them, one for every
 * attribute there can be, and each is written whenever a workflow begins, changes an attribute or ends: three quarters of all that
 * a server on SQLite writes to disk (2.1 MiB a job with them, 0.5 without), and a sixth of its CPU. A list by another attribute looks through the table.
 *
 * The server may be running: its statements are prepared again by SQLite. One that starts later leaves a schema alone that is there.
 *
 * @throws Error where the database is locked for 5 s.
 */
export function dropIndexes(dbFile: string): void {
  const db = new DatabaseSync(dbFile, { timeout: LOCK_WAIT_MS });
  try {
    const all = db.prepare(`select name from sqlite_master where type = 'index' and tbl_name = 'executions_visibility'`).all();
    const idle = all.map(({ name }) => String(name)).filter((name) => name.startsWith('by_') && !KEPT.has(name));
    // At once: while we write, the server cannot.
    if (idle.length > 0) db.exec(`begin immediate; ${idle.map((name) => `drop index ${name};`).join(' ')} commit`);
  } finally {
    db.close();
  }
}

/** By what the reconciler and Temporal's Web UI list workflows, beside the key and the order of the list. */
const KEPT = new Set(['by_execution_time', 'by_workflow_id', 'by_workflow_type', 'by_status']);
const LOCK_WAIT_MS = 5_000;
