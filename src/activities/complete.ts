import type { Client } from '@temporalio/client';
import { jobIdOf } from '../job/ids.ts';
import { isFinal, type JobStatus } from '../job/status.ts';
import type { Journal } from '../journal/journal.ts';
import { missesBefore } from '../journal/prune.ts';
import { readJobsById } from '../journal/read-jobs.ts';
import { within } from '../process/within.ts';
import { restore } from './restore.ts';
import { CHUNK, inChunks, named, runsOf, STATUSES, workflowsSince } from './visibility.ts';

type Deps = { client: Client; journal: Journal; bundle: string };

/**
 * Writes to a journal that was made anew all that Temporal had by then, but for what had ended before a time. Once: one that is cut
 * off begins again, and finds most of it there.
 */
export async function complete(deps: Deps, endedAfter: number, beat: () => void): Promise<void> {
  const { client, journal } = deps;
  const journalId = journal.id;
  const before = await missesBefore(journal.db);
  if (before === undefined) return;
  for (const status of STATUSES) {
    for await (const chunk of inChunks(workflowsSince(client, status, status === 'Running' ? 0 : endedAfter))) {
      beat();
      const old = chunk.filter(({ startTime }) => startTime.getTime() <= before);
      const ids = new Set(old.map(({ workflowId }) => jobIdOf(workflowId)).filter((id) => id !== undefined));
      // A row that is not final may be of what a worker knew, and no more.
      for (const row of await readJobsById(journal.db, [...ids])) if (row && isFinal(row.status as JobStatus)) ids.delete(row.id);
      await restoreAll(deps, ids, beat);
    }
  }
  // What was told before it is written with it, and not looked for a second time.
  await within(WRITE_WAIT_MS, journal.writer.write({ kind: 'complete', journalId }));
}

/** All runs of these jobs, a few at a time: a replay takes its time, and a heart has to beat. */
export async function restoreAll(deps: Deps, jobIds: Iterable<string>, beat: () => void): Promise<void> {
  const ids = [...jobIds];
  for (let at = 0; at < ids.length; at += CHUNK) {
    const runs = await runsOf(deps.client, named(ids.slice(at, at + CHUNK)));
    for (let run = 0; run < runs.length; run += CHUNK) {
      beat();
      await restore(deps, runs.slice(run, run + CHUNK));
    }
  }
}

const WRITE_WAIT_MS = 10_000;
