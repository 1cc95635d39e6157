import { randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { seeded } from '../../src/cli/demo/seeded.ts';
import { bandOfPriority } from '../../src/job/bands.ts';
import { eventually } from './fixtures/eventually.ts';
import { ordersTo, startOrder, untilAllFinal } from './fixtures/orders.ts';
import { queuesOf } from './fixtures/queues.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import type { TemporalView } from './fixtures/temporal-view.ts';
import type { Millrace } from './millrace.ts';

let millrace: Millrace;
let temporal: TemporalView;
const scratch = shareMillrace({ slots: 1 }, (shared) => ({ millrace, temporal } = shared));

test('order over 40 jobs, created one after another with random priorities, on one slot is exactly by band, then age', async () => {
  const { names, model, seed } = await fortyInLine({ pool: 'default', slots: 1, ms: 0 });
  expect(await startOrder(millrace, names), `seed ${seed}`).toEqual(model);
});

test('the same on 4 slots shows no inversion larger than the slots in flight', async () => {
  const four = await millrace.servePool('four', 4);
  onTestFinished(() => four.stop());
  const { names, model, seed } = await fortyInLine({ pool: 'four', slots: 4, ms: 150 });
  const order = await startOrder(millrace, names);
  expect(order.toSorted()).toEqual(model.toSorted());
  const inversions = order.map((name, index) => Math.abs(model.indexOf(name) - index));
  expect(Math.max(...inversions), `seed ${seed}: ${order.join(' ')}`).toBeLessThanOrEqual(4);
});

test('a bumped and a forced job run next', async () => {
  const free = await occupy();
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
  const free = await occupy();
  expect(await orders.forceStart(job)).toMatchObject({ codes: [], job: { status: 'QUEUED', forced: true, band: 2 } });
  await temporal.untilInLine([job], { [job]: 2 });
  await free();
  await millrace.until(job, 'SUCCEEDED');
});

test('the place in line is the order in which all are served, by whatever way they have got there', async () => {
  const orders = ordersTo(millrace);
  const queues = queuesOf(millrace);
  const regular = { type: 'sleep', payload: { ms: 0 } };
  const gate = scratch.path();
  const trip = await millrace.create({ type: 'test.relay', payload: { file: scratch.path(), gate } });
  await millrace.until(trip, ({ status, attemptCount }) => status === 'RUNNING' && attemptCount === 2);
  await orders.hold(trip);
  scratch.open(gate);
  const { attemptCount: booked } = await millrace.until(trip, 'HELD');
  const free = await occupy();
  const concurrency = { key: 'place', limit: 1 };
  const holder = await lineUp({ ...regular, concurrency, pool: 'nobody' });
  const keyed = await millrace.create({ ...regular, concurrency });
  await eventually(
    'it waits for the key',
    async () => (await millrace.job(keyed, 'waitingFor { kind }')).waitingFor.kind === 'CONCURRENCY_KEY',
  );
  const names: Record<string, string> = { keyed };
  const add = async (name: string, more: Record<string, unknown> = {}) => (names[name] = await lineUp({ ...regular, ...more }));
  const paused = await add('paused', { queue: 'place' });
  for (const name of ['held', 'quick', 'a', 'bumped', 'forced']) await add(name);
  await add('urgent', { priority: 5 });
  await queues.pause('place');
  await eventually('it is moved away', async () => (await temporal.openAttempt(paused))?.inLine === false);
  await orders.hold(names['held']!);
  // It may be out of line and back in it before anybody could say that it is on hold. Where the release comes first, there is another.
  await Promise.all([orders.hold(names['quick']!), orders.release(names['quick']!)]);
  await orders.release(names['quick']!);
  await temporal.untilInLine([names['quick']!]);
  await add('b', { priority: 2 });
  await orders.abort(holder);
  await temporal.untilInLine([keyed]);
  await add('c');
  await queues.resume('place');
  await temporal.untilInLine([paused]);
  // What is moved stands at its place some 60 ms after Temporal's answer: less than these take, one after the other.
  for (let more = 0; more < 3; more++) await lineUp({ ...regular, pool: 'nobody' });
  await add('d');
  await orders.release(names['held']!);
  await temporal.untilInLine([names['held']!]);
  await orders.setPriority(names['bumped']!, 5);
  await orders.forceStart(names['forced']!);
  await orders.abort(trip);
  await temporal.untilInLine([trip], { [trip]: 1 });

  const model = ['forced', 'urgent', 'bumped', 'b', 'a', 'keyed', 'c', 'paused', 'd', 'held'];
  let places: [string, number][] = [];
  const inOrder = () => places.toSorted(([, one], [, other]) => one - other).map(([name]) => name);
  await eventually(
    () => `the journal has them at their places, not ${JSON.stringify(places)}`,
    async () => {
      places = await placesOf(names);
      return isDeepStrictEqual(
        inOrder().filter((name) => name !== 'quick'),
        model,
      );
    },
  );
  // The undo is the first.
  expect(places.map(([, place]) => place).toSorted((a, b) => a - b)).toEqual(places.map((_, index) => index + 2));
  await free();
  for (const id of Object.values(names)) await millrace.until(id, 'SUCCEEDED');
  await millrace.until(trip, 'ABORTED');
  const served = (await startOrder(millrace, { ...names, trip })).filter(
    (name) => !name.startsWith('trip') || name === `trip ${booked + 1}`,
  );
  expect(served).toEqual([`trip ${booked + 1}`, ...inOrder()]);
});

/** Where each stands, by name. */
async function placesOf(names: Record<string, string>): Promise<[string, number][]> {
  const asked = Object.entries(names).map(async ([name, id]): Promise<[string, number]> => {
    const { waitingFor } = await millrace.job(id, 'waitingFor { placeInLine }');
    return [name, waitingFor.placeInLine];
  });
  return Promise.all(asked);
}

/** Has a job take the slot, and resolves with what frees it. Its runner is killed, so nothing starts before another one is up. */
async function occupy(pool = 'default'): Promise<() => Promise<unknown>> {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 600_000 }, priority: 10, pool });
  await millrace.until(id, 'RUNNING');
  return () => ordersTo(millrace).abort(id, { grace: '0s' });
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
async function lineUp(input: Record<string, unknown>): Promise<string> {
  const id = await millrace.create(input);
  await temporal.untilInLine([id]);
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
async function fortyInLine({
  pool,
  slots,
  ms,
}: {
  pool: string;
  slots: number;
  ms: number;
}): Promise<{ names: Record<string, string>; model: string[]; seed: number }> {
  const seed = randomInt(2 ** 31);
  const random = seeded(seed);
  const frees = await Promise.all(Array.from({ length: slots }, () => occupy(pool)));
  const tag = `forty-${seed}`;
  const jobs: { name: string; id: string; band: number }[] = [];
  for (let age = 1; age <= 40; age++) {
    const priority = 1 + Math.floor(random() * 10);
    const id = await lineUp({ type: 'sleep', payload: { ms }, priority, tags: [tag], pool });
    jobs.push({ name: `p${priority}-${age}`, id, band: bandOfPriority(priority) });
  }
  // Sorting is stable: oldest first inside a band.
  const model = jobs.toSorted((a, b) => a.band - b.band).map(({ name }) => name);
  const names = Object.fromEntries(jobs.map(({ name, id }) => [name, id]));
  const places = Object.fromEntries(await placesOf(names));
  expect(model.map((name) => places[name])).toEqual(model.map((_, index) => index + 1));
  await Promise.all(frees.map((free) => free()));
  await untilAllFinal(millrace, tag, jobs.length);
  return { names, model, seed };
}
