import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { isAlive } from '../../src/process/group.ts';
import { eventually } from './fixtures/eventually.ts';
import { ordersTo, startOrder } from './fixtures/orders.ts';
import { Scratch, TEST_JOBS } from './fixtures/paths.ts';
import { Subscriber } from './fixtures/subscriber.ts';
import { Millrace } from './millrace.ts';
import type { RoleProcess } from './process.ts';

let millrace: Millrace;
const scratch = new Scratch();
beforeAll(async () => {
  millrace = await Millrace.start({ roles: ['orchestrator', 'api'], slots: 2, env: { MILLRACE_JOBS: TEST_JOBS } });
});
afterEach(async () => {
  const worker = millrace.roles.get('worker');
  if (worker && isAlive(worker.pid)) await worker.end();
});
afterAll(async () => {
  await millrace.stop();
  scratch.remove();
});

test('a worker that is asked to stop says what is left and until when, takes nothing new, and ends with its last attempt', async () => {
  const worker = await draining('10m');
  const [first, second] = [await held(), await held()];
  await running(first, second);
  const waiting = await millrace.create({ type: 'sleep', payload: { ms: 0 } });
  const seen = watchWorker();
  await until(seen, { status: 'RUNNING', busy: 2, drainsUntil: null });
  const askedAt = Date.now();
  // A service manager signals a whole group, and who is in it passes it on: that is one ask.
  worker.signal('SIGTERM');
  worker.signal('SIGINT');

  const both = await until(seen, { status: 'DRAINING', running: inAnyOrder(first, second) });
  const drainMs = Date.parse(both.drainsUntil) - askedAt;
  expect(drainMs).toBeGreaterThanOrEqual(600_000 - 100);
  expect(drainMs).toBeLessThan(620_000);
  scratch.open(first.gate);
  await until(seen, { status: 'DRAINING', busy: 1, running: [jobOf(second)] });
  expect(await millrace.until(first.id, 'SUCCEEDED')).toMatchObject({ attemptCount: 1 });
  // It has a free slot, and still does not take it.
  expect(await millrace.job(waiting)).toMatchObject({ status: 'QUEUED', attemptCount: 0 });
  scratch.open(second.gate);
  expect(await worker.exited).toEqual({ code: 0, signal: null });

  await until(seen, { status: 'STOPPED', busy: 0, drainsUntil: null, running: [] });
  expect(await millrace.untilFinal(second.id)).toMatchObject({ status: 'SUCCEEDED', attemptCount: 1, losses: 0 });
  expect(await millrace.job(waiting)).toMatchObject({ status: 'QUEUED', attemptCount: 0 });
  await ordersTo(millrace).abort(waiting);
});

test('a job is aborted and times out on a worker that drains as on any other', async () => {
  const worker = await draining('none');
  const aborted = await held();
  const timed = await held({ timeout: '8s', grace: '0s', retry: { maxAttempts: 1 } });
  await running(aborted);
  await eventually('it has begun', () => existsSync(timed.file));
  const seen = watchWorker();
  await until(seen, { status: 'RUNNING' });
  worker.signal('SIGTERM');
  await until(seen, { status: 'DRAINING', drainsUntil: null });
  await ordersTo(millrace).abort(aborted.id, { grace: '0s' });
  expect(await millrace.untilFinal(aborted.id)).toMatchObject({ status: 'ABORTED' });
  expect(await millrace.untilFinal(timed.id)).toMatchObject({ status: 'FAILED', reason: { code: 'TIMED_OUT' } });
  expect(await worker.exited).toEqual({ code: 0, signal: null });
});

