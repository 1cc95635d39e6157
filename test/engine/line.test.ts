import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { seeded } from '../../src/cli/demo/seeded.ts';
import { bandOfPriority } from '../../src/job/bands.ts';
import { ordersTo, startOrder, untilAllFinal } from './fixtures/orders.ts';
import { Scratch, TEST_JOBS } from './fixtures/paths.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
let temporal: TemporalView;
const scratch = new Scratch();
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 1, env: { MILLRACE_JOBS: TEST_JOBS } });
  temporal = await TemporalView.of(millrace);
});
afterAll(async () => {
  await temporal.close();
  await millrace.stop();
  scratch.remove();
});

test('order over 40 jobs, created one after another with random priorities, on one slot is exactly by band, then age', async () => {
  const { names, model, seed } = await fortyInLine(millrace, temporal, { slots: 1, ms: 0 });
  expect(await startOrder(millrace, names), `seed ${seed}`).toEqual(model);
});

test('the same on 4 slots shows no inversion larger than the slots in flight', async () => {
  const four = await Millrace.start({ slots: 4, env: { MILLRACE_JOBS: TEST_JOBS } });
  onTestFinished(() => four.stop());
  const view = await TemporalView.of(four);
  onTestFinished(() => view.close());
  const { names, model, seed } = await fortyInLine(four, view, { slots: 4, ms: 150 });
  const order = await startOrder(four, names);
  expect(order.toSorted()).toEqual(model.toSorted());
  const inversions = order.map((name, index) => Math.abs(model.indexOf(name) - index));
  expect(Math.max(...inversions), `seed ${seed}: ${order.join(' ')}`).toBeLessThanOrEqual(4);
});

test('a bumped and a forced job run next', async () => {
  const free = await occupy(millrace);
  const orders = ordersTo(millrace);
  const regular = { type: 'sleep', payload: { ms: 0 } };
  const names: Record<string, string> = {};
  for (const name of ['one', 'two', 'bumped', 'forced', 'five']) names[name] = await lineUp(regular);
  names['urgent'] = await lineUp({ ...regular, priority: 5 });

  expect(await orders.setPriority(names['bumped']!, 5)).toMatchObject({ codes: [], job: { status: 'QUEUED', priority: 5, band: 11 } });
  expect(await orders.forceStart(names['forced']!)).toMatchObject({ codes: [], job: { status: 'QUEUED', forced: true, band: 2 } });
  await free();
  await Promise.all(Object.values(names).map((id) => millrace.until(id, 'SUCCEEDED')));
  // The bumped one has not been in its band as long as the one that was created so.
  expect(await startOrder(millrace, names)).toEqual(['forced', 'urgent', 'bumped', 'one', 'two', 'five']);
});

test('a job whose runner died runs again before the others the first time, and at the tail of its own band the second time', async () => {
  const gate = scratch.path();
  const halting = await millrace.create({ type: 'test.marks', payload: { file: scratch.path(), gate, ends: ['exit', 'exit'] } });
  await millrace.until(halting, 'RUNNING');
  const names = { halting, ...(await regularAndUrgent()) };
  // The slot is taken until the halted job is in line again: a free one would not wait for it.
  const free = await occupyNext();
  scratch.open(gate);
  await temporal.untilInLine([halting], { [halting]: 3 });
  await free();
  expect(await millrace.untilFinal(halting)).toMatchObject({ status: 'SUCCEEDED', halts: 2, failures: 0 });
  expect(await startOrder(millrace, names)).toEqual(['halting', 'halting 2', 'urgent', 'one', 'two', 'halting 3']);
});

test('a forced job stays before the others however often its runner dies', async () => {
  const gate = scratch.path();
  const halting = await millrace.create({ type: 'test.marks', payload: { file: scratch.path(), gate, ends: ['exit', 'exit'] } });
  await millrace.until(halting, 'RUNNING');
  const names = { halting, ...(await regularAndUrgent()) };
  await ordersTo(millrace).forceStart(halting);
  const freeFirst = await occupyNext();
  scratch.open(gate);
  await temporal.untilInLine([halting], { [halting]: 2 });
  const freeSecond = await occupyNext();
  await freeFirst();
  await millrace.until(halting, ({ halts }) => halts === 2);
  await temporal.untilInLine([halting], { [halting]: 2 });
  await freeSecond();
  await Promise.all(Object.values(names).map((id) => millrace.until(id, 'SUCCEEDED')));
  expect(await startOrder(millrace, names)).toEqual(['halting', 'halting 2', 'halting 3', 'urgent', 'one', 'two']);
});

test('an attempt that was lost with its worker runs again before all others', async () => {
  const gate = scratch.path();
  const lost = await millrace.create({ type: 'test.marks', payload: { file: scratch.path(), gate } });
  await millrace.until(lost, 'RUNNING');
  const names = { lost, ...(await regularAndUrgent()) };
  await ordersTo(millrace).forceStart(names.two);
  await millrace.role('worker').kill();
  await millrace.startRole('worker');
  scratch.open(gate);
  await Promise.all(Object.values(names).map((id) => millrace.until(id, 'SUCCEEDED')));
  expect(await startOrder(millrace, names)).toEqual(['lost', 'lost 2', 'two', 'urgent', 'one']);
});

