import { type Kysely, sql } from 'kysely';
import type { Ageing } from '../job/ageing.ts';
import { BANDS, bandOfPriority, PRIORITY } from '../job/bands.ts';
import type { Tables } from './tables.ts';

/** The pools with jobs in line that age. From one name to the next in the index, so that it costs the same however long the lines are. */
export async function poolsThatAge(db: Kysely<Tables>): Promise<string[]> {
  const pools: string[] = [];
  for (let after = ''; ;) {
    const next = await inLine(db).select('pool').where('pool', '>', after).orderBy('pool').limit(1).executeTakeFirst();
    if (!next) return pools;
    pools.push(next.pool);
    after = next.pool;
  }
}

/** Of each band of a pool's line, the `atMost` jobs that move up next, due or not. */
export async function readAgeing(db: Kysely<Tables>, pool: string, atMost: number): Promise<Ageing[]> {
  const jobs: Ageing[] = [];
  for (let band = bandOfPriority(PRIORITY.max) + 1; band <= BANDS; band++) {
    const rows = await inLine(db)
      .select(['id', 'effective_priority', 'ages_at'])
      .where('pool', '=', pool)
      .where('band', '=', band)
      .orderBy('ages_at')
      .limit(atMost)
      .execute();
    for (const row of rows) jobs.push({ id: row.id, band, effectivePriority: row.effective_priority, agesAt: row.ages_at! });
  }
  return jobs;
}

/** The shortest `ageAfter` of a job in line, ms; undefined where none is under 30 s. */
export async function shortestAgeAfterMs(db: Kysely<Tables>): Promise<number | undefined> {
  const row = await inLine(db)
    .select('age_after_ms')
    // As the index has it, and no parameter: SQLite would not see that the index serves it.
    .where(sql<boolean>`age_after_ms < 30000`)
    .orderBy('age_after_ms')
    .limit(1)
    .executeTakeFirst();
  return row?.age_after_ms;
}

/** In the words of the indexes. Not by its status as well: SQLite would take the index of that, and sort. */
const inLine = (db: Kysely<Tables>) => db.selectFrom('job').where('ages_at', 'is not', null);
