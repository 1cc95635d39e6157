import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { seeded } from '../../src/cli/demo/seeded.ts';
import { queueOfGate } from '../../src/job/gate.ts';
import { band, type Created, effectivePriority, isFinal, type ModelJob } from '../model/job.ts';
import { Model, type Operation } from '../model/model.ts';
import { draw, lastOperations } from '../model/operations.ts';
import { eventually } from './fixtures/eventually.ts';
import { startOrder } from './fixtures/orders.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import type { OpenAttempt, TemporalView } from './fixtures/temporal-view.ts';
import type { Millrace } from './millrace.ts';

/** One slot, and every attempt ends when and how the test says: the real system beside the model, step by step. */
let millrace: Millrace;
let temporal: TemporalView;
const scratch = shareMillrace({ slots: 1 }, (shared) => ({ millrace, temporal } = shared));

/** Another first seed, another twenty lives: MODEL_SEED=5000. In these twenty there is something of every option. */
const FIRST_SEED = Number(process.env['MODEL_SEED'] ?? 1_700);
test.each(Array.from({ length: 20 }, (_, index) => FIRST_SEED + index))('does what the model does, seed %i', async (seed) => {
  const random = seeded(seed);
  const prefix = `m${seed}`;
  const model = new Model(prefix, seed % 2 === 0 ? null : 1 + (seed % 3));
  const log: string[] = [];
  onTestFinished(() => abortAll(model));
  if (model.limit !== null) await order('setQueueLimit', { name: prefix, limit: model.limit });
  const step = async (operation: Operation): Promise<void> => {
    log.push(JSON.stringify(operation));
    await perform(model, operation);
    model.apply(operation);
    await agree(model, log);
  };
  // A worker takes a second or two to come back.
  const bounds = { losses: seed % 4 === 0 ? 1 : 0 };
  for (let count = 0; count < 9; count++) await step(draw(model, random, bounds));
  for (let operation = lastOperations(model); operation; operation = lastOperations(model)) await step(operation);
  expect(Array.from(model.jobs.values()).filter((job) => !isFinal(job))).toEqual([]);
  // `<id> 2` is the second attempt of a job.
  const started = await startOrder(millrace, Object.fromEntries(Array.from(model.jobs.keys(), (id) => [id, id])));
  expect(
    started.map((name) => name.split(' ')[0]),
    log.join('\n'),
  ).toEqual(model.started);
});

/** So that a sequence that has gone wrong does not leave the next one a slot that is taken. */
async function abortAll(model: Model): Promise<void> {
  await order('resumeQueue', { name: model.names.queue });
  for (const id of model.jobs.keys()) await order('abortJob', { id, grace: '0s', rollback: false });
}

async function perform(model: Model, operation: Operation): Promise<void> {
  switch (operation.do) {
    case 'create':
      return void (await millrace.create(inputOf(model, operation.job)));
    case 'setPriority':
      return order('setJobPriority', { id: operation.id, priority: operation.priority });
    case 'forceStart': {
      const { id, ignoreDependencies, ignoreConcurrency } = operation;
      return order('forceStartJob', { id, ignoreDependencies, ignoreConcurrency });
    }
    case 'abort':
      return order('abortJob', { id: operation.id, ...('rollback' in operation ? { rollback: false } : {}) });
    case 'hold':
    case 'release':
      return order(`${operation.do}Job`, { id: operation.id });
    case 'age':
      // As the ager does when it has waited long enough.
      return temporal.handle(operation.id).signal('age', effectivePriority(model.jobs.get(operation.id)!));
    case 'pauseQueue':
    case 'resumeQueue':
      return order(operation.do, { name: model.names.queue });
    case 'setQueueLimit':
      return order(operation.do, { name: model.names.queue, limit: operation.limit });
    case 'lose':
      await millrace.role('worker').kill();
      return void (await millrace.startRole('worker'));
    default: {
      const { attemptCount } = await millrace.job(model.running!, 'attemptCount');
      writeFileSync(join(scratch.dir, `${model.running}.${attemptCount}`), operation.do);
    }
  }
}

function inputOf({ names }: Model, job: Created): Record<string, unknown> {
  const { id, priority, hold, dependencies, exclusive, keyLimit, rollback, maxHalts, maxAttempts } = job;
  const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
  const starts = { now: {}, past: { startAt: at(-60_000) }, delay: { delay: '1h' }, startAt: { startAt: at(3_600_000) } };
  const clocks = {
    none: {},
    long: { timeout: '1h', queueTimeout: '1h', deadline: '2h' },
    timeout: { timeout: '150ms' },
    queueTimeout: { queueTimeout: '400ms' },
    deadline: { deadline: '400ms' },
  };
  return {
    id,
    type: names.typeOf(job),
    payload: { dir: scratch.dir },
    priority,
    hold,
    dependencies,
    exclusive,
    rollback,
    maxHalts,
    grace: '0s',
    retry: { maxAttempts, delay: '1h', jitter: false },
    onDependencyFailure: job.runAnyway ? 'RUN_ANYWAY' : 'FAIL',
    onLost: job.failIfLost ? 'FAIL' : 'RUN_AGAIN',
    ...starts[job.start],
    ...clocks[job.clock],
    ...(keyLimit ? { concurrency: { key: names.keyOf(keyLimit), limit: keyLimit } } : {}),
    ...(job.inQueue ? { queue: names.queue } : {}),
  };
}

