import { setTimeout as pause } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import { workflowIdOf } from '../job/ids.ts';
import { type AttemptInput, type AttemptResult, type JobSpec, type Limits, PRODUCT_DEFAULTS } from '../job/spec.ts';
import type { AttemptStart } from '../journal/entries.ts';
import type { Journal } from '../journal/journal.ts';
import { recordBriefly } from '../journal/record-briefly.ts';
import { endOf, type Ended, heapWasFull, report } from './attempt-end.ts';
import { graceOf, keptNow, outcomeOnRecord, recordStart, untilGraceIsOver } from './attempt-record.ts';
import { dependencyResults } from './dependencies.ts';
import { timer } from '../process/timer.ts';
import type { Gauge } from '../worker/gauge.ts';
import { type Ask, Heart } from '../worker/heart.ts';
import { heapUnder } from '../worker/heap.ts';
import type { Meter } from '../worker/meter.ts';
import type { RunnerAttempt } from '../worker/protocol.ts';
import { Reporter } from '../worker/reporter.ts';
import { Turns } from '../worker/turns.ts';
import type { RunnerPool } from '../worker/runner-pool.ts';
import type { KillReceipt, Runner, RunnerEnd } from '../worker/runner.ts';
import { GIVEN_BACK } from '../workflows/run-attempt.ts';

/** What a worker offers to workflows. */
export type AttemptActivities = { attempt(input: AttemptInput): Promise<AttemptResult> };

export type AttemptDeps = {
  journal: Journal;
  pool: RunnerPool;
  meter: Meter;
  client: Client;
  connection: NativeConnection;
  namespace: string;
  identity: string;
  workerId: string;
  host: string;
  /** Aborted when attempts that have not ended are to end now, and to run elsewhere. */
  cutOff: AbortSignal;
};

/**
 * Runs one attempt in a runner and ends when its process has answered or is gone.
 *
 * @throws ApplicationFailure of the reason's code, never retried by Temporal: what follows is the workflow's to decide.
 * @throws CancelledFailure when the job was asked to stop and the process is proven gone.
 */
export const attemptActivities = (deps: AttemptDeps): AttemptActivities => {
  const turns = new Turns();
  return {
    async attempt(input) {
      const adopted = input.adoptLost ? await outcomeOnRecord(deps.journal, input) : undefined;
      if (adopted) return report(adopted, { adopted: true });

      const kept = await keptNow(deps.journal, input);
      // A sweep takes it out of line for a fifth of what it costs to give it back, and has first call on the server.
      if (kept === 'paused') await pause(GIVE_BACK_PAUSE_MS);
      if (kept) throw givenBack();
      const heart = new Heart(deps);
      try {
        const ended = await turns.take(input.spec.id, heart, async () => {
          const { dependencies } = input.spec;
          const results = dependencies.length > 0 ? await dependencyResults(deps, dependencies, heart.asked) : {};
          const limits = limitsOf(input);
          const { pool } = deps;
          const type = input.handler ?? input.spec.type;
          const leased = limits.memoryBytes === null ? pool.lease(type) : pool.leaseSingle(type, heapUnder(limits.memoryBytes));
          // A turn or a process may have been long in coming.
          const runner = await Promise.race([heart.asked, leased]);
          if (typeof runner === 'string') {
            void leased.then((late) => pool.giveBack(late, true));
            return endOf(runner, { ...idOf(input), startedAt: Date.now(), at: Date.now() }, undefined, undefined, null);
          }
          const ended = await runIn(runner, input, limits, results, heart, deps);
          await recordBriefly(deps.journal, { kind: 'attemptEnded', attempt: ended.end });
          return ended;
        });
        await heart.fresh();
        return report(ended.end, ended);
      } finally {
        heart.stop();
      }
    },
  };
};

