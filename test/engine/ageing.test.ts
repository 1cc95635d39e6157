import { afterAll, beforeAll, expect, test } from 'vitest';
import { age } from '../../src/workflows/messages.ts';
import { ordersTo } from './fixtures/orders.ts';
import { Scratch, TEST_JOBS } from './fixtures/paths.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { Millrace } from './millrace.ts';

/** One slot. */
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

const agedOf = async (id: string): Promise<number[]> =>
  (await millrace.job(id, 'events(first: 100) { nodes { kind detail } }')).events.nodes
    .filter(({ kind }: { kind: string }) => kind === 'AGED')
    .map(({ detail }: { detail: { effectivePriority: number } }) => detail.effectivePriority);

test('a job that waits moves up in line, keeps that over a hold and a halt, and loses it by setPriority and a failure', async () => {
  const orders = ordersTo(millrace);
  const gate = scratch.path();
  const running = await millrace.create({ type: 'test.marks', payload: { file: scratch.path(), gate }, priority: 10 });
  await millrace.until(running, 'RUNNING');
  const job = { type: 'sleep', payload: { ms: 0 } };
  const never = await millrace.create({ ...job, ageAfter: '0s' });
  const regular = await millrace.create(job);
  const ages = await millrace.create({
    type: 'test.marks',
    payload: { file: scratch.path(), ends: ['exit', 'fail'], ms: [0, 1_500] },
    retry: { delay: '1h', jitter: false },
    ageAfter: '1s',
  });
  expect(await millrace.job(ages, 'priority effectivePriority options { ageAfter }')).toEqual({
    priority: 1,
    effectivePriority: 1,
    options: { ageAfter: '1s' },
  });
  expect(await millrace.job(regular, 'options { ageAfter }')).toEqual({ options: { ageAfter: '10m' } });

  await millrace.until(ages, ({ effectivePriority }) => effectivePriority === 3);
  await temporal.untilInLine([ages], { [ages]: 13 });
  expect((await agedOf(ages)).slice(0, 2)).toEqual([2, 3]);
  // The priority it has: what it has gained is taken back.
  expect(await orders.setPriority(ages, 1)).toMatchObject({ codes: [], job: { priority: 1, effectivePriority: 1, band: 15 } });
  await temporal.untilInLine([ages], { [ages]: 15 });

  // Kept over a hold.
  await millrace.until(ages, ({ effectivePriority }) => effectivePriority === 2);
  await orders.hold(ages);
  const held = await millrace.until(ages, 'HELD');
  await orders.release(ages);
  const released = await millrace.until(ages, 'QUEUED');
  expect(released.effectivePriority).toBe(held.effectivePriority);
  expect(released.effectivePriority).toBeGreaterThanOrEqual(2);

  // Told twice that it has waited, and once of another time: counted once.
  for (const from of [1, 1, 5]) await temporal.handle(regular).signal(age, from);
  await temporal.untilInLine([regular], { [regular]: 14 });
  expect(await millrace.job(regular)).toMatchObject({ status: 'QUEUED', effectivePriority: 2, band: 14 });
  expect(await millrace.job(never)).toMatchObject({ status: 'QUEUED', effectivePriority: 1, band: 15 });
  scratch.open(gate);
  // Kept over a halt, and gone with a failure.
  const halted = await millrace.until(ages, ({ halts, status }) => halts === 1 && status === 'RUNNING');
  expect(halted.effectivePriority).toBeGreaterThanOrEqual(released.effectivePriority);
  expect(await millrace.until(ages, 'SCHEDULED')).toMatchObject({ failures: 1, priority: 1, effectivePriority: 1 });
  await orders.abort(ages);
  for (const id of [running, never, regular]) await millrace.until(id, 'SUCCEEDED');
  expect(await agedOf(never)).toEqual([]);
  expect(await agedOf(regular)).toEqual([2]);
});

test('a job of priority 1 runs in spite of a stream of priority 10 that never leaves it the slot', async () => {
  let isOver = false;
  let streamed = 0;
  const stream = async (): Promise<void> => {
    while (!isOver) {
      const id = await millrace.create({ type: 'sleep', payload: { ms: 250 }, priority: 10 });
      await millrace.until(id, 'SUCCEEDED');
      streamed += 1;
    }
  };
  // Two seconds of work at a time: some of it is always in line.
  const streams = Array.from({ length: 8 }, stream);
  await millrace.until(await millrace.create({ type: 'sleep', payload: { ms: 250 }, priority: 10 }), 'RUNNING');
  const never = await millrace.create({ type: 'sleep', payload: { ms: 0 }, ageAfter: '0s' });
  const ages = await millrace.create({ type: 'sleep', payload: { ms: 0 }, ageAfter: '1s' });
  const ended = await millrace.untilFinal(ages, 40_000);
  const { status } = await millrace.job(never);
  isOver = true;
  await Promise.all(streams);
  expect(ended).toMatchObject({ status: 'SUCCEEDED', priority: 1, effectivePriority: 10 });
  expect(await agedOf(ages)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(streamed).toBeGreaterThan(20);
  expect(status).toBe('QUEUED');
  expect(await millrace.untilFinal(never)).toMatchObject({ status: 'SUCCEEDED', effectivePriority: 1 });
});