test('a priority that is set while a job runs holds for its next attempt', async () => {
  const gate = scratch.path();
  const orders = ordersTo(millrace);
  const job = await millrace.create({
    type: 'test.marks',
    payload: { file: scratch.path(), gate, ends: ['fail'] },
    retry: { delay: '1ms' },
  });
  await millrace.until(job, 'RUNNING');
  const free = await occupyNext();
  expect(await orders.setPriority(job, 10)).toMatchObject({ codes: [], job: { status: 'RUNNING', priority: 10, band: 6 } });
  scratch.open(gate);
  await temporal.untilInLine([job], { [job]: 6 });
  expect(await millrace.job(job)).toMatchObject({ status: 'QUEUED', priority: 10, band: 6 });
  await free();
  expect(await millrace.untilFinal(job)).toMatchObject({ status: 'SUCCEEDED', attemptCount: 2 });
});

test('force starts a job that waits for its retry at once, and does not last for the retry after it', async () => {
  const orders = ordersTo(millrace);
  const job = await millrace.create({ type: 'fail', payload: { times: 5 }, retry: { maxAttempts: 5, delay: '1h', jitter: false } });
  await millrace.until(job, ({ status, failures }) => status === 'SCHEDULED' && failures === 1);
  expect(await orders.forceStart(job)).toMatchObject({ codes: [], job: { forced: true } });
  const again = await millrace.until(job, ({ status, failures }) => status === 'SCHEDULED' && failures === 2);
  expect(again).toMatchObject({ forced: false, band: null, attemptCount: 2 });
  expect(Date.parse(again.startsAt)).toBeGreaterThan(Date.now() + 3_500_000);
  expect(await orders.abort(job)).toMatchObject({ codes: [], job: { status: 'ABORTED' } });
});

test('a forced job that waits for its retry is in line in the answer, in band 2', async () => {
  const orders = ordersTo(millrace);
  const job = await millrace.create({ type: 'fail', payload: { times: 1 }, retry: { delay: '1h', jitter: false } });
  await millrace.until(job, 'SCHEDULED');
  const free = await occupy(millrace);
  expect(await orders.forceStart(job)).toMatchObject({ codes: [], job: { status: 'QUEUED', forced: true, band: 2 } });
  await temporal.untilInLine([job], { [job]: 2 });
  await free();
  await millrace.until(job, 'SUCCEEDED');
});

/** Has a job take the slot, and resolves with what frees it. Its runner is killed, so nothing starts before another one is up. */
async function occupy(where: Millrace): Promise<() => Promise<unknown>> {
  const id = await where.create({ type: 'sleep', payload: { ms: 600_000 }, priority: 10 });
  await where.until(id, 'RUNNING');
  return () => ordersTo(where).abort(id, { grace: '0s' });
}

/** The same for when the slot is taken: the next one to have it. */
async function occupyNext(): Promise<() => Promise<unknown>> {
  const id = await lineUp({ type: 'sleep', payload: { ms: 600_000 } });
  await ordersTo(millrace).forceStart(id);
  return async () => {
    await millrace.until(id, 'RUNNING');
    return ordersTo(millrace).abort(id, { grace: '0s' });
  };
}

/** Creates a job and resolves when it is in line: its age counts from then, and two that are created at once may get there in either order. */
async function lineUp(input: Record<string, unknown>, where = millrace, view = temporal): Promise<string> {
  const id = await where.create(input);
  await view.untilInLine([id]);
  return id;
}

/** Three jobs in line behind the one that runs. */
async function regularAndUrgent(): Promise<{ one: string; two: string; urgent: string }> {
  const one = await lineUp({ type: 'sleep', payload: { ms: 0 } });
  const two = await lineUp({ type: 'sleep', payload: { ms: 0 } });
  const urgent = await lineUp({ type: 'sleep', payload: { ms: 0 }, priority: 10 });
  return { one, two, urgent };
}

/** Has 40 jobs stand in line before any of them runs, and resolves when they have run: named by priority and age, with the order that is right. */
async function fortyInLine(
  where: Millrace,
  view: TemporalView,
  { slots, ms }: { slots: number; ms: number },
): Promise<{ names: Record<string, string>; model: string[]; seed: number }> {
  const seed = randomInt(2 ** 31);
  const random = seeded(seed);
  const frees = await Promise.all(Array.from({ length: slots }, () => occupy(where)));
  const tag = `forty-${seed}`;
  const jobs: { name: string; id: string; band: number }[] = [];
  for (let age = 1; age <= 40; age++) {
    const priority = 1 + Math.floor(random() * 10);
    const id = await lineUp({ type: 'sleep', payload: { ms }, priority, tags: [tag] }, where, view);
    jobs.push({ name: `p${priority}-${age}`, id, band: bandOfPriority(priority) });
  }
  await Promise.all(frees.map((free) => free()));
  await untilAllFinal(where, tag, jobs.length);
  // Sorting is stable: oldest first inside a band.
  const model = jobs.toSorted((a, b) => a.band - b.band).map(({ name }) => name);
  return { names: Object.fromEntries(jobs.map(({ name, id }) => [name, id])), model, seed };
}