async function runIn(
  runner: Runner,
  input: AttemptInput,
  limits: Limits,
  dependencies: RunnerAttempt['dependencies'],
  heart: Heart,
  deps: AttemptDeps,
): Promise<Ended> {
  const { spec, number } = input;
  const { timeoutMs, graceMs } = spec.options;
  const startedAt = Date.now();
  // Before the runner gets the work: a worker that starts after us must find what we had.
  const attempt: AttemptStart = {
    spec,
    jobId: spec.id,
    number,
    workflowId: workflowIdOf(spec.id),
    activityId: Context.current().info.activityId,
    step: input.step?.name,
    undo: input.step?.undo,
    workerId: deps.workerId,
    host: deps.host,
    pid: runner.pid,
    at: startedAt,
  };
  if (!(await recordStart(deps.journal, attempt, input))) {
    deps.pool.giveBack(runner, true);
    throw givenBack();
  }
  // Told again to a journal that is made anew: Temporal's history has an attempt only when it has ended.
  const forget = deps.journal.stand({ kind: 'attemptStarted', attempt });
  heart.guard(runner);
  const gauge = deps.meter.follow(runner.tree, { jobId: spec.id, number, limits });
  const reporter = new Reporter(deps.journal.writer, spec.id, number, (value) => heart.save(value));
  const { id, type, queue, tags, metadata } = spec;
  const running = runner.run(
    {
      job: { id, type, queue, tags, metadata },
      payload: spec.payload,
      number,
      deadlineAt: killedAt(input, startedAt),
      checkpoint: input.checkpoint,
      dependencies,
      handler: input.handler,
      step: input.step,
    },
    reporter,
  );
  const timeout = timer(timeoutMs);
  const fastest = await Promise.race([running, reporter.hasAnswered, heart.asked, timeout.over, gauge.exceeded]);
  timeout.clear();
  const ended = fastest === 'answered' ? await afterHooks(runner, running, heart, gauge) : fastest;
  // Its guardian has killed it, for we were stopped ourselves and are only now told of all that has happened.
  const first = typeof ended !== 'string' && ended.kind === 'died' && heart.isOverdue ? 'fenced' : ended;

  gauge.note();
  const hasAnswered = typeof first !== 'string' && (first.kind === 'done' || first.kind === 'failed');
  const hasDied = typeof first !== 'string' && first.kind === 'died';
  let killed: KillReceipt | undefined;
  // Nothing that it has started stays, also when it has come to its end, or has died, by itself.
  if (!hasAnswered || runner.hasLeftProcesses()) {
    killed =
      first === 'cancelled'
        ? await killInGrace(runner, running, deps.journal, spec)
        : await runner.kill(first === 'timeout' ? graceMs : 0, running);
    // Its last lines.
    await running;
    if (hasDied && killed.killedPids.length === 0) killed = undefined;
  }
  const used = gauge.stop();
  reporter.end();
  forget();
  heart.unguard();
  const reusable = hasAnswered && !killed && first.reusable;
  deps.pool.giveBack(runner, reusable);
  // A hook that has not ended goes on until its process is gone: nothing of an attempt runs when others hear of its end.
  if (!reusable) await runner.kill(0);
  const how = hasDied && first.outOfHeap && limits.memoryBytes !== null ? heapWasFull(limits.memoryBytes, used) : first;
  const { annotations, checkpoint } = reporter;
  const base = { jobId: spec.id, number, startedAt, at: Date.now(), ...(annotations ? { annotations } : {}), ...used };
  return endOf(how, base, killed, checkpoint, timeoutMs);
}

/** An abort's own grace counts, and a shorter one that it is asked for with later. */
async function killInGrace(runner: Runner, running: Promise<RunnerEnd>, journal: Journal, { id, options }: JobSpec): Promise<KillReceipt> {
  const graceMs = await graceOf(journal, id, options.graceMs);
  const gone = new AbortController();
  const receipt = await runner.kill(graceMs, running, untilGraceIsOver(journal, id, graceMs, gone.signal));
  gone.abort();
  return receipt;
}

/** Whatever hooks do, the handler has ended as it has. They may go on while the attempt is ours, and within its limits. */
async function afterHooks(runner: Runner, running: Promise<RunnerEnd>, heart: Heart, gauge: Gauge): Promise<RunnerEnd> {
  // An abort comes too late.
  const over = heart.asked.then<RunnerEnd | Ask>((ask) => (ask === 'cancelled' ? running : ask));
  const first = await Promise.race([running, over, gauge.exceeded]);
  if (typeof first === 'string' || first.kind === 'exceeded') await runner.kill(0);
  return running;
}

const idOf = ({ spec, number }: AttemptInput) => ({ jobId: spec.id, number });

/** By its own timeout or by its job's deadline, whichever is first; null where there is neither. */
function killedAt({ spec, deadlineAt = Infinity }: AttemptInput, startedAt: number): number | null {
  const at = Math.min(startedAt + (spec.options.timeoutMs ?? Infinity), deadlineAt);
  return Number.isFinite(at) ? at : null;
}

/** A job of an earlier version has no limits. */
const limitsOf = ({ spec: { options }, memoryBytes }: AttemptInput): Limits => {
  const limits = options.limits ?? PRODUCT_DEFAULTS.options.limits;
  return memoryBytes === undefined ? limits : { ...limits, memoryBytes };
};

const givenBack = (): ApplicationFailure => ApplicationFailure.nonRetryable('its queue has a policy', GIVEN_BACK);

const GIVE_BACK_PAUSE_MS = 500;
