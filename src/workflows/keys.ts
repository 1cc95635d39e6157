import { condition, getExternalWorkflowHandle } from '@temporalio/workflow';
import { type GatePolicy, gateOfKey, gateOfQueue, gateOfType, gateWorkflowIdOf, type Waiting } from '../job/gate.ts';
import { askGate } from './asks.ts';
import type { JobLife } from './job-life.ts';
import { leave, want } from './messages.ts';
import { isTooLongInLine } from './new-run.ts';

/**
 * Resolves with `all` when the job holds every key it must; with `late` when its queue timeout is over; with `left` when it
 * is not to go in line any more. Asked for one after the other and always in the same order, type, key, queue, so that no two
 * jobs wait for each other.
 */
export async function untilAllKeys(job: JobLife): Promise<'all' | 'late' | 'left'> {
  if (job.isGivenBack) await giveBackKeys(job, gateOfQueue(job.spec.queue));
  job.isGivenBack = false;
  for (;;) {
    const next = gatesOf(job).find(({ gate }) => !job.keys.some((key) => key.gate === gate));
    if (mustLeave(job)) return 'left';
    if (!next) return 'all';
    if (!(await untilGranted(job, next.gate, next.policy))) return 'late';
  }
}

/** Gives back the keys, or only that of one gate. Its processes are gone by now. */
export async function giveBackKeys(job: JobLife, gate?: string): Promise<void> {
  const keys = job.keys.filter((key) => gate === undefined || key.gate === gate);
  if (keys.length === 0) return;
  job.keys = job.keys.filter((key) => !keys.includes(key));
  await giveBack(job, keys);
}

export async function giveBack({ spec }: JobLife, keys: JobLife['keys']): Promise<void> {
  // A gate that is gone has nothing of it.
  await Promise.all(
    keys.map(({ gate, ticket }) =>
      gateOf(gate)
        .signal(leave, spec.id, ticket)
        .catch(() => {}),
    ),
  );
}

/** Temporal tells it itself, where it is open; an orchestrator opens it where it is not. */
async function ask(gate: string, policy: GatePolicy | undefined, waiting: Waiting): Promise<void> {
  const isTold = await gateOf(gate)
    .signal(want, waiting, policy ?? null)
    .then(
      () => true,
      () => false,
    );
  if (!isTold) await askGate({ gate, policy, want: waiting });
}

const gateOf = (gate: string) => getExternalWorkflowHandle(gateWorkflowIdOf(gate));

/** Or until the gate is not what keeps it any more. @returns false where that takes longer than its queue timeout. */
async function untilGranted(job: JobLife, gate: string, policy: GatePolicy | undefined): Promise<boolean> {
  const jobId = job.spec.id;
  const ticket = ++job.tickets;
  const isIn = (): boolean => job.keys.some((key) => key.gate === gate);
  const isOver = (): boolean => isIn() || mustLeave(job) || !gatesOf(job).some((each) => each.gate === gate);
  job.atGate = { gate, ticket };
  job.tell([]);
  let asked: number | undefined;
  const isToAsk = (): boolean => asked !== job.band || job.asksAgain;
  let isLate = false;
  while (!isOver() && !isLate) {
    if (isToAsk()) {
      job.asksAgain = false;
      await ask(gate, policy, { jobId, ticket, band: (asked = job.band) });
    } else isLate = await waitedTooLong(job, () => isOver() || isToAsk());
  }
  job.atGate = undefined;
  if (!isIn()) await giveBack(job, [{ gate, ticket }]);
  if (!mustLeave(job) && !isLate) job.tell([]);
  return !isLate;
}

async function waitedTooLong({ queueUntil, undoing }: JobLife, isOver: () => boolean): Promise<boolean> {
  if (queueUntil !== undefined && !undoing) return !(await condition(isOver, Math.max(1, queueUntil - Date.now())));
  await condition(isOver);
  return false;
}

/** What a job needs besides a slot. Force passes its queue; the other keys only when told to. */
function gatesOf(job: JobLife): { gate: string; policy?: GatePolicy }[] {
  const { type, queue, options } = job.spec;
  const gates: { gate: string; policy?: GatePolicy }[] = [];
  if (options.exclusive && !job.ignoresKeys) gates.push({ gate: gateOfType(type), policy: { limit: 1, paused: false } });
  if (options.concurrency && !job.ignoresKeys)
    gates.push({ gate: gateOfKey(options.concurrency.key), policy: { limit: options.concurrency.limit, paused: false } });
  if (job.isQueueGated && !job.forced && !job.undoing) gates.push({ gate: gateOfQueue(queue) });
  return gates;
}

const mustLeave = (job: JobLife): boolean => job.isToStop || (job.held && !job.undoing) || isTooLongInLine(job);
