import { setTimeout as pause } from 'node:timers/promises';
import type { Json } from '../index.ts';
import type { AttemptInput, JobError } from '../job/spec.ts';
import type { AttemptOutcome, ReasonCode } from '../job/status.ts';
import type { AttemptEnd, AttemptStart } from '../journal/entries.ts';
import type { Journal } from '../journal/journal.ts';
import { readAttempt } from '../journal/read-attempts.ts';
import { readJobsById } from '../journal/read-jobs.ts';
import { keptByQueue } from '../journal/read-queues.ts';
import { recordBriefly } from '../journal/record-briefly.ts';

// What an attempt asks the journal, and tells it. A journal that is gone or locked stops no attempt.

/**
 * What was in line when its queue was paused, or got a limit, goes back to ask at the gate. Force and undos pass. No journal, no
 * policy.
 */
export const keptNow = async ({ db }: Journal, { spec: { id, queue }, number, forced, passedGate }: AttemptInput) =>
  forced ? undefined : keptByQueue(db, { jobId: id, number }, { queue, passedGate: passedGate === true }).catch(() => undefined);

/**
 * Takes an attempt down as started. Its queue's policy is looked at in the same transaction, so that a new one is in force from the moment
 * it is written: what has not started by then does not.
 *
 * @returns false where it may not start. A journal that takes no write in time stops only what it says itself.
 */
export async function recordStart(journal: Journal, attempt: AttemptStart, input: AttemptInput): Promise<boolean> {
  const { spec } = input;
  if (input.forced) {
    await recordBriefly(journal, { kind: 'attemptStarted', attempt });
    return true;
  }
  const unlessKept = { queue: spec.queue, passedGate: input.passedGate === true };
  const isWritten = await recordBriefly(journal, { kind: 'attemptStarted', attempt: { ...attempt, unlessKept } });
  const row = isWritten ? await readAttempt(journal.db, spec.id, attempt.number).catch(() => undefined) : undefined;
  if (row?.started_at === attempt.at) return true;
  if (await keptNow(journal, input)) return false;
  journal.writer.tell({ kind: 'attemptStarted', attempt });
  return true;
}

/** How the lost attempt before this one had ended, if its worker could still write that down. */
export async function outcomeOnRecord({ db }: Journal, { spec, number }: AttemptInput): Promise<AttemptEnd | undefined> {
  try {
    const row = await readAttempt(db, spec.id, number - 1);
    if (!row?.outcome || row.outcome === 'LOST' || row.finished_at === null) return undefined;
    return {
      jobId: spec.id,
      number: row.number,
      at: row.finished_at,
      outcome: row.outcome as AttemptOutcome,
      ...(row.result === null ? {} : { result: JSON.parse(row.result) as Json }),
      ...(row.error === null ? {} : { error: JSON.parse(row.error) as JobError }),
      ...(row.code === null ? {} : { code: row.code as ReasonCode }),
    };
  } catch {
    // No journal, no record: the job runs again, as at-least-once allows.
    return undefined;
  }
}

/** The grace of the abort that is under way, which a Temporal cancel cannot carry: the api has left it in the journal. */
export async function graceOf(journal: Journal, jobId: string, own: number): Promise<number> {
  try {
    const [row] = await readJobsById(journal.db, [jobId]);
    return row?.abort_grace_ms ?? own;
  } catch {
    return own;
  }
}

/** Resolves when the grace of an abort is over, which a later ask may make shorter, or when `over` says that nobody waits for it. */
export async function untilGraceIsOver(journal: Journal, jobId: string, graceMs: number, over: AbortSignal): Promise<void> {
  let endsAt = Date.now() + graceMs;
  let seen = graceMs;
  while (!over.aborted && Date.now() < endsAt) {
    await pause(Math.min(GRACE_LOOK_MS, endsAt - Date.now()));
    const now = await graceOf(journal, jobId, seen);
    if (now !== seen) endsAt = Math.min(endsAt, Date.now() + now);
    seen = now;
  }
}

const GRACE_LOOK_MS = 250;
