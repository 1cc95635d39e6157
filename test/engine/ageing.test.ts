import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bandOfPriority } from '../../src/job/bands.ts';
import { age } from '../../src/workflows/messages.ts';
import { eventually } from './fixtures/eventually.ts';
import { ordersTo } from './fixtures/orders.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import type { TemporalView } from './fixtures/temporal-view.ts';
import type { Millrace } from './millrace.ts';

/** One slot. */
let millrace: Millrace;
let temporal: TemporalView;
const scratch = shareMillrace({ slots: 1 }, (shared) => ({ millrace, temporal } = shared));

const agedOf = async (id: string): Promise<number[]> =>
  (await millrace.job(id, 'events(first: 100) { nodes { kind detail } }')).events.nodes
    .filter(({ kind }: { kind: string }) => kind === 'AGED')
    .map(({ detail }: { detail: { effectivePriority: number } }) => detail.effectivePriority);

test(
  'a job that waits moves up in line, keeps that over a hold and a halt, and loses it by setPriority and a failure',
  { timeout: 120_000 },
  async () => {
    const orders = ordersTo(millrace);
    const gate = scratch.path();
    const running = await millrace.create({ type: 'test.marks', payload: { file: scratch.path(), gate }, priority: 10 });
    await millrace.until(running, 'RUNNING');
    const job = { type: 'sleep', payload: { ms: 0 } };
    const never = await millrace.create({ ...job, ageAfter: '0s' });
    const regular = await millrace.create(job);
    const ages = await millrace.create({
      type: 'test.script',
      payload: { dir: scratch.dir },
      retry: { delay: '1h', jitter: false },
      ageAfter: '1s',
    });
    expect(await millrace.job(ages, 'priority options { ageAfter }')).toEqual({ priority: 1, options: { ageAfter: '1s' } });
    expect(await millrace.job(regular, 'options { ageAfter }')).toEqual({ options: { ageAfter: '10m' } });

    const endBy = (attempt: number, end: string): void => writeFileSync(join(scratch.dir, `${ages}.${attempt}`), end);
    /** It goes on to age: wherever it is by now. */
    const untilInItsBand = () =>
      eventually('Temporal has it in the band of its priority', async () => {
        const { effectivePriority } = await millrace.job(ages, 'effectivePriority');
        return (await temporal.openAttempt(ages))?.band === bandOfPriority(effectivePriority);
      });

    await millrace.until(ages, ({ effectivePriority }) => effectivePriority >= 3);
    await untilInItsBand();
    expect((await agedOf(ages)).slice(0, 2)).toEqual([2, 3]);
    // The priority it has: what it has gained is taken back, as its feed says in the end.
    expect(await orders.setPriority(ages, 1)).toMatchObject({ codes: [], job: { priority: 1 } });
    await untilInItsBand();

    // Kept over a hold.
    await millrace.until(ages, ({ effectivePriority }) => effectivePriority >= 2);
    await orders.hold(ages);
    const held = await millrace.until(ages, 'HELD');
    await orders.release(ages);
    const released = await millrace.until(ages, 'QUEUED');
    expect(held.effectivePriority).toBeGreaterThanOrEqual(2);
    expect(released.effectivePriority).toBeGreaterThanOrEqual(held.effectivePriority);

    // Told twice that it has waited, and once of another time: counted once.
    for (const from of [1, 1, 5]) await temporal.handle(regular).signal(age, from);
    await temporal.untilInLine([regular], { [regular]: 14 });
    expect(await millrace.job(regular)).toMatchObject({ status: 'QUEUED', effectivePriority: 2, band: 14 });
    expect(await millrace.job(never)).toMatchObject({ status: 'QUEUED', effectivePriority: 1, band: 15 });
    scratch.open(gate);
    // Kept over a halt, and gone with a failure.
    endBy(1, 'halt');
    const halted = await millrace.until(ages, ({ halts, status }) => halts === 1 && status === 'RUNNING');
    expect(halted.effectivePriority).toBeGreaterThanOrEqual(released.effectivePriority);
    endBy(2, 'fail');
    expect(await millrace.until(ages, 'SCHEDULED')).toMatchObject({ failures: 1, priority: 1, effectivePriority: 1 });
    // From the beginning, once more after its priority was set, and never otherwise.
    expect((await agedOf(ages)).filter((priority) => priority === 2)).toHaveLength(2);
    await orders.abort(ages);
    for (const id of [running, never, regular]) await millrace.until(id, 'SUCCEEDED');
    expect(await agedOf(never)).toEqual([]);
    expect(await agedOf(regular)).toEqual([2]);
  },
);

test('a job of priority 1 runs in spite of a stream of priority 10 that never leaves it the slot', { timeout: 180_000 }, async () => {
  let isOver = false;
  let streamed = 0;
  const stream = async (): Promise<void> => {
    while (!isOver) {
      const id = await millrace.create({ type: 'sleep', payload: { ms: 250 }, priority: 10 });
      await millrace.until(id, 'SUCCEEDED', 120_000);
      streamed += 1;
    }
  };
  // Ten seconds of work at a time: some of it is always in line.
  const streams = Array.from({ length: 40 }, stream);
  await eventually('they stand in line', async () => (await millrace.client.data('{ jobCounts { queued } }')).jobCounts.queued >= 30);
  const never = await millrace.create({ type: 'sleep', payload: { ms: 0 }, ageAfter: '0s' });
  const ages = await millrace.create({ type: 'sleep', payload: { ms: 0 }, ageAfter: '1s' });
  const ended = await millrace.untilFinal(ages, 120_000);
  const { status } = await millrace.job(never);
  isOver = true;
  await Promise.all(streams);
  expect(ended).toMatchObject({ status: 'SUCCEEDED', priority: 1, effectivePriority: 10 });
  expect(await agedOf(ages)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(streamed).toBeGreaterThan(10);
  expect(status).toBe('QUEUED');
  expect(await millrace.untilFinal(never)).toMatchObject({ status: 'SUCCEEDED', effectivePriority: 1 });
});
