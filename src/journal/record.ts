import type { JobStatus } from '../job/status.ts';
import type { AttemptStart, Entry } from './entries.ts';
import type { Database } from './sqlite.ts';
import { recordNamespace } from './namespace.ts';
import { recordEvent } from './record-event.ts';
import { beginBulk, endBulk, progressBulk } from './record-bulk.ts';
import { forgetJob, isForgotten } from './forget-job.ts';
import { endAttempt, recordLog, recordProgress, startAttempt } from './record-attempt.ts';
import { ensureJob, recordJob, recordTerminated, recordTold } from './record-job.ts';
import { prune, prunedBefore, recordComplete } from './prune.ts';
import { recordLinePaused, recordLineResumed, recordPolicy } from './record-queue.ts';
import { recordUsage } from './record-usage.ts';
import { publishTypes, recordWorker } from './record-worker.ts';

/** Writes a batch in one transaction: all of it or nothing. */
export async function record({ db, sqlite }: Database, entries: readonly Entry[]): Promise<void> {
  sqlite.exec('begin immediate');
  try {
    for (const entry of entries) await recordOne(db, entry);
    sqlite.exec('commit');
  } catch (error) {
    // A full disk or an I/O error has rolled back by itself.
    if (sqlite.isTransaction) sqlite.exec('rollback');
    throw error;
  }
}

function recordOne(db: Database['db'], entry: Entry): Promise<void> {
  switch (entry.kind) {
    case 'job':
      return recordJob(db, entry.record);
    case 'attemptStarted':
      return beginAttempt(db, entry.attempt);
    case 'attemptEnded':
      return endAttempt(db, { ...entry.attempt, areProcessesGone: true });
    case 'progress':
      return recordProgress(db, entry.jobId, entry.number, entry.fraction, entry.at);
    case 'log':
      return recordLog(db, entry.jobId, entry.number, entry.lines);
    case 'usage':
      return recordUsage(db, entry.samples);
    case 'abortGrace':
      return recordAbortGrace(db, entry.jobId, entry.graceMs);
    case 'queuePolicy':
      return recordPolicy(db, entry.queue, entry.policy);
    case 'linePaused':
      return recordLinePaused(db, entry.jobIds, entry.paused);
    case 'lineResumed':
      return recordLineResumed(db, entry.moved);
    case 'worker':
      return recordWorker(db, entry.worker);
    case 'jobTypes':
      return publishTypes(db, entry);
    case 'dependencyTold':
      return recordTold(db, entry.jobId, entry.dependency);
    case 'terminated':
      return recordTerminated(db, entry.jobId, entry.at, entry.code, entry.message);
    case 'reconciled':
      return recordReconciled(db, entry);
    case 'deleted':
      return forgetJob(db, entry);
    case 'bulkBegun':
      return beginBulk(db, entry.spec);
    case 'bulkProgress':
      return progressBulk(db, entry);
    case 'bulkEnded':
      return endBulk(db, entry);
    case 'pruned':
      return prune(db, entry);
    case 'namespace':
      return recordNamespace(db, entry.namespace);
    case 'complete':
      return recordComplete(db, entry.journalId);
  }
}

/** CREATED comes before STARTED, whoever is quicker. */
async function beginAttempt(db: Database['db'], attempt: AttemptStart): Promise<void> {
  if (attempt.spec && !(await ensureJob(db, attempt.spec))) return;
  await startAttempt(db, attempt);
}

/** Where Temporal had more of the job than the journal, the feed says so. */
async function recordReconciled(db: Database['db'], { jobId, at, entries }: Extract<Entry, { kind: 'reconciled' }>): Promise<void> {
  // Its history was read before the job was deleted.
  const spec = entries.find((entry) => entry.kind === 'job')?.record.spec;
  if (spec && (await isForgotten(db, spec))) return;
  const read = () => db.selectFrom('job').select(['rev', 'version', 'status']).where('id', '=', jobId).executeTakeFirst();
  const before = await read();
  for (const entry of withoutPruned(entries, await prunedBefore(db))) await recordOne(db, entry);
  if (!before) await assumePausedInLine(db, jobId);
  const after = await read();
  if (!after || (after.rev === before?.rev && after.version === before.version)) return;
  await recordEvent(db, {
    jobId,
    key: `reconciled.${after.rev}.${after.version}`,
    at,
    kind: 'RECONCILED',
    status: after.status as JobStatus,
  });
}

/**
 * Whether a job is paused in Temporal's line its history does not say, and who is not moved back at a resume waits for ever. Unless its
 * queue is paused it counts as one that stands in line.
 */
async function assumePausedInLine(db: Database['db'], jobId: string): Promise<void> {
  await db
    .updateTable('job')
    .set((eb) => ({
      in_line_paused: eb
        .case()
        .when(eb.exists(eb.selectFrom('queue').select('name').whereRef('queue.name', '=', 'job.queue').where('paused', '=', 1)))
        .then(1)
        .else(2)
        .end(),
    }))
    .where('id', '=', jobId)
    .where('status', '=', 'QUEUED')
    .where('gate', 'is', null)
    .where('forced', '=', 0)
    .execute();
}

/** A history has every event; those that are kept no longer must not come again as new ones. */
const withoutPruned = (entries: Entry[], before: number): Entry[] =>
  entries.map((entry) =>
    entry.kind === 'job' && entry.record.at < before ? { ...entry, record: { ...entry.record, events: [] } } : entry,
  );

async function recordAbortGrace(db: Database['db'], jobId: string, graceMs: number): Promise<void> {
  await db.updateTable('job').set({ abort_grace_ms: graceMs }).where('id', '=', jobId).execute();
}
