import type { Kysely, Selectable } from 'kysely';
import type { BulkErrorTable, BulkTable, Tables } from './tables.ts';

export type BulkRow = Selectable<BulkTable>;
export type BulkErrorRow = Selectable<BulkErrorTable>;

export function readBulk(db: Kysely<Tables>, id: string): Promise<BulkRow | undefined> {
  return db.selectFrom('bulk_operation').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Those that have not ended, as far as the journal knows. */
export function readOpenBulks(db: Kysely<Tables>): Promise<BulkRow[]> {
  return db.selectFrom('bulk_operation').selectAll().where('status', '=', 'RUNNING').execute();
}

/** By job id. */
export function readBulkErrors(db: Kysely<Tables>, id: string, limit: number): Promise<BulkErrorRow[]> {
  return db.selectFrom('bulk_error').selectAll().where('operation_id', '=', id).orderBy('job_id').limit(limit).execute();
}

/** The jobs it is about, by id; none once it has ended. */
export async function readBulkItems(db: Kysely<Tables>, id: string, page: { after: string; limit: number }): Promise<string[]> {
  const rows = await db
    .selectFrom('bulk_item')
    .select('job_id')
    .where('operation_id', '=', id)
    .where('job_id', '>', page.after)
    .orderBy('job_id')
    .limit(page.limit)
    .execute();
  return rows.map(({ job_id }) => job_id);
}
