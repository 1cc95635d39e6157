import { type Kysely, sql } from 'kysely';
import type { AttemptSample } from './entries.ts';
import type { Tables, UsageSampleTable } from './tables.ts';

type Db = Kysely<Tables>;
type Kept = Pick<UsageSampleTable, 'at' | 'memory_bytes' | 'cpu_percent' | 'cpu_seconds'>;

/** Keeps samples of attempts that run: of others, of a deleted job or a worker that has lost touch, nobody would ever thin them out. */
export async function recordUsage(db: Db, samples: readonly AttemptSample[]): Promise<void> {
  const rows = samples.map(
    ({ jobId, number, at, memoryBytes, cpuPercent, cpuSeconds }) =>
      sql`(${jobId}, ${number}, ${at}, ${memoryBytes}, ${cpuPercent}, ${cpuSeconds})`,
  );
  await sql`
    with told (job_id, attempt, at, memory_bytes, cpu_percent, cpu_seconds) as (values ${sql.join(rows)})
    insert into usage_sample (job_id, attempt, at, memory_bytes, cpu_percent, cpu_seconds)
    select told.* from told join attempt on attempt.job_id = told.job_id and attempt.number = told.attempt
    where attempt.finished_at is null on conflict do nothing`.execute(db);
}

/** What an attempt has come to by its samples, where its worker cannot say any more. */
export async function usedBySamples(
  db: Db,
  jobId: string,
  number: number,
): Promise<{ peak_memory_bytes: number; cpu_seconds: number } | undefined> {
  const { peak, seconds } = await db
    .selectFrom('usage_sample')
    .select(({ fn }) => [fn.max('memory_bytes').as('peak'), fn.max('cpu_seconds').as('seconds')])
    .where('job_id', '=', jobId)
    .where('attempt', '=', number)
    .executeTakeFirstOrThrow();
  return peak === null ? undefined : { peak_memory_bytes: peak, cpu_seconds: seconds };
}

/** Leaves at most {@link MAX_SAMPLES} samples of an attempt that has ended. */
export async function thinOut(db: Db, jobId: string, number: number): Promise<void> {
  const own = { job_id: jobId, attempt: number };
  const samples = await db
    .selectFrom('usage_sample')
    .select(['at', 'memory_bytes', 'cpu_percent', 'cpu_seconds'])
    .where('job_id', '=', jobId)
    .where('attempt', '=', number)
    .orderBy('at')
    .execute();
  if (samples.length <= MAX_SAMPLES) return;
  await db.deleteFrom('usage_sample').where('job_id', '=', jobId).where('attempt', '=', number).execute();
  await db
    .insertInto('usage_sample')
    .values(downsample(samples, MAX_SAMPLES).map((sample) => ({ ...own, ...sample })))
    .execute();
}

/**
 * As many samples as asked for in place of more, each for as many of them as the next: with the time and the
 * CPU seconds of their last, the highest memory and the mean CPU of them.
 */
export function downsample(samples: readonly Kept[], most: number): Kept[] {
  if (samples.length <= most) return [...samples];
  return Array.from({ length: most }, (_, index) => {
    const part = samples.slice(Math.floor((index * samples.length) / most), Math.floor(((index + 1) * samples.length) / most));
    const cpu = part.reduce((sum, { cpu_percent }) => sum + cpu_percent, 0) / part.length;
    const { at, cpu_seconds } = part.at(-1)!;
    return {
      at,
      cpu_seconds,
      memory_bytes: part.reduce((peak, { memory_bytes }) => Math.max(peak, memory_bytes), 0),
      cpu_percent: Math.round(cpu * 10) / 10,
    };
  });
}

export const MAX_SAMPLES = 60;
