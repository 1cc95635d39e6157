import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { gateOfWorkflow, type GatePolicy, gateStart, gateWorkflowIdOf, type Holder, queueOfGate, type Waiting } from '../job/gate.ts';
import { workflowIdOf } from '../job/ids.ts';
import type { Journal } from '../journal/journal.ts';
import { readPolicy } from '../journal/read-queues.ts';
import { within } from '../process/within.ts';
import type { gateWorkflow } from '../workflows/gate.ts';
import { granted as grantedSignal, leave, setPolicy, want as wantSignal } from '../workflows/messages.ts';
import { eachAtOnce } from './each-at-once.ts';

type Deps = { client: Client; journal: Journal };
export type Key = { gate: string; ticket: number };

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

/** A job gives back what it holds, or takes back what it has asked for. A gate that is gone has nothing of it. */
export async function leaveGates(client: Client, jobId: string, keys: readonly Key[]): Promise<void> {
  await eachAtOnce(keys, ({ gate, ticket }) =>
    unlessGone(() => client.workflow.getHandle(gateWorkflowIdOf(gate)).signal(leave, jobId, ticket)),
  );
}

/** @returns those that are not there any more. */
export async function tellGranted(client: Client, gate: string, holders: readonly Holder[]): Promise<Holder[]> {
  const gone: Holder[] = [];
  await eachAtOnce(holders, async (holder) => {
    const isTold = await unlessGone(() => client.workflow.getHandle(workflowIdOf(holder.jobId)).signal(grantedSignal, gate, holder.ticket));
    if (!isTold) gone.push(holder);
  });
  return gone;
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

async function unlessGone(call: () => Promise<void>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

const NO_POLICY: GatePolicy = { limit: null, paused: false };
const JOURNAL_WAIT_MS = 2_000;
