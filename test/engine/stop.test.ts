import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { groupMembers, isAlive } from '../../src/process/group.ts';
import { eventually } from './fixtures/eventually.ts';
import { type Orders, ordersTo, untilAllFinal, untilLogged } from './fixtures/orders.ts';
import { TEST_JOBS } from './fixtures/paths.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
let orders: Orders;
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: TEST_JOBS } });
  orders = ordersTo(millrace);
});
afterAll(() => millrace.stop());

const burn = { type: 'cpu.burn', payload: { ms: 600_000 } };

test('abort of a job in line has it ABORTED in the answer, and nothing of it runs', async () => {
  const inTheWay = await Promise.all([running(burn), running(burn)]);
  const id = await millrace.create(burn);
  expect(await orders.abort(id, { message: 'not needed' })).toMatchObject({
    codes: [],
    job: { status: 'ABORTED', band: null, reason: { code: 'ABORTED_BY_USER', message: 'not needed' } },
  });
  for (const other of inTheWay) await orders.abort(other.id, { grace: '0s' });
  expect(await millrace.job(id)).toMatchObject({ status: 'ABORTED', attemptCount: 0 });
});

test('abort of a job that waits for its retry has it ABORTED in the answer', async () => {
  const id = await millrace.create({ type: 'fail', payload: { times: 1 }, retry: { delay: '1h' } });
  await millrace.until(id, 'SCHEDULED');
  expect(await orders.abort(id)).toMatchObject({ codes: [], job: { status: 'ABORTED', reason: { code: 'ABORTED_BY_USER' } } });
});

test('abort of a running cpu.burn leaves no process', async () => {
  const { id, pid } = await running(burn);
  expect(isAlive(pid)).toBe(true);
  const answer = await orders.abort(id, { message: 'stop the wheel', grace: '0s' });
  expect(answer).toMatchObject({ codes: [], job: { abortRequestedAt: expect.any(String) } });
  const job = await millrace.untilFinal(id);
  expect(groupMembers(pid)).toEqual([]);
  expect(isAlive(pid)).toBe(false);
  expect(job).toMatchObject({
    status: 'ABORTED',
    reason: { code: 'ABORTED_BY_USER', message: 'stop the wheel' },
    result: null,
    error: null,
  });
  expect(job.attempts.nodes).toMatchObject([{ outcome: 'ABORTED', signal: 'SIGKILL', killMs: expect.any(Number), killedPids: [pid] }]);
});

test.each([{ grace: '0s' }, {}])(
  'a second abort with a shorter grace, %j or the job’s own, ends what the first has left running',
  async (how) => {
    const { id } = await running({ ...burn, grace: '100ms' });
    await orders.abort(id, { message: 'at leisure', grace: '1d' });
    expect(await orders.abort(id, { message: 'now', ...how })).toMatchObject({ codes: [] });
    const job = await millrace.untilFinal(id);
    expect(job).toMatchObject({ status: 'ABORTED', reason: { message: 'at leisure' }, attempts: { nodes: [{ signal: 'SIGKILL' }] } });
  },
);

test('a handler that listens ends by SIGTERM within the grace', async () => {
  const { id, pid } = await running({ type: 'sleep', payload: { ms: 600_000 }, grace: '30s' });
  await orders.abort(id);
  const job = await millrace.untilFinal(id);
  expect(job).toMatchObject({ status: 'ABORTED', attempts: { nodes: [{ outcome: 'ABORTED', signal: 'SIGTERM', killedPids: [pid] }] } });
  expect(job.attempts.nodes[0].killMs).toBeLessThan(10_000);
  expect(groupMembers(pid)).toEqual([]);
});

