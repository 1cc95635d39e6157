import type { Kysely } from 'kysely';
import type { Entry, WorkerState } from './entries.ts';
import { SILENT_MS } from './read-workers.ts';
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

/**
 * Takes the place of what the worker has published before. What only workers of its pool have published that are gone by now is not known
 * any more; with nobody left in a pool its types stay, for jobs may wait for a worker.
 */
export async function publishTypes(db: Kysely<Tables>, { pool, workerId, at, types }: Published): Promise<void> {
  await db.deleteFrom('job_type').where('pool', '=', pool).where('worker_id', '=', workerId).execute();
  await db
    .deleteFrom('job_type')
    .where('pool', '=', pool)
    // Whoever has just published has not given a sign of life yet.
    .where('published_at', '<', at - SILENT_MS)
    .where('worker_id', 'not in', (workers) =>
      workers
        .selectFrom('worker')
        .select('id')
        .where('pool', '=', pool)
        .where('status', '!=', 'STOPPED')
        .where('last_seen_at', '>=', at - SILENT_MS),
    )
    .execute();
  if (types.length > 0)
    await db
      .insertInto('job_type')
      .values(types.map((type) => ({ name: type.name, pool, worker_id: workerId, published_at: at, definition: JSON.stringify(type) })))
      .execute();
}

type Published = Extract<Entry, { kind: 'jobTypes' }>;
