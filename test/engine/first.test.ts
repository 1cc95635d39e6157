import { afterAll, beforeAll, expect, test } from 'vitest';
import { untilTold } from './fixtures/told.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
beforeAll(async () => void (millrace = await Millrace.start()));
afterAll(() => millrace.stop());

test('a job runs from createJob to a subscriber, and every step of it is in its feed', async () => {
  const id = await millrace.create({ type: 'cpu.burn', payload: { ms: 200 }, tags: ['first'], metadata: { by: 'test' } });
  const job = await millrace.untilFinal(id);
  expect(job).toMatchObject({ status: 'SUCCEEDED', attemptCount: 1, halts: 0, losses: 0, failures: 0, reason: null, error: null });
  expect(job.result.burnedMs).toBeGreaterThanOrEqual(200);
  await untilTold(millrace, id, ['CREATED', 'QUEUED', 'STARTED', 'ATTEMPT_ENDED', 'FINISHED']);
  const { version, events } = await millrace.job(id, 'version events { nodes { version } }');
  expect(events.nodes.at(-1).version).toBe(version);
});

test('what a handler writes reaches a subscriber while it runs, and is kept', async () => {
  const id = await millrace.create({ type: 'fail', payload: { times: 1 }, retry: { delay: '10ms' } });
  await millrace.until(id, 'SUCCEEDED');
  const { attempts } = await millrace.job(id, 'attempts { nodes { number outcome error { name message retryable } } }');
  expect(attempts.nodes.map(({ outcome }: { outcome: string }) => outcome)).toEqual(['FAILED', 'SUCCEEDED']);
});