test('a handler that cleans up within the grace comes to its end, and the job is ABORTED all the same', async () => {
  const { id } = await running({ type: 'test.linger', payload: { cleanUpMs: 300 } });
  await untilLogged(millrace, id, /^here$/);
  await orders.abort(id, { grace: '30s' });
  const job = await millrace.untilFinal(id);
  expect(job).toMatchObject({ status: 'ABORTED', result: null, attempts: { nodes: [{ outcome: 'ABORTED', signal: 'SIGTERM' }] } });
  expect(job.attempts.nodes[0].killMs).toBeGreaterThanOrEqual(300);
  expect(await untilLogged(millrace, id, /^cleaned up$/)).toBeTruthy();
});

test('a handler that does not listen is killed when the grace is over', async () => {
  const { id, pid } = await running({ ...burn, grace: '1h' });
  await orders.abort(id, { grace: '1s' });
  const job = await millrace.untilFinal(id);
  expect(job).toMatchObject({ status: 'ABORTED', attempts: { nodes: [{ outcome: 'ABORTED', signal: 'SIGKILL', killedPids: [pid] }] } });
  expect(job.attempts.nodes[0].killMs).toBeGreaterThanOrEqual(1_000);
  // And not after the hour that is the job's own.
  expect(job.attempts.nodes[0].killMs).toBeLessThan(60_000);
});

test('children and grandchildren of a handler die with it, although they do not listen to SIGTERM', async () => {
  const { id } = await running({ type: 'test.family', payload: {} });
  const pids = (await untilLogged(millrace, id, /^family/)).split(' ').slice(1).map(Number);
  expect(pids).toHaveLength(3);
  expect(pids.every(isAlive)).toBe(true);
  await orders.abort(id, { grace: '200ms' });
  const job = await millrace.untilFinal(id);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(job.attempts.nodes[0].killedPids).toEqual(expect.arrayContaining(pids));
});

test('an abort at any moment of its start stops a job', { timeout: 120_000 }, async () => {
  const tag = randomUUID();
  const ids = Array.from({ length: 12 }, () => randomUUID());
  await Promise.all(
    ids.map(async (id, index) => {
      await millrace.create({ ...burn, id, tags: [tag] });
      // A third at once, a third when it is seen in line or running, a third when it runs.
      if (index % 3 === 1) await millrace.until(id, () => true);
      if (index % 3 === 2) await millrace.until(id, 'RUNNING', 60_000);
      expect((await orders.abort(id, { grace: '0s' })).codes).toEqual([]);
    }),
  );
  const jobs = await untilAllFinal(millrace, tag, ids.length);
  expect([...jobs.values()].map(({ status }) => status)).toEqual(ids.map(() => 'ABORTED'));
});

test('abort of an ABORTED job answers with the job, of a SUCCEEDED one with ALREADY_FINISHED and the job, of none with NOT_FOUND', async () => {
  const { id } = await running(burn);
  await orders.abort(id, { grace: '0s', message: 'first' });
  await millrace.untilFinal(id);
  expect(await orders.abort(id, { message: 'second' })).toMatchObject({
    codes: [],
    job: { id, status: 'ABORTED', reason: { message: 'first' } },
  });

  const done = await millrace.create({ type: 'sleep', payload: { ms: 0 } });
  await millrace.until(done, 'SUCCEEDED');
  expect(await orders.abort(done)).toMatchObject({ codes: ['ALREADY_FINISHED'], job: { id: done, status: 'SUCCEEDED' } });
  expect(await orders.abort(randomUUID())).toEqual({ codes: ['NOT_FOUND'], job: null });
});

