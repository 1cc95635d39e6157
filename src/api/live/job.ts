import { isFinal, type JobStatus } from '../../job/status.ts';
import { type JobRow, readJobsById } from '../../journal/read-jobs.ts';
import { endable, type Wake } from '../wake.ts';
import type { Source } from './source.ts';

/** One job, now and after every change, until it is final; null where there is none. */
export function followJob(source: Source, id: string): AsyncGenerator<JobRow | null> {
  return endable(
    source.wake((events) => events.some((event) => event.job_id === id)),
    (wake) => versions(source, id, wake),
  );
}

async function* versions(source: Source, id: string, wake: Wake): AsyncGenerator<JobRow | null> {
  let seen = -1;
  let isAnew = source.whetherReplaced();
  do {
    const [row] = await source.read((db) => readJobsById(db, [id]));
    // A journal that was made anew has it again in a moment.
    if (!row && seen >= 0 && isAnew()) continue;
    if (!row) return yield null;
    isAnew = source.whetherReplaced();
    if (row.version !== seen) yield row;
    seen = row.version;
    if (isFinal(row.status as JobStatus)) return;
  } while (await wake.next());
}
