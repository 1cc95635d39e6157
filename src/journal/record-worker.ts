import type { Kysely } from 'kysely';
import type { PublishedType, WorkerState } from './entries.ts';
import type { Tables, WorkerTable } from './tables.ts';

/** A worker's sign of life, with all there is to know of it. */
export async function recordWorker(db: Kysely<Tables>, worker: WorkerState): Promise<void> {
  const row: WorkerTable = {
    id: worker.id,
    host: worker.host,
    pool: worker.pool,
    pid: worker.pid,
    slots: worker.slots,
    busy: worker.busy,
    status: worker.status,
    job_types: JSON.stringify(worker.jobTypes),
    problems: JSON.stringify(worker.problems),
    started_at: worker.startedAt,
    last_seen_at: worker.at,
    drains_until: worker.drainsUntil,
    cpu_percent: worker.cpuPercent,
    memory_bytes: worker.memoryBytes,
  };
  await db
    .insertInto('worker')
    .values(row)
    .onConflict((on) => on.column('id').doUpdateSet(row))
    .execute();
}

/** Replaces what a pool can run: a type no worker of any pool names any more is gone. */
export async function publishTypes(db: Kysely<Tables>, pool: string, types: PublishedType[]): Promise<void> {
  await db.deleteFrom('job_type').where('pool', '=', pool).execute();
  if (types.length > 0)
    await db
      .insertInto('job_type')
      .values(types.map((type) => ({ name: type.name, pool, definition: JSON.stringify(type) })))
      .execute();
}