test.for([
  { when: 'when its time is over', drain: '500ms', secondAsk: false },
  { when: 'at once where it has none', drain: '0s', secondAsk: false },
  { when: 'at a second ask', drain: 'none', secondAsk: true },
])('what has not ended is stopped $when, and runs again before all others; nothing of it counts', async ({ drain, secondAsk }) => {
  const worker = await draining(drain);
  const cutOff = [await held(), await held()];
  const pids = await running(...cutOff);
  const regular = await millrace.create({ type: 'sleep', payload: { ms: 0 } });
  const forced = await millrace.create({ type: 'sleep', payload: { ms: 0 } });
  await ordersTo(millrace).forceStart(forced);
  const seen = watchWorker();
  await until(seen, { status: 'RUNNING' });
  worker.signal('SIGTERM');
  if (secondAsk) {
    await until(seen, { status: 'DRAINING', running: inAnyOrder(...cutOff) });
    await untilAsked(worker);
  }
  expect(await worker.exited).toEqual({ code: 0, signal: null });
  expect(pids.filter(isAlive)).toEqual([]);
  for (const { id } of cutOff) {
    await millrace.until(id, ({ status }) => status === 'QUEUED');
    // The workflow tells of the loss, the worker of how it ended: in no order.
    const told = 'status band losses halts failures attempts { nodes { outcome signal error { name } } }';
    await eventually('its worker has told', async () => (await millrace.job(id, told)).attempts.nodes[0].signal !== null);
    expect(await millrace.job(id, told)).toMatchObject({
      status: 'QUEUED',
      band: 1,
      losses: 0,
      halts: 0,
      failures: 0,
      attempts: { nodes: [{ outcome: 'LOST', signal: 'SIGKILL', error: { name: 'LOST' } }] },
    });
  }

  // One slot: of two that are handed out at the same moment none is first.
  await millrace.startRole('worker', 'worker', { MILLRACE_SLOTS: '1' });
  for (const { gate } of cutOff) scratch.open(gate);
  await millrace.until(regular, 'SUCCEEDED');
  for (const { id } of cutOff)
    expect(await millrace.untilFinal(id)).toMatchObject({
      status: 'SUCCEEDED',
      attemptCount: 2,
      losses: 0,
      result: { given: 'of attempt 1' },
    });
  const order = await startOrder(millrace, { a: cutOff[0]!.id, b: cutOff[1]!.id, forced, regular });
  expect(order.slice(2).map((name) => name.replace(/^[ab] 2$/, 'cut off'))).toEqual(['cut off', 'cut off', 'forced', 'regular']);
});

type Held = { id: string; file: string; gate: string };

/** A worker of two slots that waits for so long. */
const draining = (drain: string): Promise<RoleProcess> => millrace.startRole('worker', 'worker', { MILLRACE_DRAIN_TIMEOUT: drain });

/** A job that ends when its gate is open. */
async function held(input: Record<string, unknown> = {}): Promise<Held> {
  const [file, gate] = [scratch.path(), scratch.path()];
  return { id: await millrace.create({ type: 'test.marks', payload: { file, gate }, ...input }), file, gate };
}

/** Resolves with the pids of their runners, when each has saved what the next attempt is to be given. */
async function running(...jobs: Held[]): Promise<number[]> {
  for (const { id, file } of jobs) await eventually(`${id} has begun`, () => existsSync(file));
  const running = jobs.map(({ id }) => millrace.until(id, ({ status, attemptCount }) => status === 'RUNNING' && attemptCount === 1));
  return (await Promise.all(running)).map(({ attempts }) => attempts.nodes[0].pid);
}

/** What comes within a moment of the first signal is the same ask: again, until the worker has heard a second one. */
async function untilAsked(worker: RoleProcess): Promise<void> {
  const again = setInterval(() => worker.signal('SIGTERM'), 100);
  onTestFinished(() => clearInterval(again));
  await worker.exited;
  clearInterval(again);
}

const WORKERS = 'subscription { workersUpdated { workers { status busy drainsUntil running { job { id } } } } }';
type Seen = { status: string; busy: number; drainsUntil: string; running: { job: { id: string } }[] };

function watchWorker(): Subscriber {
  const subscriber = new Subscriber(millrace.url, WORKERS);
  onTestFinished(() => subscriber.cut());
  return subscriber;
}

/** The first update from now on that shows the worker so. @throws Error with those that came instead. */
async function until(updates: Subscriber, wished: Record<string, unknown>): Promise<Seen> {
  const workersOf = ({ data }: { data?: Record<string, any> | null }): Seen => data!['workersUpdated'].workers[0];
  const fits = (seen: Seen): boolean => {
    try {
      expect(seen).toMatchObject(wished);
      return true;
    } catch {
      return false;
    }
  };
  const all = await updates.collect((received) => received.length > 0 && fits(workersOf(received.at(-1)!)));
  return workersOf(all.at(-1)!);
}

const jobOf = ({ id }: Held) => ({ job: { id } });
/** Two that are handed out at the same moment. */
const inAnyOrder = (...jobs: Held[]) => expect.arrayContaining(jobs.map(jobOf)) as unknown;