test('an attempt is killed at its timeout and tried again as the retries say, until the job fails with TIMED_OUT', async () => {
  const id = await millrace.create({ ...burn, timeout: '500ms', grace: '0s', retry: { maxAttempts: 2, delay: '10ms' } });
  const job = await millrace.untilFinal(id);
  expect(job).toMatchObject({
    status: 'FAILED',
    reason: { code: 'TIMED_OUT' },
    failures: 2,
    halts: 0,
    attemptCount: 2,
    error: { name: 'TIMED_OUT' },
  });
  expect(job.attempts.nodes).toMatchObject([
    { outcome: 'TIMED_OUT', signal: 'SIGKILL', killedPids: [expect.any(Number)] },
    { outcome: 'TIMED_OUT', signal: 'SIGKILL', killedPids: [expect.any(Number)] },
  ]);
  for (const { pid, startedAt, finishedAt } of job.attempts.nodes) {
    expect(isAlive(pid)).toBe(false);
    expect(Date.parse(finishedAt) - Date.parse(startedAt)).toBeGreaterThanOrEqual(500);
  }
});

test('an attempt that ends within the grace after its timeout has TIMED_OUT all the same', async () => {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 600_000 }, timeout: '300ms', grace: '30s', retry: { maxAttempts: 1 } });
  const job = await millrace.untilFinal(id);
  expect(job).toMatchObject({
    status: 'FAILED',
    reason: { code: 'TIMED_OUT' },
    attempts: { nodes: [{ outcome: 'TIMED_OUT', signal: 'SIGTERM' }] },
  });
});

test("a cpu.burn of minutes does not delay another job's heartbeat, abort or log", { timeout: 120_000 }, async () => {
  const busy = await millrace.servePool('busy', 3);
  onTestFinished(() => busy.stop());
  const temporal = await TemporalView.of(millrace);
  onTestFinished(() => temporal.close());
  const burns = await Promise.all([1, 2].map(() => millrace.create({ type: 'cpu.burn', pool: 'busy', payload: { ms: 600_000 } })));
  for (const id of burns) await millrace.until(id, 'RUNNING');
  const talk = await millrace.create({ type: 'test.talk', pool: 'busy', payload: { everyMs: 100 } });
  await millrace.until(talk, 'RUNNING');
  const talksSince = Date.now();

  const delaysMs = await delaysOf(talk, 30);
  // The quickest ones, for the burns take the cores that everybody has.
  expect(quartile(delaysMs), `log lines came after ${delaysMs.join(', ')} ms`).toBeLessThan(500);
  // Every 5 s: the second one has come, and that is far from the 30 s after which an attempt is lost.
  await eventually(
    'a second heartbeat has reached Temporal',
    async () => ((await temporal.openAttempt(talk))?.lastHeartbeatAt ?? 0) > talksSince + 7_000,
  );

  const askedAt = Date.now();
  await orders.abort(talk);
  const stopped = await millrace.until(talk, 'ABORTED');
  // Far from the end of what burns.
  expect(Date.now() - askedAt).toBeLessThan(10_000);
  expect(stopped.attempts.nodes).toMatchObject([{ outcome: 'ABORTED', signal: 'SIGTERM' }]);

  for (const id of burns) {
    expect(await millrace.job(id)).toMatchObject({ status: 'RUNNING', attemptCount: 1, losses: 0 });
    await orders.abort(id, { grace: '0s' });
  }
});

/** A job with its process. */
async function running(input: Record<string, unknown>): Promise<{ id: string; pid: number }> {
  const id = await millrace.create(input);
  const { attempts } = await millrace.until(id, ({ status, attemptCount }) => status === 'RUNNING' && attemptCount > 0);
  return { id, pid: attempts.nodes[0].pid };
}

/** How long after they were written the next lines of a job that says the time arrive here. */
async function delaysOf(jobId: string, count: number): Promise<number[]> {
  const delaysMs: number[] = [];
  const since = Date.now();
  for await (const { data } of millrace.client.subscribe('subscription ($jobId: ID!) { jobLog(jobId: $jobId) { lines { text } } }', {
    jobId,
  })) {
    const now = Date.now();
    for (const { text } of data?.['jobLog'].lines ?? []) if (Number(text) > since) delaysMs.push(now - Number(text));
    if (delaysMs.length >= count) break;
  }
  return delaysMs;
}

const quartile = (numbers: number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 4)]!;
