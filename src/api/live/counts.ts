import type { JobFilter } from '../../journal/job-filter.ts';
import { countJobs } from '../../journal/read-jobs.ts';
import { endable } from '../wake.ts';
import type { Source } from './source.ts';
import { whenOther } from './whole.ts';

/** How many of the jobs that match have which status, now and whenever that has changed. */
export function followCounts(source: Source, filter: JobFilter) {
  return endable(
    source.wake((events) => events.length > 0),
    (wake) => whenOther(wake, async () => ({ jobCountsUpdated: await source.read((db) => countJobs(db, filter)) })),
  );
}
