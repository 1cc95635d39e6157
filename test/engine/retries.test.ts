import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventually } from './fixtures/eventually.ts';
import type { Orders } from './fixtures/orders.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import type { TemporalView } from './fixtures/temporal-view.ts';
import type { Millrace } from './millrace.ts';

let millrace: Millrace;
let temporal: TemporalView;
let orders: Orders;
const scratch = shareMillrace({ slots: 2 }, (shared) => ({ millrace, temporal, orders } = shared));

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

test('a job that must not run twice fails when its worker is lost, and what its steps have done is undone', async () => {
  const file = scratch.path();
  const id = await millrace.create({ type: 'sleep', payload: { ms: 600_000 }, onLost: 'FAIL' });
  const ofSteps = await millrace.create({ type: 'test.relay', payload: { file, gate: scratch.path() }, onLost: 'FAIL' });
  await millrace.until(id, 'RUNNING');
  const steps = async (): Promise<string[]> => (await millrace.job(ofSteps, 'steps { status }')).steps.map(({ status }: any) => status);
  await eventually('its second step has begun', () => existsSync(file) && readFileSync(file, 'utf8') === 'first\nsecond\n');
  await millrace.role('worker').kill();
  await millrace.startRole('worker');
  expect(await millrace.until(id, 'FAILED')).toMatchObject({ losses: 1, attemptCount: 1, reason: { code: 'LOST' } });
  expect(await millrace.until(ofSteps, 'FAILED')).toMatchObject({ losses: 1, attemptCount: 3, reason: { code: 'LOST' } });
  expect(await steps()).toEqual(['UNDONE', 'FAILED', 'PENDING']);
  expect(await millrace.job(ofSteps, 'rollback')).toEqual({ rollback: 'DONE' });
  expect(readFileSync(file, 'utf8')).toBe('first\nsecond\nundo first, done: first\n');
});

test('the waits before its next tries grow by the backoff, up to the most it may be, and none of them comes too soon', async () => {
  const retry = { maxAttempts: 5, delay: '200ms', backoff: 3, maxDelay: '1s', jitter: false };
  const id = await millrace.create({ type: 'fail', payload: { times: 4 }, retry });
  await millrace.until(id, 'SUCCEEDED');
  const { events, attempts } = await millrace.job(id, 'events { nodes { kind status at detail } } attempts { nodes { startedAt } }');
  const scheduled = events.nodes.filter(({ kind }: any) => kind === 'RETRY_SCHEDULED');
  expect(scheduled.map(({ at, detail }: any) => Date.parse(detail.startsAt) - Date.parse(at))).toEqual([200, 600, 1_000, 1_000]);
  for (const [index, { status, detail }] of scheduled.entries()) {
    expect(status).toBe('SCHEDULED');
    expect(Date.parse(attempts.nodes[index + 1].startedAt)).toBeGreaterThanOrEqual(Date.parse(detail.startsAt));
  }
});

test('with jitter each wait is drawn between none and the whole of it', async () => {
  const delayMs = 100;
  const retry = { maxAttempts: 20, delay: `${delayMs}ms`, backoff: 1, jitter: true };
  const id = await millrace.create({ type: 'fail', payload: { times: 19 }, retry });
  await millrace.until(id, 'SUCCEEDED');
  const { events } = await millrace.job(id, 'events(first: 100) { nodes { kind at detail } }');
  const waits = events.nodes
    .filter(({ kind }: any) => kind === 'RETRY_SCHEDULED')
    .map(({ at, detail }: any) => Date.parse(detail.startsAt) - Date.parse(at));
  expect(waits).toHaveLength(19);
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...waits)).toBeLessThanOrEqual(delayMs);
  // Of 19 that are drawn evenly not one in a million is all in one half.
  expect(Math.min(...waits)).toBeLessThan(delayMs / 2);
  expect(Math.max(...waits)).toBeGreaterThan(delayMs / 2);
});

test('while it waits for its next try a job is SCHEDULED, and says until when', async () => {
  const id = await millrace.create({ type: 'fail', payload: { times: 1 }, retry: { delay: '1h', jitter: false } });
  const { startsAt } = await millrace.until(id, 'SCHEDULED');
  const { waitingFor, createdAt } = await millrace.job(id, 'waitingFor { kind until message } createdAt');
  expect(waitingFor).toEqual({ kind: 'BACKOFF', until: startsAt, message: expect.stringContaining(startsAt) as string });
  expect(Date.parse(startsAt) - Date.parse(createdAt)).toBeGreaterThan(3_600_000);
  expect((await orders.forceStart(id)).codes).toEqual([]);
  await millrace.until(id, 'SUCCEEDED');
});

test('a job that is tried 150 times keeps a short history, and every try is on record', { timeout: 300_000 }, async () => {
  const id = await millrace.create({ type: 'fail', payload: { times: 150 }, retry: { maxAttempts: 1_000, delay: '1ms', maxDelay: '1ms' } });
  const first = (await temporal.handle(id).describe()).runId;
  const job = await millrace.until(id, 'SUCCEEDED', 240_000);
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
