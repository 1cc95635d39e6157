import type { Entry } from '../journal/entries.ts';
import type { Journal } from '../journal/journal.ts';
import { readJobsById, type JobRow } from '../journal/read-jobs.ts';
import { within } from '../process/within.ts';
import { toUserError } from './errors.ts';
import type { Live } from './live.ts';
import type { UserError as UserErrorShape } from './schema.gen.ts';

/** What a mutation answers: the job as far as it is known, and why it was refused if it was. */
export type JobPayload = { job: JobRow | null; userErrors: UserErrorShape[]; jobId?: string };

/** The journal as a mutation uses it: written before the answer goes out, read for it, and never in its way. */
export class JobRows {
  readonly #journal: Journal;
  readonly #live: Live;

  constructor(journal: Journal, live: Live) {
    this.#journal = journal;
    this.#live = live;
  }

  /** Waits for the commit, but not for a journal that is down: the workflow tells it too. */
  record(entry: Entry, waitMs = JOURNAL_WAIT_MS): Promise<boolean> {
    return within(waitMs, this.#journal.writer.write(entry));
  }

  /** null also where the journal cannot be read: a mutation that was done is answered as done. */
  async read(id: string | undefined): Promise<JobRow | null> {
    if (id === undefined) return null;
    try {
      const [row] = await readJobsById(this.#journal.db, [id]);
      return row ?? null;
    } catch {
      return null;
    }
  }

  /** The job once it is as wished, or as it is after {@link OUTCOME_WAIT_MS}. */
  async until(id: string, wished: (row: JobRow) => boolean): Promise<JobRow | null> {
    const done = (row: JobRow | null): boolean => row !== null && wished(row);
    const wake = this.#live.wake((events) => events.some((event) => event.job_id === id));
    const until = Date.now() + OUTCOME_WAIT_MS;
    try {
      for (;;) {
        const row = await this.read(id);
        if (done(row) || Date.now() >= until) return row;
        await within(until - Date.now(), wake.next());
      }
    } finally {
      wake.stop();
    }
  }

  /** @throws whatever is no refusal. */
  async refusal(error: unknown, id?: string): Promise<JobPayload> {
    return { userErrors: [toUserError(error)], job: await this.read(id) };
  }
}

const JOURNAL_WAIT_MS = 500;
const OUTCOME_WAIT_MS = 3_000;
