import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { isAlive } from '../../src/process/group.ts';
import { eventually } from './fixtures/eventually.ts';
import { ordersTo, untilAllFinal } from './fixtures/orders.ts';
import { Scratch, TEST_JOBS } from './fixtures/paths.ts';
import { Millrace } from './millrace.ts';

const MIB = 2 ** 20;

let millrace: Millrace;
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: TEST_JOBS } });
});
const scratch = new Scratch();
afterAll(async () => {
  await millrace.stop();
  scratch.remove();
});

const hog = (kind: string, mib: number, more: object = {}) => ({ type: 'test.hog', payload: { kind, mib }, ...more });
/** Holds that until it is seen: one that went on to take more could take all that the machine has. */
const greedy = () => hog('buffers', 512, { payload: { kind: 'buffers', mib: 512, gate: scratch.path() } });
const end = async (input: Record<string, unknown>): Promise<any> => ended(await millrace.create(input));
const ended = async (id: string): Promise<any> => {
  const job = await millrace.untilFinal(id, 60_000);
  const { nodes } = await millrace
    .job(
      job.id,
      'attempts { nodes { outcome signal exitCode killedPids pid peakMemoryBytes cpuSeconds error { name message retryable } } }',
    )
    .then(({ attempts }) => attempts);
  return { ...job, attempts: nodes };
};

test('a job that uses more memory than its limit is killed with the figure it had reached, and is neither tried again nor a halt', async () => {
  const job = await end({ ...greedy(), limits: { memoryBytes: '256MiB' } });
  expect(job).toMatchObject({
    status: 'FAILED',
    reason: { code: 'MEMORY_LIMIT', message: expect.stringMatching(/^used [\d.]+ MiB of memory .*its limit is 256 MiB$/) },
    error: { name: 'MEMORY_LIMIT', retryable: false },
    halts: 0,
    failures: 0,
    attemptCount: 1,
  });
  const [attempt] = job.attempts;
  expect(attempt).toMatchObject({ outcome: 'LIMIT_EXCEEDED', signal: 'SIGKILL', killedPids: [attempt.pid] });
  expect(attempt.peakMemoryBytes).toBeGreaterThan(256 * MIB);
  // All that it takes, and what its process has of its own.
  expect(attempt.peakMemoryBytes).toBeLessThan(1_024 * MIB);
  expect(isAlive(attempt.pid)).toBe(false);
});

test('a heap that is full under the memory limit is MEMORY_LIMIT as well, with Node’s own message in the log', async () => {
  const job = await end(hog('heap', 4_096, { limits: { memoryBytes: 448 * MIB } }));
  expect(job).toMatchObject({ status: 'FAILED', reason: { code: 'MEMORY_LIMIT' }, halts: 0, attemptCount: 1 });
  expect(job.attempts).toMatchObject([{ outcome: 'LIMIT_EXCEEDED' }]);
  // Where the garbage collector is short of CPU, what it has not given back yet may pass the limit first.
  const wasFull = job.attempts[0].signal === 'SIGABRT';
  const full = /^its heap was full at 288 MiB, .*its memory limit is 448 MiB$/;
  expect(job.reason.message).toMatch(wasFull ? full : /^used [\d.]+ MiB of memory .*its limit is 448 MiB$/);
  const { attempts } = await millrace.job(job.id, 'attempts { nodes { log { nodes { text } } } }');
  const log: string = attempts.nodes[0].log.nodes.map(({ text }: { text: string }) => text).join('\n');
  expect({ wasFull, isTold: log.includes('JavaScript heap out of memory') }).toEqual({ wasFull, isTold: wasFull });
});

test('without a memory limit a heap that is full is a halt', async () => {
  const small = await millrace.servePool('small', 1, { MILLRACE_RUNNER_HEAP: '64MiB' });
  onTestFinished(() => small.stop());
  const job = await millrace.untilFinal(await millrace.create({ ...hog('heap', 4_096), pool: 'small', maxHalts: 0 }));
  expect(job).toMatchObject({ status: 'FAILED', reason: { code: 'HALTED' }, halts: 1 });
});

test('what a job’s children use counts as its own', async () => {
  const job = await end(hog('child', 512, { limits: { memoryBytes: '400MiB' }, payload: { kind: 'child', mib: 512, holdMs: 60_000 } }));
  expect(job).toMatchObject({ status: 'FAILED', reason: { code: 'MEMORY_LIMIT' } });
  expect(job.attempts[0].killedPids).toHaveLength(2);
});

