import {
  allHandlersFinished,
  condition,
  continueAsNew,
  patched,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { OrchestratorActivities } from '../activities/orchestrator.ts';
import { ADOPTED, Gate, type GatePolicy, type GateState, queueOfGate } from '../job/gate.ts';
import { fillFirstTask } from './first-task.ts';
import { gateState, leave, setPolicy, want } from './messages.ts';
import { CUT_OFF, Sweeper } from './sweeper.ts';

const { tellGranted, endedAmong, runningOf, writePolicy } = proxyLocalActivities<OrchestratorActivities>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: 100, maximumInterval: 5_000 },
});

/** What a gate carries from one run to the next; `isSwept`: what its queue has in line is paused there; null: a part of it. */
type Kept = GateState & { isSwept: boolean | null };

/**
 * A gate: one workflow for each key, while anybody holds it or waits for it. A queue's stays as long as there is a policy.
 *
 * Nobody's place is leaked: while others wait, it looks which holders have ended without a word (terminated in Temporal).
 */
export async function gateWorkflow(name: string, begin: GatePolicy | Kept): Promise<void> {
  // A new run of a gate that nobody waits at.
  if ('policy' in begin) fillFirstTask();
  const gate = new Gate('policy' in begin ? begin : { policy: begin, held: [], waiting: [] });
  const queue = queueOfGate(name);
  const sweeper = new Sweeper(queue, 'policy' in begin && begin.isSwept);
  let isLimitNew = false;
  let asked: (() => void)[] = [];
  let lookAt: number | undefined;
  let news = 0;
  setHandler(gateState, () => gate.state);
  setHandler(want, (waiting, policy) => {
    gate.want(waiting);
    // Of a key the limit that was given last holds; a queue's is set by its own mutations.
    if (policy) gate.policy = policy;
    news += 1;
  });
  setHandler(leave, (jobId, ticket) => {
    gate.leave(jobId, ticket);
    news += 1;
  });
  setHandler(setPolicy, async (changes) => {
    gate.policy = { ...gate.policy, ...changes };
    isLimitNew ||= typeof changes.limit === 'number';
    news += 1;
    // Whoever asked wrote it before there was this, with starts in between that nobody counted.
    if (patched('gate-writes-policy')) await new Promise<void>((resolve) => void asked.push(resolve));
    return gate.policy;
  });

  /** Whoever runs by now is inside. Nobody else starts without having been let in, and nobody is let in meanwhile. */
  const count = async (ofQueue: string): Promise<void> => {
    isLimitNew = false;
    const running = (await runningOf({ queue: ofQueue })).map((jobId) => ({ jobId, ticket: ADOPTED }));
    for (const holder of running) gate.enter(holder);
    for (const { jobId, ticket } of await tellGranted({ gate: name, granted: running })) gate.leave(jobId, ticket);
  };

  for (;;) {
    const seen = news;
    const isNews = (): boolean => news > seen;
    const isToLook = (): boolean => isNews() || sweeper.hasLeft;
    if (queue !== undefined && asked.length > 0) {
      const answers = asked;
      asked = [];
      await writePolicy({ queue, policy: gate.policy });
      if (isLimitNew) await count(queue);
      for (const answer of answers) answer();
      continue;
    }
    if (queue !== undefined && isLimitNew) {
      await count(queue);
      continue;
    }
    const granted = gate.grant();
    if (granted.length > 0) {
      for (const { jobId, ticket } of await tellGranted({ gate: name, granted })) gate.leave(jobId, ticket);
      continue;
    }
    sweeper.see(gate.policy.paused);
    if (workflowInfo().historyLength > LONG_HISTORY) {
      // Runs of before waited for the end of the sweep, and let nobody in meanwhile.
      if (sweeper.isBusy && !patched(CUT_OFF)) await sweeper.end();
      if (!sweeper.isBusy) {
        await condition(() => isNews() || allHandlersFinished());
        // What came meanwhile may want something done that the next run would not know of.
        if (isNews()) continue;
        return continueAsNew<typeof gateWorkflow>(name, { ...gate.state, isSwept: sweeper.isSwept });
      }
      sweeper.leave();
    }
    if (isNews()) continue;
    // Kept over whatever comes meanwhile: a gate that is always busy must look as well.
    lookAt = gate.hasWaiting && gate.holders.length > 0 ? (lookAt ?? Date.now() + LEASE_LOOK_MS) : undefined;
    if (gate.isIdle && !sweeper.isBusy && (queue === undefined || !hasPolicy(gate.policy))) {
      if (!(await condition(isNews, IDLE_MS))) return;
    } else if (lookAt !== undefined) {
      if (Date.now() < lookAt && (await condition(isToLook, lookAt - Date.now()))) continue;
      lookAt = undefined;
      for (const { jobId, ticket } of await endedAmong({ holders: gate.holders })) gate.leave(jobId, ticket);
    } else {
      await condition(isToLook);
    }
  }
}

const hasPolicy = ({ limit, paused }: GatePolicy): boolean => limit !== null || paused;

const IDLE_MS = 10_000;
/** With the time its worker takes to hear of it and to kill, a holder that was terminated is out within 20 s. */
const LEASE_LOOK_MS = 5_000;
const LONG_HISTORY = 1_000;
