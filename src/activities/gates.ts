import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { gateOfWorkflow, type GatePolicy, gateStart, gateWorkflowIdOf, queueOfGate, type Waiting } from '../job/gate.ts';
import { workflowIdOf } from '../job/ids.ts';
import type { Journal } from '../journal/journal.ts';
import { readPolicy, waitingAt } from '../journal/read-queues.ts';
import { within } from '../process/within.ts';
import type { gateWorkflow } from '../workflows/gate.ts';
import { gateGone, setPolicy, want as wantSignal } from '../workflows/messages.ts';
import { eachAtOnce } from './each-at-once.ts';
import type { Seen } from './visibility.ts';

type Deps = { client: Client; journal: Journal };

/** A job asks at a gate, which is opened where there is none. A queue's begins with the policy on record. */
export async function askGate({ client, journal }: Deps, gate: string, policy: GatePolicy | undefined, want: Waiting): Promise<void> {
  const queue = queueOfGate(gate);
  // No journal, no policy: as for a worker.
  const begin = queue === undefined ? policy : await readPolicy(journal.db, queue).catch(() => undefined);
  await client.workflow.signalWithStart<typeof gateWorkflow, [Waiting, GatePolicy | null]>('gateWorkflow', {
    ...gateStart(gate),
    args: [gate, begin ?? NO_POLICY],
    signal: wantSignal,
    signalArgs: [want, policy ?? null],
  });
}

/**
 * Where workers read a queue's policy. Resolves when nothing that it keeps starts any more.
 *
 * @throws Error where the journal does not take it now.
 */
export async function writePolicy({ writer }: Journal, queue: string, policy: GatePolicy): Promise<void> {
  if (!(await within(JOURNAL_WAIT_MS, writer.write({ kind: 'queuePolicy', queue, policy }))))
    throw new Error(`the journal cannot be written now, so workers do not see the new policy of the queue "${queue}" yet`);
}

/** The policies of queues as their gates have them, for a journal that was made anew. */
export async function restorePolicies({ client, journal }: Deps): Promise<void> {
  const query = `WorkflowType = 'gateWorkflow' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId } of client.workflow.list({ query })) {
    const queue = queueOfGate(gateOfWorkflow(workflowId));
    if (queue === undefined || (await readPolicy(journal.db, queue))) continue;
    // The gate writes it.
    await client.workflow.getHandle(workflowId).executeUpdate(setPolicy, { args: [{}] });
  }
}

/** The gates among these workflows that have ended while they may have been needed. */
export const brokenOff = (workflows: readonly Seen[]): string[] =>
  workflows
    .filter(({ workflowId, status }) => workflowId.startsWith(gateWorkflowIdOf('')) && BROKEN_OFF.has(status.name))
    .map(({ workflowId }) => gateOfWorkflow(workflowId));

/** Has those ask again who wait at a gate that is there no more, as one that was terminated in Temporal: another one knows nothing of them. */
export async function askAnew({ client, journal }: Deps, gates: Iterable<string>): Promise<void> {
  for (const gate of gates) {
    await eachAtOnce(await waitingAt(journal.db, gate), async (jobId) => {
      try {
        await client.workflow.getHandle(workflowIdOf(jobId)).signal(gateGone, gate);
      } catch (error) {
        // It has ended meanwhile.
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    });
  }
}

const BROKEN_OFF = new Set(['TERMINATED', 'FAILED', 'TIMED_OUT']);
const NO_POLICY: GatePolicy = { limit: null, paused: false };
const JOURNAL_WAIT_MS = 2_000;