test('onMemoryLimit tries again with more memory until it is enough, whatever retry says', { timeout: 120_000 }, async () => {
  const limits = { memoryBytes: '160MiB', onMemoryLimit: { retryWith: 2, upTo: '2GiB' } };
  // What has passed its limit holds that until it is seen; the attempt that has enough is let end.
  const payload = { kind: 'buffers', mib: 400, gate: scratch.path() };
  const id = await millrace.create({ type: 'test.hog', payload, limits, retry: { maxAttempts: 1 } });
  await millrace.until(id, ({ attemptCount, status }) => attemptCount === 3 && status === 'RUNNING', 60_000);
  scratch.open(payload.gate);
  const job = await ended(id);
  expect(job).toMatchObject({ status: 'SUCCEEDED', halts: 0, failures: 0, attemptCount: 3 });
  expect(job.attempts.map(({ outcome }: { outcome: string }) => outcome)).toEqual(['LIMIT_EXCEEDED', 'LIMIT_EXCEEDED', 'SUCCEEDED']);
  expect(job.attempts[1].error.message).toContain('its limit is 320 MiB');
  const { events } = await millrace.job(job.id, 'events { nodes { kind detail } }');
  const retries = events.nodes.filter(({ kind }: { kind: string }) => kind === 'RETRY_SCHEDULED');
  expect(retries).toMatchObject([{ detail: { memoryBytes: 320 * MIB } }, { detail: { memoryBytes: 640 * MIB } }]);
});

test('onMemoryLimit ends with MEMORY_LIMIT after the attempt that could use upTo', async () => {
  const limits = { memoryBytes: '160MiB', onMemoryLimit: { retryWith: 10, upTo: '200MiB' } };
  const job = await end({ ...greedy(), limits });
  expect(job).toMatchObject({ status: 'FAILED', attemptCount: 2, reason: { code: 'MEMORY_LIMIT' } });
  expect(job.reason.message).toContain('its limit is 200 MiB');
});

test('a job that uses more CPU time than its limit is killed with CPU_LIMIT and the figure', async () => {
  const job = await end({ type: 'cpu.burn', payload: { ms: 600_000 }, limits: { cpuSeconds: 0.5 } });
  expect(job).toMatchObject({
    status: 'FAILED',
    attemptCount: 1,
    reason: { code: 'CPU_LIMIT', message: expect.stringMatching(/^used [\d.]+ s of CPU time .*its limit is 0.5 s$/) },
  });
  expect(job.attempts).toMatchObject([{ outcome: 'LIMIT_EXCEEDED', signal: 'SIGKILL' }]);
  expect(job.attempts[0].cpuSeconds).toBeGreaterThan(0.5);
});

test('the CPU time of children that have ended meanwhile counts', async () => {
  const job = await end({ type: 'test.burns', payload: { times: 10_000 }, limits: { cpuSeconds: 2 } });
  expect(job).toMatchObject({ status: 'FAILED', reason: { code: 'CPU_LIMIT' } });
});

