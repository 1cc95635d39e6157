import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  patched,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { ADOPTED, Gate, type GatePolicy, type GateState, type Holder, queueOfGate } from '../job/gate.ts';
import { workflowIdOf } from '../job/ids.ts';
import { endedAmong, runningOf, writePolicy } from './asks.ts';
import { fillFirstTask } from './first-task.ts';
import { gateState, granted, leave, setPolicy, want } from './messages.ts';
import { Sweeper } from './sweeper.ts';

/** What a gate carries from one run to the next. */
type Kept = GateState & {
  /** What its queue has in line is paused there; null: a part of it. */
  isSwept: boolean | null;
  /** When the next look for holders that are gone is due, ms since 1970. */
  lookAt: number | null;
};

/**
 * A gate: one workflow for each key, while anybody holds it or waits for it. A queue's stays as long as there is a policy.
 *
 * Nobody's place is leaked: while others wait, it looks which holders have ended without a word (terminated in Temporal). A cancel in Temporal
 * changes nothing: only it knows who is in and who waits.
 */
export async function gateWorkflow(name: string, begin: GatePolicy | Kept): Promise<void> {
  await CancellationScope.nonCancellable(() => keepGate(name, begin));
}

async function keepGate(name: string, begin: GatePolicy | Kept): Promise<void> {
  // A new run of a gate that nobody waits at.
  if ('policy' in begin) fillFirstTask();
  const gate = new Gate('policy' in begin ? begin : { policy: begin, held: [], waiting: [] });
  const queue = queueOfGate(name);
  const sweeper = new Sweeper(queue, 'policy' in begin ? begin.isSwept : isSweptAtFirst(queue));
  let lookAt = 'policy' in begin ? begin.lookAt : null;
  let isLooking = false;
  let isLimitNew = false;
  let asked: (() => void)[] = [];
  let telling = 0;
  let news = 0;
  setHandler(gateState, () => gate.state);
  setHandler(want, (waiting, policy) => {
    gate.want(waiting);
    // Of a key the limit that was given last holds; a queue's is set by its own mutations.
    if (policy) gate.policy = policy;
    news += 1;
  });
  const out = ({ jobId, ticket }: Holder): void => {
    gate.leave(jobId, ticket);
    news += 1;
  };
  setHandler(leave, (jobId, ticket) => out({ jobId, ticket }));
  setHandler(setPolicy, async (changes) => {
    gate.policy = { ...gate.policy, ...changes };
    isLimitNew ||= typeof changes.limit === 'number';
    news += 1;
    await new Promise<void>((resolve) => void asked.push(resolve));
    return gate.policy;
  });

  /**
   * By a command of the very task that lets them in: where that is lost, nobody has been told. Were they told any sooner, the task that takes
   * its place might know of others that come first, and there would be one too many inside.
   */
  const tell = (holders: readonly Holder[]): void => {
    for (const holder of holders) {
      telling += 1;
      void getExternalWorkflowHandle(workflowIdOf(holder.jobId))
        .signal(granted, name, holder.ticket)
        // It is gone.
        .catch(() => out(holder))
        .finally(() => {
          telling -= 1;
          news += 1;
        });
    }
  };

  /** Whoever runs by now is inside. Nobody else starts without having been let in, and nobody is let in meanwhile. */
  const count = async (ofQueue: string): Promise<void> => {
    isLimitNew = false;
    const running = (await runningOf({ queue: ofQueue })).map((jobId) => ({ jobId, ticket: ADOPTED }));
    for (const holder of running) gate.enter(holder);
    tell(running);
  };

  const isContested = (): boolean => gate.hasWaiting && gate.holders.length > 0;
  /** Whatever comes meanwhile: a gate that is always busy must look as well. */
  const look = async (): Promise<void> => {
    isLooking = true;
    lookAt ??= Date.now() + LEASE_LOOK_MS;
    await sleep(Math.max(1, lookAt - Date.now()));
    if (isContested()) (await endedAmong({ holders: gate.holders })).forEach(out);
    isLooking = false;
    lookAt = null;
    news += 1;
  };

  for (;;) {
    const seen = news;
    const isNews = (): boolean => news > seen;
    const isToGoOn = (): boolean => isNews() || sweeper.hasLeft;
    if (queue !== undefined && asked.length > 0) {
      const answers = asked;
      asked = [];
      await writePolicy({ queue, policy: gate.policy });
      if (isLimitNew) await count(queue);
      for (const answer of answers) answer();
      continue;
    }
    const isLong = workflowInfo().historyLength > LONG_HISTORY;
    while (!isLong && telling < MOST_TOLD_AT_ONCE) {
      const holders = gate.grant();
      if (holders.length === 0) break;
      tell(holders);
    }
    if (isContested() && !isLooking) void look();
    sweeper.see(gate.policy.paused);
    if (isLong && sweeper.isBusy) sweeper.leave();
    // Temporal forgets what a run that has ended was about to tell.
    else if (isLong && telling === 0) {
      await condition(() => isNews() || allHandlersFinished());
      // What came meanwhile may want something done that the next run would not know of.
      if (isNews()) continue;
      return continueAsNew<typeof gateWorkflow>(name, { ...gate.state, isSwept: sweeper.isSwept, lookAt });
    }
    if (gate.isIdle && !sweeper.isBusy && (queue === undefined || !hasPolicy(gate.policy))) {
      if (!(await condition(isNews, IDLE_MS))) return;
    } else {
      await condition(isToGoOn);
    }
  }
}

/** The gate before may have been terminated: what that had swept nobody knows. */
const isSweptAtFirst = (queue: string | undefined): false | null =>
  queue !== undefined && patched('looks-for-what-was-swept') ? null : false;

const hasPolicy = ({ limit, paused }: GatePolicy): boolean => limit !== null || paused;

const IDLE_MS = 10_000;
/** With the time its worker takes to hear of it and to kill, a holder that was terminated is out within 20 s. */
const LEASE_LOOK_MS = 5_000;
const LONG_HISTORY = 1_000;
/** Temporal takes 2,000 signals under way of one workflow; {@link Gate.grant} lets in 100 at a time. */
const MOST_TOLD_AT_ONCE = 500;
