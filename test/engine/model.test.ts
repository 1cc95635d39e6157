import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { seeded } from '../../src/cli/demo/seeded.ts';
import { band, MAX_ATTEMPTS, MAX_HALTS, Model, type ModelJob, type Operation } from '../model/model.ts';
import { draw, lastOperations } from '../model/operations.ts';
import { eventually } from './fixtures/eventually.ts';
import { startOrder } from './fixtures/orders.ts';
import { TEST_JOBS } from './fixtures/paths.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { Millrace } from './millrace.ts';

/** One slot, and every attempt ends when and how the test says: the real system beside the model, step by step. */
let millrace: Millrace;
let temporal: TemporalView;
const dir = mkdtempSync(join(tmpdir(), 'millrace-model-'));
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 1, env: { MILLRACE_JOBS: TEST_JOBS } });
  temporal = await TemporalView.of(millrace);
});
afterAll(async () => {
  await temporal.close();
  await millrace.stop();
  rmSync(dir, { recursive: true });
});

/** Another first seed, another twenty lives: MODEL_SEED=5000. */
const FIRST_SEED = Number(process.env['MODEL_SEED'] ?? 1_000);
test.each(Array.from({ length: 20 }, (_, index) => FIRST_SEED + index))('does what the model does, seed %i', async (seed) => {
  const random = seeded(seed);
  const model = new Model();
  const log: string[] = [];
  onTestFinished(() => abortAll(model));
  const step = async (operation: Operation): Promise<void> => {
    log.push(JSON.stringify(operation));
    await perform(model, operation);
    model.apply(operation);
    await agree(model, log);
  };
  for (let count = 0; count < 14; count++) await step(draw(model, random, `m${seed}`));
  for (let operation = lastOperations(model); operation; operation = lastOperations(model)) await step(operation);
  // `<id> 2` is the second attempt of a job.
  const order = await startOrder(millrace, Object.fromEntries(Array.from(model.jobs.keys(), (id) => [id, id])));
  expect(order.map((name) => name.split(' ')[0])).toEqual(model.started);
});

/** So that a sequence that has gone wrong does not leave the next one a slot that is taken. */
async function abortAll(model: Model): Promise<void> {
  await order('resumeQueue', { name: 'model' });
  for (const id of model.jobs.keys()) await order('abortJob', { id, grace: '0s' });
}

async function perform(model: Model, operation: Operation): Promise<void> {
  switch (operation.do) {
    case 'create': {
      const { id, priority, hold, delay, dependencies, runAnyway, exclusiveKey, inQueue } = operation.job;
      await millrace.create({
        id,
        type: 'test.script',
        payload: { dir },
        priority,
        hold,
        dependencies,
        grace: '0s',
        maxHalts: MAX_HALTS,
        retry: { maxAttempts: MAX_ATTEMPTS, delay: '1h', jitter: false },
        onDependencyFailure: runAnyway ? 'RUN_ANYWAY' : 'FAIL',
        ...(delay ? { delay: '1h' } : {}),
        ...(exclusiveKey ? { concurrency: { key: 'model' } } : {}),
        ...(inQueue ? { queue: 'model' } : {}),
      });
      return;
    }
    case 'setPriority':
      return order('setJobPriority', { id: operation.id, priority: operation.priority });
    case 'forceStart':
      return order('forceStartJob', { id: operation.id, ignoreDependencies: operation.ignoreDependencies });
    case 'abort':
    case 'hold':
    case 'release':
      return order(`${operation.do}Job`, { id: operation.id });
    case 'pauseQueue':
    case 'resumeQueue':
      return order(operation.do, { name: 'model' });
    default: {
      const id = model.running!;
      writeFileSync(join(dir, `${id}.${model.jobs.get(id)!.attempts}`), operation.do);
    }
  }
}

async function order(mutation: string, input: Record<string, unknown>): Promise<void> {
  const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`;
  await millrace.client.data(`mutation ($input: ${type}!) { ${mutation}(input: $input) { userErrors { code } } }`, { input });
}

type Seen = { id: string; status: string; attemptCount: number; halts: number; failures: number; waitingFor: { kind: string } | null };

/** Waits until the real system stands where the model does: every job's status and counts, and every band in Temporal's line. */
async function agree(model: Model, log: string[]): Promise<void> {
  let difference = '';
  await eventually(
    () => `the system agrees with the model: ${difference}\n${log.join('\n')}`,
    async () => {
      const seen = await look(model);
      const [candidate, ...others] = model.candidates();
      // Where the rules leave it open who is first, the system decides.
      const next = others.length === 0 ? candidate : [candidate, ...others].find((id) => seen.get(id!)?.status === 'RUNNING');
      if (next !== undefined) model.start(next);
      for (const job of model.jobs.values()) {
        difference = differenceOf(job, seen.get(job.id));
        if (difference) return false;
        if (job.place === 'line' && job.status === 'QUEUED') {
          const attempt = await temporal.openAttempt(job.id);
          difference = `${job.id} in line: ${JSON.stringify(attempt)}, in the model band ${band(job)}`;
          if (!attempt?.inLine || attempt.band !== band(job)) return false;
        }
      }
      return model.candidates().length === 0;
    },
  );
}

async function look(model: Model): Promise<Map<string, Seen>> {
  const seen = new Map<string, Seen>();
  for (const id of model.jobs.keys()) seen.set(id, await millrace.job(id, 'id status attemptCount halts failures waitingFor { kind }'));
  return seen;
}

function differenceOf(job: ModelJob, seen: Seen | undefined): string {
  const { status, attempts: attemptCount, halts, failures, id } = job;
  const kind = status === 'QUEUED' ? KINDS[job.place!] : undefined;
  const isSo =
    seen?.status === status &&
    seen.attemptCount === attemptCount &&
    seen.halts === halts &&
    seen.failures === failures &&
    (kind === undefined || seen.waitingFor?.kind === kind);
  return isSo ? '' : `${JSON.stringify(seen)}, in the model ${JSON.stringify({ id, status, attemptCount, halts, failures, kind })}`;
}

const KINDS = { line: 'LINE', key: 'CONCURRENCY_KEY', queue: 'QUEUE_PAUSED' };