test('a runner that has served others counts the CPU time of its present attempt alone', async () => {
  const single = await millrace.servePool('single', 1);
  onTestFinished(() => single.stop());
  const burn = () => millrace.create({ type: 'cpu.burn', pool: 'single', payload: { ms: 800 }, limits: { cpuSeconds: 2 } });
  const jobs = [];
  for (const id of [await burn(), await burn(), await burn()]) jobs.push(await millrace.untilFinal(id));
  expect(jobs.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
  expect(new Set(jobs.map(({ attempts }) => attempts.nodes[0].pid)).size).toBe(1);
});

test('a job that takes a larger share of the CPU than its limit for 5 s is killed with CPU_LIMIT, another one is not', async () => {
  const idle = await millrace.create({ type: 'sleep', payload: { ms: 7_000 }, limits: { cpuPercent: 40 } });
  const job = await end({ type: 'cpu.burn', payload: { ms: 600_000 }, limits: { cpuPercent: 10 } });
  expect(job).toMatchObject({
    status: 'FAILED',
    reason: { code: 'CPU_LIMIT', message: expect.stringMatching(/^used [\d.]+ % of a core over 5 s .*its limit is 10 %$/) },
  });
  expect(Date.parse(job.finishedAt) - Date.parse(job.startedAt)).toBeGreaterThanOrEqual(5_000);
  await millrace.until(idle, 'SUCCEEDED');
});

test('an attempt with a memory limit has a process of its own, and a slot like any other', async () => {
  const single = await millrace.servePool('single', 1);
  onTestFinished(() => single.stop());
  const tag = randomUUID();
  const ids = await Promise.all(
    [true, false, true, false].map((limited) =>
      millrace.create({ ...hog('buffers', 0), pool: 'single', tags: [tag], ...(limited ? { limits: { memoryBytes: '1GiB' } } : {}) }),
    ),
  );
  await untilAllFinal(millrace, tag, 4);
  const jobs = await Promise.all(ids.map((id) => millrace.job(id)));
  const pids = jobs.map(({ result }) => result.pid);
  expect(new Set(pids).size).toBe(3);
  expect(pids[1]).toBe(pids[3]);
  await eventually('the processes of their own are gone', () => ![pids[0], pids[2]].some(isAlive));
  const spans = jobs.map(({ attempts }) => attempts.nodes[0]).toSorted((a, b) => a.startedAt.localeCompare(b.startedAt));
  expect(spans.slice(1).map(({ startedAt }, index) => startedAt >= spans[index].finishedAt)).toEqual([true, true, true]);
});

test('an abort kills a job that is still getting its process', async () => {
  const orders = ordersTo(millrace);
  for (let round = 0; round < 3; round++) {
    const id = await millrace.create({ type: 'cpu.burn', payload: { ms: 600_000 }, limits: { memoryBytes: '1GiB' } });
    const { attempts } = await millrace.until(id, 'RUNNING');
    await orders.abort(id, { grace: '0s' });
    expect(await millrace.untilFinal(id)).toMatchObject({ status: 'ABORTED', attempts: { nodes: [{ outcome: 'ABORTED' }] } });
    expect(isAlive(attempts.nodes[0].pid)).toBe(false);
  }
});

test('limits are shown with the type’s defaults filled in, each by itself', async () => {
  const LIMITS = 'limits { memoryBytes cpuSeconds cpuPercent onMemoryLimit { retryWith upTo } }';
  const type = { memoryBytes: 512 * MIB, cpuSeconds: 60, cpuPercent: 150, onMemoryLimit: { retryWith: 2, upTo: 1_024 * MIB } };
  const { jobTypes } = await millrace.client.data(`{ jobTypes { name defaults { ${LIMITS} } } }`);
  expect(jobTypes.find(({ name }: { name: string }) => name === 'test.limited').defaults.limits).toEqual(type);
  expect(jobTypes.find(({ name }: { name: string }) => name === 'sleep').defaults.limits).toEqual({
    memoryBytes: null,
    cpuSeconds: null,
    cpuPercent: null,
    onMemoryLimit: null,
  });
  const id = await millrace.create({ type: 'test.limited', payload: {}, limits: { memoryBytes: '1GB', cpuSeconds: 2.5 } });
  expect((await millrace.job(id, `options { ${LIMITS} }`)).options.limits).toEqual({ ...type, memoryBytes: 1e9, cpuSeconds: 2.5 });
  await millrace.until(id, 'SUCCEEDED');
});

test.each([
  [{ memoryBytes: 1_024 }, ['limits', 'memoryBytes']],
  [{ cpuSeconds: 0 }, ['limits', 'cpuSeconds']],
  [{ cpuPercent: -5 }, ['limits', 'cpuPercent']],
  [{ onMemoryLimit: { retryWith: 2, upTo: '1GiB' } }, ['limits', 'onMemoryLimit']],
  [{ memoryBytes: '1GiB', onMemoryLimit: { retryWith: 1, upTo: '2GiB' } }, ['limits', 'onMemoryLimit', 'retryWith']],
  [{ memoryBytes: '1GiB', onMemoryLimit: { retryWith: 2, upTo: '512MiB' } }, ['limits', 'onMemoryLimit', 'upTo']],
])('%j is refused with its path', async (limits, path) => {
  const { createJob } = await millrace.client.data(
    'mutation ($input: CreateJobInput!) { createJob(input: $input) { job { id } userErrors { code path } } }',
    { input: { type: 'sleep', payload: { ms: 0 }, limits } },
  );
  expect(createJob).toEqual({ job: null, userErrors: [{ code: 'INVALID_ARGUMENT', path }] });
});
