import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { jobIdOf, workflowIdOf } from '../job/ids.ts';
import type { Journal } from '../journal/journal.ts';
import { openJobIds, readJobsById, readUntold } from '../journal/read-jobs.ts';
import { isFinal, type JobStatus } from '../job/status.ts';
import { tellDependants } from './dependencies.ts';
import { reconcileBulks } from './reconcile-bulks.ts';
import { restorePolicies } from './gates.ts';
import { restore } from './restore.ts';

type Deps = { client: Client; journal: Journal; bundle: string };

/** Compares the journal with Temporal every {@link PAUSE_MS} and repairs it, until its orchestrator stops. */
export async function reconcile(deps: Deps): Promise<void> {
  const context = Context.current();
  const until = Date.now() + SHIFT_MS;
  let since = Date.now() - FIRST_LOOK_BACK_MS;
  await restorePolicies(deps);
  while (Date.now() < until) {
    const began = Date.now();
    await reconcileOnce(deps, since, () => context.heartbeat());
    since = began - OVERLAP_MS;
    for (let slept = 0; slept < PAUSE_MS; slept += BEAT_MS) {
      context.heartbeat();
      await context.sleep(BEAT_MS);
    }
  }
}

/** Jobs that the journal does not know, and jobs that it has as open although a run of them is closed. */
type Suspects = { missing: Set<string>; closed: Set<string> };

/**
 * One pass. Looks at the jobs that the journal has as open and at all that Temporal has begun or ended since a time.
 *
 * @returns the ids of the jobs that had to be repaired.
 */
export async function reconcileOnce({ client, journal, bundle }: Deps, since: number, beat: () => void = () => {}): Promise<string[]> {
  const suspects: Suspects = { missing: new Set(), closed: new Set() };
  const time = new Date(since).toISOString();
  for (const query of [`StartTime > "${time}"`, `CloseTime > "${time}"`]) {
    for await (const chunk of inChunks(client.workflow.list({ query: `WorkflowType = 'jobWorkflow' AND ${query}` }))) {
      beat();
      await compare(journal, chunk, suspects);
    }
  }
  for (let after = ''; ;) {
    const open = await openJobIds(journal.db, { after, limit: CHUNK });
    if (open.length === 0) break;
    after = open.at(-1)!.id;
    beat();
    const query = `${named(open.map(({ id }) => id))} AND ExecutionStatus != "Running"`;
    for await (const chunk of inChunks(client.workflow.list({ query }))) await compare(journal, chunk, suspects);
  }
  await exceptLiving(client, suspects.closed);
  const stale = Array.from(suspects.missing.union(suspects.closed), (jobId) => ({ jobId }));
  if (stale.length > 0) await restore({ client, journal, bundle }, stale);
  for (const { job_id, depends_on, status } of await readUntold(journal.db, CHUNK))
    await tellDependants(client, depends_on, status as JobStatus, [job_id]);
  await reconcileBulks({ client, journal });
  return stale.map(({ jobId }) => jobId);
}

/** What Temporal's visibility says of a workflow, as far as it matters here. */
type Seen = { workflowId: string; status: { name: string } };

async function compare(journal: Journal, workflows: Seen[], { missing, closed }: Suspects): Promise<void> {
  const ids = workflows.map(({ workflowId }) => jobIdOf(workflowId)).filter((id) => id !== undefined);
  if (ids.length === 0) return;
  const rows = await readJobsById(journal.db, ids);
  for (const [index, id] of ids.entries()) {
    const row = rows[index];
    if (!row) missing.add(id);
    else if (workflows[index]?.status.name !== 'RUNNING' && !isFinal(row.status as JobStatus)) closed.add(id);
  }
}

/** A job that was reset, is run again, or goes on in a new run has runs that are closed, and lives all the same. */
async function exceptLiving(client: Client, closed: Set<string>): Promise<void> {
  const ids = [...closed];
  for (let at = 0; at < ids.length; at += CHUNK) {
    const query = `${named(ids.slice(at, at + CHUNK))} AND ExecutionStatus = "Running"`;
    for await (const { workflowId } of client.workflow.list({ query })) closed.delete(jobIdOf(workflowId)!);
  }
}

const named = (ids: readonly string[]): string => `WorkflowId IN (${ids.map((id) => `"${workflowIdOf(id)}"`).join(', ')})`;

async function* inChunks<T>(items: AsyncIterable<T>): AsyncGenerator<T[]> {
  let chunk: T[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length === CHUNK) {
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}

const CHUNK = 100;
const PAUSE_MS = 10_000;
const BEAT_MS = 5_000;
const SHIFT_MS = 12 * 3_600_000;
const FIRST_LOOK_BACK_MS = 24 * 3_600_000;
/** Visibility is written after the fact. */
const OVERLAP_MS = 30_000;
