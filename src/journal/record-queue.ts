import type { Kysely } from 'kysely';
import type { GatePolicy } from '../job/gate.ts';
import type { Tables } from './tables.ts';

export async function recordPolicy(db: Kysely<Tables>, name: string, { paused, limit }: GatePolicy): Promise<void> {
  const policy = { paused: paused ? 1 : 0, max_running: limit };
  await db
    .insertInto('queue')
    .values({ name, ...policy })
    .onConflict((on) => on.column('name').doUpdateSet(policy))
    .execute();
}

export async function recordLineResumed(db: Kysely<Tables>, moved: readonly { jobId: string; at: number }[]): Promise<void> {
  for (const { jobId, at } of moved)
    await db.updateTable('job').set({ in_line_paused: 0, band_since: at }).where('id', '=', jobId).where('status', '=', 'QUEUED').execute();
}

export async function recordLinePaused(db: Kysely<Tables>, jobIds: readonly string[], paused: boolean): Promise<void> {
  if (jobIds.length === 0) return;
  await db
    .updateTable('job')
    .set({ in_line_paused: paused ? 1 : 0 })
    .where('id', 'in', jobIds)
    .where('status', '=', 'QUEUED')
    .execute();
}
