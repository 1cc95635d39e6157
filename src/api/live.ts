import type { Journal } from '../journal/journal.ts';
import type { EventRow } from '../journal/read-events.ts';
import type { JobFilter } from '../journal/job-filter.ts';
import { followBulk } from './live/bulk.ts';
import { followCounts } from './live/counts.ts';
import { followEvents } from './live/events.ts';
import { followJob } from './live/job.ts';
import { followJobs } from './live/jobs.ts';
import { followLog } from './live/log.ts';
import { Source } from './live/source.ts';
import { followUsage } from './live/usage.ts';
import { followWorkers } from './live/workers.ts';
import type { Wake } from './wake.ts';

type Cursor = string | null | undefined;

/**
 * The live feed. Every subscription is a generator that reads the journal from its own place when it is woken, so a slow
 * client costs no memory: what it has not read yet stands in the journal.
 */
export class Live {
  readonly #source: Source;

  constructor(journal: Journal) {
    this.#source = new Source(journal);
  }

  /** Woken when the journal has changed and `concerns` holds for its new events. */
  wake(concerns?: (events: EventRow[]) => boolean): Wake {
    return this.#source.wake(concerns);
  }

  readonly job = (id: string) => followJob(this.#source, id);
  readonly jobs = (filter: JobFilter, first: number, after: Cursor) => followJobs(this.#source, filter, first, after);
  readonly events = (jobId: string | undefined, after: Cursor) => followEvents(this.#source, jobId, after);
  readonly log = (jobId: string, attempt: number | null | undefined, after: Cursor) => followLog(this.#source, jobId, attempt, after);
  readonly usage = (jobId: string) => followUsage(this.#source, jobId);
  readonly workers = (pool: string | null | undefined) => followWorkers(this.#source, pool);
  readonly counts = (filter: JobFilter) => followCounts(this.#source, filter);
  readonly bulk = (id: string) => followBulk(this.#source, id);
}
