import { setTimeout as pause } from 'node:timers/promises';
import { type Entry, KEPT_FOR_A_WHILE, type PrunedTable } from '../journal/entries.ts';
import type { Journal } from '../journal/journal.ts';
import { readEndedBefore, readOldest, readSeqsOf } from '../journal/prune.ts';
import { within } from '../process/within.ts';

/** How long events, samples and log lines are kept, and how long jobs after their end. */
export type Retention = { logsMs: number; jobsMs: number };

/**
 * Takes out of the journal what is kept no longer: events, samples and log lines by their age, also of jobs that are open;
 * then final jobs with all that is theirs, but those that an open job depends on.
 *
 * In steps of {@link STEP_ROWS} rows, each a transaction of its own with a pause behind it, so that nobody waits long for the
 * file's lock; not longer than {@link SHARE_MS}, for the next pass goes on.
 */
export async function prune(journal: Journal, { logsMs, jobsMs }: Retention, beat: () => void = () => {}): Promise<void> {
  const now = Date.now();
  const step = stepsUntil(now + SHARE_MS, journal, beat);
  for (const table of KEPT_FOR_A_WHILE) if (!(await pruneOld(journal, table, now - logsMs, step))) return;
  await pruneJobs(journal, now - jobsMs, step);
}

/** Writes one step; resolves false when there is no time for another one, or the journal does not follow. */
type Step = (entry: Entry) => Promise<boolean>;

function stepsUntil(end: number, { writer }: Journal, beat: () => void): Step {
  return async (entry) => {
    if (writer.isBehind || !(await within(STEP_WAIT_MS, writer.write(entry)))) return false;
    beat();
    await pause(PAUSE_MS);
    return Date.now() < end;
  };
}

/** Rows are about in the order of their times: where none of a step is old, none behind it is looked for. */
async function pruneOld(journal: Journal, table: PrunedTable, before: number, step: Step): Promise<boolean> {
  for (let after = 0; ;) {
    const rows = await readOldest(journal.db, table, { after, limit: STEP_ROWS });
    const seqs = rows.filter(({ at }) => at < before).map(({ seq }) => seq);
    if (seqs.length === 0) return true;
    if (!(await step({ kind: 'pruned', table, seqs, before }))) return false;
    after = rows.at(-1)!.seq;
  }
}

async function pruneJobs(journal: Journal, before: number, step: Step): Promise<void> {
  for (;;) {
    const jobs = await readEndedBefore(journal.db, before, JOBS_AT_ONCE);
    for (const { id, created_at: createdAt } of jobs) {
      for (const table of KEPT_FOR_A_WHILE) if (!(await pruneOf(journal, id, table, step))) return;
      if (!(await step({ kind: 'deleted', jobId: id, createdAt, at: Date.now(), finishedBefore: before }))) return;
    }
    if (jobs.length < JOBS_AT_ONCE) return;
  }
}

/** Leaves no more of a job's rows than one step takes. */
async function pruneOf(journal: Journal, jobId: string, table: PrunedTable, step: Step): Promise<boolean> {
  for (;;) {
    const seqs = await readSeqsOf(journal.db, table, jobId, STEP_ROWS);
    if (seqs.length < STEP_ROWS) return true;
    if (!(await step({ kind: 'pruned', table, seqs }))) return false;
  }
}

const STEP_ROWS = 500;
const JOBS_AT_ONCE = 50;
const PAUSE_MS = 10;
const SHARE_MS = 5_000;
const STEP_WAIT_MS = 5_000;
