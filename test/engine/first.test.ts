import { afterAll, beforeAll, expect, test } from 'vitest';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
beforeAll(async () => void (millrace = await Millrace.start()));
afterAll(() => millrace.stop());

test('a job runs from createJob to a subscriber, and every step of it is in its feed', async () => {
  const id = await millrace.create({ type: 'cpu.burn', payload: { ms: 200 }, tags: ['first'], metadata: { by: 'test' } });
  const job = await millrace.untilFinal(id);
  expect(job).toMatchObject({ status: 'SUCCEEDED', attemptCount: 1, halts: 0, losses: 0, failures: 0, reason: null, error: null });
  expect(job.result.burnedMs).toBeGreaterThanOrEqual(200);
  const { events } = await millrace.job(id, 'events { nodes { kind status version } }');
  expect(events.nodes.map(({ kind }: { kind: string }) => kind)).toEqual(['CREATED', 'QUEUED', 'STARTED', 'ATTEMPT_ENDED', 'FINISHED']);
  expect(events.nodes.at(-1).version).toBe(job.version);
});

test('what a handler writes reaches a subscriber while it runs, and is kept', async () => {
  const id = await millrace.create({ type: 'fail', payload: { times: 1 }, retry: { delay: '10ms' } });
  await millrace.until(id, 'SUCCEEDED');
  const { attempts } = await millrace.job(id, 'attempts { nodes { number outcome error { name message retryable } } }');
  expect(attempts.nodes.map(({ outcome }: { outcome: string }) => outcome)).toEqual(['FAILED', 'SUCCEEDED']);
});
