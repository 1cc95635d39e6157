import { expect, test } from 'vitest';
import { MAX_LOSSES } from '../../src/job/retry.ts';
import { eventually } from './fixtures/eventually.ts';
import type { Orders } from './fixtures/orders.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import type { TemporalView } from './fixtures/temporal-view.ts';
import type { Millrace } from './millrace.ts';

let millrace: Millrace;
let temporal: TemporalView;
let orders: Orders;
shareMillrace({ slots: 1 }, (shared) => ({ millrace, temporal, orders } = shared));

test('a job that is lost with worker after worker stands first twice, then in its own band, and fails before it has no worker left', async () => {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 600_000 }, priority: 4 });
  const bands: (number | undefined)[] = [];
  for (let attempt = 1; attempt <= MAX_LOSSES; attempt++) {
    await millrace.until(id, ({ status, attemptCount }) => status === 'RUNNING' && attemptCount === attempt);
    bands.push((await temporal.openAttempt(id))?.band);
    await millrace.role('worker').kill();
    await millrace.startRole('worker');
  }
  expect(await millrace.until(id, 'FAILED')).toMatchObject({
    reason: { code: 'LOST' },
    losses: MAX_LOSSES,
    failures: 0,
    attemptCount: MAX_LOSSES,
    attempts: { nodes: Array.from({ length: MAX_LOSSES }, () => ({ outcome: 'LOST' })) },
  });
  expect(bands).toEqual([12, 1, 1, 12, 12]);
});

test('a worker that is back does not wait for what it has lost and is not to run again', async () => {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 600_000 } });
  /** How long the worker takes to be back after it has lost the job, ms. */
  const lose = async (): Promise<number> => {
    await millrace.until(id, 'RUNNING');
    await millrace.role('worker').kill();
    const began = performance.now();
    await millrace.startRole('worker');
    return performance.now() - began;
  };
  const runsAgainMs = await lose();
  await millrace.until(id, ({ status, attemptCount }) => status === 'RUNNING' && attemptCount === 2);
  expect((await orders.hold(id)).codes).toEqual([]);
  const isHeldMs = await lose();
  await millrace.until(id, 'HELD');
  // It waits for 10 s where there may be no orchestrator.
  expect(isHeldMs).toBeLessThan(runsAgainMs + 8_000);
});

test('a job that was handed to a worker just when it died is lost as soon as that is back', async () => {
  const worker = millrace.role('worker');
  // Its poll is open, and what comes by it is not heard any more.
  worker.signal('SIGSTOP');
  const id = await millrace.create({ type: 'sleep', payload: { ms: 0 } });
  await eventually('Temporal has handed it out', async () => (await temporal.openAttempt(id))?.isHandedOut === true);
  expect(await millrace.job(id, 'status attemptCount')).toEqual({ status: 'QUEUED', attemptCount: 0 });
  await worker.kill();
  const killedAt = Date.now();
  await millrace.startRole('worker');
  expect(await millrace.until(id, 'SUCCEEDED')).toMatchObject({ losses: 1 });
  // By the heartbeat timeout it would be 30 s.
  expect(Date.now() - killedAt).toBeLessThan(25_000);
});