async function order(mutation: string, input: Record<string, unknown>): Promise<void> {
  const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`;
  await millrace.client.data(`mutation ($input: ${type}!) { ${mutation}(input: $input) { userErrors { code } } }`, { input });
}

/** Waits until the real system stands where the model does: all that is shown of every job, and every band in Temporal's line. */
async function agree(model: Model, log: string[]): Promise<void> {
  let difference = '';
  await eventually(
    () => `the system agrees with the model: ${difference}\n${log.join('\n')}`,
    async () => {
      const seen = await look(model);
      startNext(model, seen);
      for (const job of model.jobs.values()) {
        difference = differenceOf(job, seen.get(job.id), model);
        if (difference) return false;
        if (job.place !== 'line' && job.place !== 'swept') continue;
        const attempt = await temporal.openAttempt(job.id);
        difference = `${job.id}: ${JSON.stringify(attempt)}, in the model ${job.place}, band ${band(job)}`;
        const isThere = attempt?.band === band(job) && (job.place === 'line' ? attempt.inLine : attempt.isSwept);
        if (!(model.unmet.has(job) ? meet(model, job, attempt) : isThere)) return false;
      }
      // A slot that is free meets all of them.
      return model.candidates().length === 0 && (model.unmet.size === 0 || model.running !== undefined);
    },
  );
}

/** Who has met it, while its queue is paused, the system decides as well. @returns false while it is being met. */
function meet(model: Model, job: ModelJob, attempt: OpenAttempt | undefined): boolean {
  if (!attempt) model.giveBack(job);
  else if (attempt.isSwept) model.unmet.delete(job);
  else return attempt.inLine;
  return true;
}

/** Where the rules leave it open who is first, the system decides. */
function startNext(model: Model, seen: Map<string, Seen>): void {
  const isStarted = (id: string): boolean => (seen.get(id)?.attempts.nodes.length ?? 0) > model.jobs.get(id)!.outcomes.length;
  const startOf = (id: string): number => Date.parse(seen.get(id)!.attempts.nodes[model.jobs.get(id)!.outcomes.length]!.startedAt);
  for (let candidates = model.candidates(); candidates.length > 0; candidates = model.candidates()) {
    const [only, ...others] = candidates;
    const [first] = candidates.filter(isStarted).toSorted((a, b) => startOf(a) - startOf(b));
    const next = others.length === 0 ? only : first;
    if (next === undefined) return;
    model.start(next);
  }
}

type Seen = Record<string, any> & { id: string; attempts: { nodes: { outcome: string | null; startedAt: string }[] } };

async function look(model: Model): Promise<Map<string, Seen>> {
  const ids = [...model.jobs.keys()];
  const { jobs } = await millrace.client.data(
    `query ($ids: [ID!]) { jobs(filter: { ids: $ids }, first: ${Math.max(1, ids.length)}) { nodes {
       id status halts losses failures effectivePriority forced failedOver rollback reason { code } waitingFor { kind key } steps { status }
       attempts(first: 30) { nodes { outcome startedAt } } } } }`,
    { ids },
  );
  return new Map(jobs.nodes.map((job: Seen) => [job.id, job]));
}

function differenceOf(job: ModelJob, seen: Seen | undefined, model: Model): string {
  const { id, status, halts, losses, failures, forced, failedOver, outcomes } = job;
  const ofModel = {
    id,
    status,
    halts,
    losses,
    failures,
    effectivePriority: effectivePriority(job),
    forced,
    failedOver,
    rollback: job.rollbackState,
    reason: job.reason ? { code: job.reason } : null,
    waitingFor: status === 'QUEUED' ? waitOf(job, model) : null,
    steps: isFinal(job) ? job.stepStatuses : [],
    outcomes,
  };
  const ofSystem = seen && {
    ...seen,
    attempts: undefined,
    waitingFor: status === 'QUEUED' ? seen['waitingFor'] : null,
    steps: isFinal(job) ? seen['steps'].map((step: { status: string }) => step.status) : [],
    outcomes: seen.attempts.nodes.map(({ outcome }) => outcome),
  };
  const text = JSON.stringify(ofSystem);
  return text === JSON.stringify(ofModel) ? '' : `${text}, in the model ${JSON.stringify(ofModel)}`;
}

function waitOf({ place }: ModelJob, { isPaused, names }: Model): { kind: string; key: string | null } {
  if (place === 'line') return { kind: 'LINE', key: null };
  if (place === 'swept' || queueOfGate(place!) !== undefined) return { kind: isPaused ? 'QUEUE_PAUSED' : 'QUEUE_LIMIT', key: names.queue };
  return { kind: 'CONCURRENCY_KEY', key: place! };
}
