import { afterAll, beforeAll, expect, test } from 'vitest';
import { ordersTo } from './fixtures/orders.ts';
import { FAULT_JOBS } from './fixtures/paths.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 1, env: { MILLRACE_JOBS: FAULT_JOBS } });
});
afterAll(() => millrace.stop());

const HOUR = 3_600_000;
const told = async (input: object): Promise<{ id: string; result: number | null; created: number; started: number }> => {
  const id = await millrace.create({ type: 'test.when', payload: {}, ...input });
  const { result, createdAt, startedAt } = await millrace.untilFinal(id);
  return { id, result, created: Date.parse(createdAt), started: Date.parse(startedAt) };
};

test('a handler is told when it is killed: by its timeout or by its job’s deadline, whichever is first', async () => {
  expect((await told({})).result).toBeNull();
  const timeout = await told({ timeout: '1h' });
  expect(timeout.result).toBe(timeout.started + HOUR);
  const deadline = await told({ deadline: '1h' });
  expect(deadline.result).toBe(deadline.created + HOUR);
  const both = await told({ timeout: '1h', deadline: '2h' });
  expect(both.result).toBe(both.started + HOUR);
  // 30 days is more than one timer of Node holds.
  const long = await told({ timeout: '30d', deadline: '2h' });
  expect(long.result).toBe(long.created + 2 * HOUR);
});

test('a job that is run again has its whole deadline again', async () => {
  const { id, result } = await told({ deadline: '1h' });
  expect((await ordersTo(millrace).retry(id)).codes).toEqual([]);
  const again = await millrace.until(id, ({ status, attemptCount }) => status === 'SUCCEEDED' && attemptCount === 2);
  expect(again.result).toBeGreaterThan(result!);
});
