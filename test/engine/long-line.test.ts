import { expect, test } from 'vitest';
import { LONG_LINE_TASK_QUEUE, ORCHESTRATOR_TASK_QUEUE } from '../../src/job/ids.ts';
import { startOrder } from './fixtures/orders.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import type { Orders } from './fixtures/orders.ts';
import type { TemporalView } from './fixtures/temporal-view.ts';
import type { Millrace } from './millrace.ts';

let millrace: Millrace;
let temporal: TemporalView;
let orders: Orders;
shareMillrace({ slots: 1 }, (shared) => ({ millrace, temporal, orders } = shared));

const POOL = 'long';
const create = (id: string, more: object = {}): Promise<string> =>
  millrace.create({ id, type: 'sleep', payload: { ms: 0 }, pool: POOL, ...more });
const taskQueueOf = async (id: string): Promise<string> => (await temporal.handle(id).describe()).taskQueue;

test('who comes to a long line is not kept in memory, and is told, moved and run like all others', { timeout: 120_000 }, async () => {
  const { createJobs } = await millrace.client.data(
    'mutation ($jobs: [CreateJobInput!]!) { createJobs(input: { jobs: $jobs }) { results { userErrors { message } } } }',
    { jobs: Array.from({ length: 920 }, (_, index) => ({ id: `line-${index}`, type: 'sleep', payload: { ms: 0 }, pool: POOL })) },
  );
  expect(createJobs.results.flatMap(({ userErrors }: { userErrors: unknown[] }) => userErrors)).toEqual([]);
  await create('late');
  await create('later', { retry: { maxAttempts: 2, delay: '10ms' }, type: 'fail', payload: { times: 1 } });
  await create('urgent', { priority: 9 });
  await create('elsewhere', { pool: 'default' });
  expect(await Promise.all(['line-0', 'late', 'later', 'urgent', 'elsewhere'].map(taskQueueOf))).toEqual([
    ORCHESTRATOR_TASK_QUEUE,
    LONG_LINE_TASK_QUEUE,
    LONG_LINE_TASK_QUEUE,
    ORCHESTRATOR_TASK_QUEUE,
    ORCHESTRATOR_TASK_QUEUE,
  ]);
  await temporal.untilInLine(['late', 'later', 'urgent']);
  expect((await millrace.job('later', 'waitingFor { placeInLine }')).waitingFor.placeInLine).toBe(923);
  await orders.hold('late');
  await orders.setPriority('later', 8);
  await orders.release('late');
  await orders.forceStart('late');
  await temporal.untilInLine(['late', 'later', 'urgent'], { late: 2 });
  await millrace.servePool(POOL, 1);
  for (const id of ['late', 'urgent', 'later']) await millrace.until(id, 'SUCCEEDED');
  expect(await startOrder(millrace, { late: 'late', urgent: 'urgent', later: 'later' })).toEqual(['late', 'urgent', 'later', 'later 2']);
});
