import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { BulkCounts, BulkSpec, BulkStatus, Refusal } from '../job/bulk.ts';
import type { Journal } from '../journal/journal.ts';
import { readBulkItems } from '../journal/read-bulk.ts';
import { patiently } from './patiently.ts';

/** Does what a bulk operation is about to one job. Told twice, it is done once. @returns why the job refused it, if it did. */
export type Act = (spec: BulkSpec, jobId: string) => Promise<Refusal | undefined>;
type Deps = { client: Client; journal: Journal; act: Act };

/** How far a bulk operation is: it is through with every job up to this id. */
type Place = BulkCounts & { after: string };
const START: Place = { after: '', done: 0, failed: 0 };

/**
 * Goes through a bulk operation's jobs by id, {@link AT_ONCE} at a time, and tells the journal how far it is.
 *
 * Its heartbeats carry the last page's end: after a crash the page under way is begun again, and what was done to its jobs
 * is answered and counted like the first time. Asked to stop, it is done when the jobs that it is at are dealt with.
 */
export async function runBulk({ client, journal, act }: Deps, spec: BulkSpec): Promise<BulkCounts & { stopped: boolean }> {
  const context = Context.current();
  let place = (context.info.heartbeatDetails as Place | undefined) ?? START;
  let counts: BulkCounts = { done: place.done, failed: place.failed };
  let errors: { jobId: string; error: Refusal }[] = [];
  let told = '';
  let stop: Error | undefined;
  const shutDown = context.cancelled.catch((reason: Error): Promise<never> => {
    stop ??= reason;
    return isAsked(reason) ? new Promise<never>(() => {}) : Promise.reject(reason);
  });
  shutDown.catch(() => {});

  const tell = (): void => {
    const now = JSON.stringify(counts);
    if (now !== told) journal.writer.tell({ kind: 'bulkProgress', id: spec.id, counts, errors });
    told = now;
    errors = [];
  };
  const deal = async (jobId: string): Promise<void> => {
    const error = await patiently(
      client,
      jobId,
      () => act(spec, jobId),
      () => stop !== undefined,
    );
    counts = error ? { ...counts, failed: counts.failed + 1 } : { ...counts, done: counts.done + 1 };
    if (error) errors.push({ jobId, error });
  };

  const beat = setInterval(() => {
    context.heartbeat(place);
    tell();
  }, BEAT_MS);
  try {
    await Promise.race([journal.writer.write({ kind: 'bulkBegun', spec }), context.cancelled]);
    while (!stop) {
      const jobIds = await readBulkItems(journal.db, spec.id, { after: place.after, limit: PAGE });
      if (jobIds.length === 0) break;
      const rest = jobIds.values();
      const take = async (): Promise<void> => {
        for (const jobId of rest) {
          await deal(jobId).catch((fault: Error) => (stop ??= fault));
          if (stop) return;
        }
      };
      // An orchestrator that stops waits for nothing: what it leaves open is asked again by the next one.
      await Promise.race([Promise.all(Array.from({ length: AT_ONCE }, take)), shutDown]);
      if (!stop) place = { after: jobIds.at(-1)!, ...counts };
    }
  } finally {
    clearInterval(beat);
    context.heartbeat(place);
    tell();
  }
  if (stop && !isAsked(stop)) throw stop;
  return { ...counts, stopped: stop !== undefined };
}

/** Tells the journal that it is over, and waits until that is written. */
export async function endBulk({ journal }: Deps, end: { id: string; status: BulkStatus; at: number }): Promise<void> {
  await journal.writer.write({ kind: 'bulkEnded', ...end });
}

/** By abortBulkOperation or in Temporal's Web UI, and not by an orchestrator that stops. */
const isAsked = ({ message }: Error): boolean => message === 'CANCELLED';

const AT_ONCE = 8;
const PAGE = 100;
const BEAT_MS = 200;
