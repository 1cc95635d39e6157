import { afterAll, beforeAll, expect, test } from 'vitest';
import { TEST_JOBS } from './fixtures/paths.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
let temporal: TemporalView;
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: TEST_JOBS } });
  temporal = await TemporalView.of(millrace);
});
afterAll(async () => {
  await temporal.close();
  await millrace.stop();
});

test('a type’s failover takes over when the retries are used up, with the same payload', async () => {
  const id = await millrace.create({ type: 'test.fails-over', payload: { a: 1 } });
  const job = await millrace.until(id, 'SUCCEEDED');
  expect(job).toMatchObject({ attemptCount: 3, failures: 2, result: { payload: { a: 1 } } });
  expect(await millrace.job(id, 'failedOver options { failover }')).toEqual({ failedOver: true, options: { failover: 'test.echo' } });
  const { events } = await millrace.job(id, 'events { nodes { kind detail } }');
  expect(events.nodes.find(({ kind }: any) => kind === 'FAILED_OVER').detail).toEqual({ to: 'test.echo', error: 'as asked' });
});

test('a timeout that is final is not tried again', async () => {
  const id = await millrace.create({ type: 'test.late' });
  expect(await millrace.until(id, 'FAILED')).toMatchObject({ attemptCount: 1, reason: { code: 'TIMED_OUT' } });
});

test('a job that must not run twice fails when its worker is lost', async () => {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 600_000 }, onLost: 'FAIL' });
  await millrace.until(id, 'RUNNING');
  await millrace.role('worker').kill();
  await millrace.startRole('worker');
  expect(await millrace.until(id, 'FAILED')).toMatchObject({ losses: 1, attemptCount: 1, reason: { code: 'LOST' } });
});

test('a job that is tried 150 times keeps a short history, and every try is on record', async () => {
  const id = await millrace.create({ type: 'fail', payload: { times: 150 }, retry: { maxAttempts: 1_000, delay: '1ms', maxDelay: '1ms' } });
  const first = (await temporal.handle(id).describe()).runId;
  const job = await millrace.until(id, 'SUCCEEDED', 60_000);
  expect(job).toMatchObject({ attemptCount: 151, failures: 150 });
  const { runId, historyLength } = await temporal.handle(id).describe();
  expect(runId).not.toBe(first);
  expect(historyLength).toBeLessThan(1_100);
  // 3 of a try, and what its retry says.
  let count = 0;
  for (let after: string | null = null, more = true; more;) {
    const { events } = await millrace.job(
      id,
      `events(first: 100${after ? `, after: "${after}"` : ''}) { nodes { kind } pageInfo { hasNextPage endCursor } }`,
    );
    count += events.nodes.filter(({ kind }: any) => kind === 'STARTED' || kind === 'ATTEMPT_ENDED').length;
    ({ hasNextPage: more, endCursor: after } = events.pageInfo);
  }
  expect(count).toBe(302);
});
