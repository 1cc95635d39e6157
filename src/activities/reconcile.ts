import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { jobIdOf, workflowIdOf } from '../job/ids.ts';
import type { Journal } from '../journal/journal.ts';
import { openJobIds, readJobsById } from '../journal/read-jobs.ts';
import { isFinal, type JobStatus } from '../job/status.ts';
import { restore } from './restore.ts';

type Deps = { client: Client; journal: Journal; bundle: string };

/** Compares the journal with Temporal every {@link PAUSE_MS} and repairs it, until its orchestrator stops. */
export async function reconcile(deps: Deps): Promise<void> {
  const context = Context.current();
  const until = Date.now() + SHIFT_MS;
  let since = Date.now() - FIRST_LOOK_BACK_MS;
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

/**
 * One pass. Looks at the jobs that the journal has as open and at all that Temporal has begun or ended since a time.
 *
 * @returns the ids of the jobs that had to be repaired.
 */
export async function reconcileOnce({ client, journal, bundle }: Deps, since: number, beat: () => void = () => {}): Promise<string[]> {
  const stale = new Set<string>();
  const time = new Date(since).toISOString();
  for (const query of [`StartTime > "${time}"`, `CloseTime > "${time}"`]) {
    for await (const chunk of inChunks(client.workflow.list({ query: `WorkflowType = 'jobWorkflow' AND ${query}` }))) {
      beat();
      await compare(journal, chunk, stale);
    }
  }
  for (let after = ''; ;) {
    const open = await openJobIds(journal.db, { after, limit: CHUNK });
    if (open.length === 0) break;
    after = open.at(-1)!.id;
    beat();
    const ids = open.map(({ id }) => `"${workflowIdOf(id)}"`).join(', ');
    for await (const chunk of inChunks(client.workflow.list({ query: `WorkflowId IN (${ids}) AND ExecutionStatus != "Running"` })))
      await compare(journal, chunk, stale);
  }
  if (stale.size > 0) await restore({ client, journal, bundle }, stale);
  return [...stale];
}

/** What Temporal's visibility says of a workflow, as far as it matters here. */
type Seen = { workflowId: string; status: { name: string } };

async function compare(journal: Journal, workflows: Seen[], stale: Set<string>): Promise<void> {
  const ids = workflows.map(({ workflowId }) => jobIdOf(workflowId)).filter((id) => id !== undefined);
  if (ids.length === 0) return;
  const rows = await readJobsById(journal.db, ids);
  for (const [index, id] of ids.entries()) {
    const row = rows[index];
    const closed = workflows[index]?.status.name !== 'RUNNING';
    if (!row || (closed && !isFinal(row.status as JobStatus))) stale.add(id);
  }
}

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
