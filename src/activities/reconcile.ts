import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { jobIdOf } from '../job/ids.ts';
import type { Journal } from '../journal/journal.ts';
import { openJobIds, readUntold } from '../journal/read-jobs.ts';
import type { JobStatus } from '../job/status.ts';
import { tellLate } from './dependencies.ts';
import { reconcileBulks } from './reconcile-bulks.ts';
import { askAnew, brokenOff, restorePolicies } from './gates.ts';
import { complete, restoreAll } from './complete.ts';
import { endGone, tellOfGone } from './gone.ts';
import { prune, type Retention } from './prune.ts';
import { type Doubts, Suspects } from './suspects.ts';
import { unpauseForgotten } from './unpause-forgotten.ts';
import { CHUNK, inChunks, named, STATUSES, timeOf, workflowsSince } from './visibility.ts';

type Deps = { client: Client; journal: Journal; bundle: string };

/** Compares the journal with Temporal every {@link PAUSE_MS} and repairs it, until its orchestrator stops. */
export async function reconcile(deps: Deps & { retention: Retention }): Promise<void> {
  const { journal, retention } = deps;
  const context = Context.current();
  const beat = (): void => context.heartbeat();
  const until = Date.now() + SHIFT_MS;
  // Those that ended longer ago than they are kept are missing rightly.
  const lookBackMs = Math.min(FIRST_LOOK_BACK_MS, retention.jobsMs);
  let look: Look | undefined;
  let journalId: string | undefined;
  let unpausedAt = 0;
  while (Date.now() < until) {
    const began = Date.now();
    // At the start, and when another journal has taken its place.
    if (!look || journal.id !== journalId) {
      journalId = journal.id;
      look = { since: began - lookBackMs, after: '', most: Infinity, doubts: new Map() };
      await restorePolicies(deps);
      await complete(deps, began - retention.jobsMs, beat);
    }
    const { repaired: _, ...next } = await reconcileOnce(deps, look, beat);
    look = { ...next, most: MOST_OPEN };
    if (began - unpausedAt >= UNPAUSE_EVERY_MS) {
      unpausedAt = began;
      await unpauseForgotten(deps);
    }
    await prune(journal, retention, beat);
    for (let slept = 0; slept < PAUSE_MS && journal.id === journalId; slept += BEAT_MS) {
      beat();
      await pauseUnlessReplaced(journal, (ms) => context.sleep(ms));
    }
  }
}

async function pauseUnlessReplaced(journal: Journal, sleep: (ms: number) => Promise<void>): Promise<void> {
  const { promise: replaced, resolve } = Promise.withResolvers<void>();
  const stop = journal.onReplaced(resolve);
  await Promise.race([sleep(BEAT_MS), replaced]).finally(stop);
}

/**
 * What a pass looks at: all that Temporal has begun or ended since a time, and, lest one has been missed, so many of the jobs that the
 * journal has as open, from an id on. With many of them each is looked at now and then: to ask for one costs a server 0.5 ms.
 */
export type Look = { since: number; after: string; most: number; doubts: Doubts };

/** One pass. @returns the jobs that had to be repaired, and from where the next one looks. */
export async function reconcileOnce(
  deps: Deps,
  look: Look,
  beat: () => void = () => {},
): Promise<Omit<Look, 'most'> & { repaired: string[] }> {
  const { client, journal } = deps;
  const suspects = new Suspects(journal);
  const gates = new Set<string>();
  let newest = look.since + OVERLAP_MS;
  for (const status of STATUSES) {
    for await (const chunk of inChunks(workflowsSince(client, status, look.since))) {
      beat();
      newest = Math.max(newest, ...chunk.map(timeOf));
      await suspects.look(chunk);
      for (const gate of brokenOff(chunk)) gates.add(gate);
    }
  }
  await askAnew(deps, gates);
  let { after } = look;
  for (let looked = 0; looked < look.most; looked += CHUNK) {
    const open = await openJobIds(journal.db, { after, limit: CHUNK });
    after = open.length < CHUNK ? '' : open.at(-1)!.id;
    if (open.length === 0) break;
    beat();
    const unseen = new Set(open.map(({ id }) => id));
    for await (const chunk of inChunks(client.workflow.list({ query: named([...unseen]) }))) {
      await suspects.look(chunk);
      for (const { workflowId } of chunk) unseen.delete(jobIdOf(workflowId)!);
    }
    await endGone(deps, unseen);
    if (after === '') break;
  }
  const { behind, doubts } = await suspects.behind(client, look.doubts);
  await exceptLiving(client, suspects.closed);
  const stale = suspects.missing.union(suspects.closed).union(behind);
  await restoreAll(deps, stale, beat);
  for (const { job_id, depends_on, status } of await readUntold(journal.db, CHUNK))
    await tellLate(deps, depends_on, status as JobStatus, job_id);
  await tellOfGone(deps, CHUNK);
  await reconcileBulks({ client, journal });
  return { since: newest - OVERLAP_MS, after, doubts, repaired: [...stale] };
}

/** A job that was reset, is run again, or goes on in a new run has runs that are closed, and lives all the same. */
async function exceptLiving(client: Client, closed: Set<string>): Promise<void> {
  const ids = [...closed];
  for (let at = 0; at < ids.length; at += CHUNK) {
    const query = `${named(ids.slice(at, at + CHUNK))} AND ExecutionStatus = "Running"`;
    for await (const { workflowId } of client.workflow.list({ query })) closed.delete(jobIdOf(workflowId)!);
  }
}

/** Of the open jobs a pass. */
const MOST_OPEN = 200;
const PAUSE_MS = 10_000;
/** A server on SQL looks through all that is open. */
const UNPAUSE_EVERY_MS = 60_000;
const BEAT_MS = 5_000;
const SHIFT_MS = 12 * 3_600_000;
const FIRST_LOOK_BACK_MS = 24 * 3_600_000;
/** Visibility is written after the fact, and not in order: what it lacks yet is at most so much older than the newest it has. */
const OVERLAP_MS = 10_000;
