import type { Kysely, Selectable } from 'kysely';
import type { PublishedType } from './entries.ts';
import type { Tables, WorkerTable } from './tables.ts';

export type WorkerRow = Selectable<WorkerTable>;
/** A job type and the pools that can run it. */
export type JobTypeRow = PublishedType & { pools: string[] };

export function readWorkers(
  db: Kysely<Tables>,
  filter: { pool?: string | null | undefined; ids?: readonly string[] },
): Promise<WorkerRow[]> {
  let query = db.selectFrom('worker').selectAll().orderBy('started_at').orderBy('id');
  if (filter.pool) query = query.where('pool', '=', filter.pool);
  if (filter.ids) query = query.where('id', 'in', filter.ids);
  return query.execute();
}

/** How many attempts each pool's running workers take at once. A pool without one is not named. */
export async function readSlots(db: Kysely<Tables>, nowMs = Date.now()): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('worker')
    .select(['pool', ({ fn }) => fn.sum<number>('slots').as('slots')])
    .where('status', '=', 'RUNNING')
    .where('last_seen_at', '>=', nowMs - SILENT_MS)
    .groupBy('pool')
    .execute();
  return new Map(rows.map(({ pool, slots }) => [pool, Number(slots)]));
}

/** Every type that workers have published, by name, as it was published last, in whatever pool. */
export async function readJobTypes(db: Kysely<Tables>): Promise<Map<string, JobTypeRow>> {
  const rows = await db.selectFrom('job_type').selectAll().orderBy('name').orderBy('published_at', 'desc').orderBy('pool').execute();
  const types = new Map<string, JobTypeRow>();
  for (const row of rows) {
    const known = types.get(row.name);
    if (!known) types.set(row.name, { ...(JSON.parse(row.definition) as PublishedType), pools: [row.pool] });
    else if (!known.pools.includes(row.pool)) known.pools = [...known.pools, row.pool].sort();
  }
  return types;
}

/** A worker that says it runs and has been silent for longer counts as lost. */
export const SILENT_MS = 10_000;
