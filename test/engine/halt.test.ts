import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAlive } from '../../src/process/group.ts';
import { linesOf } from './fixtures/orders.ts';
import { BROKEN_JOBS, TEST_JOBS } from './fixtures/paths.ts';
import { untilTold } from './fixtures/told.ts';
import { workersWhen } from './fixtures/workers.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 1, env: { MILLRACE_JOBS: TEST_JOBS, MILLRACE_RUNNER_HEAP: '64MiB' } });
});
afterAll(() => millrace.stop());

test.each([
  { how: 'exit', exitCode: 1, signal: null },
  { how: 'kill', exitCode: null, signal: 'SIGKILL' },
  { how: 'oom', exitCode: null, signal: 'SIGABRT' },
])('an attempt whose process dies by $how has HALTED, and its job runs again', async ({ how, exitCode, signal }) => {
  const job = await run({ type: 'crash', payload: { how, times: 1 } });
  expect(job).toMatchObject({ status: 'SUCCEEDED', halts: 1, failures: 0, losses: 0, attemptCount: 2, result: { crashes: 1 } });
  expect(job.attempts.nodes).toMatchObject([
    { outcome: 'HALTED', exitCode, signal, killMs: null, error: { name: 'HALTED' } },
    { outcome: 'SUCCEEDED', exitCode: null, signal: null, error: null },
  ]);
  expect(job.attempts.nodes[1].pid).not.toBe(job.attempts.nodes[0].pid);
  const once = ['QUEUED', 'STARTED', 'ATTEMPT_ENDED'];
  await untilTold(millrace, job.id, ['CREATED', ...once, 'HALTED', ...once, 'FINISHED']);
});

test('a job that halts more often than maxHalts fails with HALTED', async () => {
  const job = await run({ type: 'crash', payload: { how: 'exit', times: 10 }, maxHalts: 1 });
  expect(job).toMatchObject({
    status: 'FAILED',
    reason: { code: 'HALTED' },
    error: { name: 'HALTED' },
    halts: 2,
    failures: 0,
    attemptCount: 2,
  });
});

test('exit code 0 of a process that has not answered is a halt too', async () => {
  const job = await misbehave('exitZero', { maxHalts: 0 });
  expect(job).toMatchObject({
    status: 'FAILED',
    reason: { code: 'HALTED' },
    attempts: { nodes: [{ outcome: 'HALTED', exitCode: 0, signal: null }] },
  });
});

test.each(['rejectUnheard', 'throwLater'])('an error that nobody catches (%s) is a halt, and is in the log', async (kind) => {
  const job = await misbehave(kind, { maxHalts: 0 });
  expect(job).toMatchObject({ status: 'FAILED', reason: { code: 'HALTED' }, attempts: { nodes: [{ outcome: 'HALTED', exitCode: 1 }] } });
  expect((await linesOf(millrace, job.id)).join('\n')).toMatch(/nobody hears this|out of any promise/);
});

test.each(['returnBigInt', 'returnFunction', 'returnCircle', 'returnTooMuch'])(
  'a result that is not JSON of at most 1 MiB (%s) fails the job with BAD_RESULT, without a retry',
  async (kind) => {
    const job = await misbehave(kind);
    expect(job).toMatchObject({
      status: 'FAILED',
      reason: { code: 'BAD_RESULT' },
      result: null,
      error: { retryable: false },
      attemptCount: 1,
      halts: 0,
    });
  },
);

test.each(['throwString', 'throwUndefined'])('what is thrown and is no Error (%s) is tried again like one', async (kind) => {
  const job = await misbehave(kind, { retry: { maxAttempts: 2, delay: '1ms' } });
  expect(job).toMatchObject({
    status: 'FAILED',
    reason: { code: 'HANDLER_ERROR' },
    error: { name: 'NonError', retryable: true },
    failures: 2,
    attemptCount: 2,
    halts: 0,
  });
});

test('a FinalError is not tried again', async () => {
  const job = await run({ type: 'fail', payload: { times: 5, final: true } });
  expect(job).toMatchObject({
    status: 'FAILED',
    reason: { code: 'HANDLER_ERROR' },
    error: { name: 'FinalError', retryable: false },
    failures: 1,
    attemptCount: 1,
  });
});

test('a handler that never resolves is killed at its timeout', async () => {
  const job = await misbehave('neverResolve', { timeout: '300ms', grace: '100ms', retry: { maxAttempts: 1 } });
  expect(job).toMatchObject({
    status: 'FAILED',
    reason: { code: 'TIMED_OUT' },
    attempts: { nodes: [{ outcome: 'TIMED_OUT', signal: 'SIGKILL' }] },
  });
  expect(isAlive(job.attempts.nodes[0].pid)).toBe(false);
});

test.each(['endStdout', 'closeStdout', 'closeStdoutSilently'])(
  'a handler that has closed its stdout (%s) harms neither its own job nor the log of the next one',
  async (kind) => {
    expect(await misbehave(kind)).toMatchObject({ status: 'SUCCEEDED', result: 'went on', attemptCount: 1 });
    const next = await misbehave('writeJunk');
    expect(next).toMatchObject({ status: 'SUCCEEDED', attemptCount: 1 });
    expect(await linesOf(millrace, next.id)).toContain('no newline at the end');
  },
);

test('any bytes may be written: what is no UTF-8 is marked, a long line is cut, and the last one needs no end', async () => {
  const job = await misbehave('writeJunk');
  expect(job).toMatchObject({ status: 'SUCCEEDED', result: 'written' });
  const lines = await linesOf(millrace, job.id);
  expect(lines.every((line) => line.length <= 16_384)).toBe(true);
  expect(lines.filter((line) => line.includes('long ')).join('')).toBe('long '.repeat(20_000));
  expect(lines).toContain('\uFFFD(');
  expect(lines).toContain('no newline at the end');
  expect(lines.join('')).not.toContain('\u0000');
});

test('what an attempt has saved is given to the next one after a failure and after a halt', async () => {
  const job = await misbehave('saveAndEnd', { retry: { delay: '1ms' } });
  expect(job).toMatchObject({ status: 'SUCCEEDED', result: ['saved by 1', 'saved by 2'], failures: 1, halts: 1, attemptCount: 3 });
});

test('a worker serves the job modules that can be loaded, and says which cannot and why', async () => {
  await millrace.startRole('worker', 'broken', { MILLRACE_POOL: 'broken', MILLRACE_JOBS: BROKEN_JOBS });
  expect(await workersWhen(millrace, 'broken')).toMatchObject([
    {
      status: 'RUNNING',
      jobTypes: ['sleep'],
      problems: [
        expect.stringMatching(/^greedy\.ts: defaults\.limits\.memoryBytes "a lot" is no size such as 512MiB or 2GB/),
        expect.stringMatching(/^nameless-step\.ts: the name "" of its step 2 is not allowed/),
        expect.stringMatching(/^nameless\.ts: .*no default export/),
        expect.stringMatching(/^neither\.ts: it must have a run function or steps, and not both/),
        expect.stringMatching(/^throws\.ts: this module cannot be loaded, as asked/),
        expect.stringMatching(/^twin-steps\.ts: it has two steps with the name same/),
      ],
    },
  ]);
  expect(await run({ type: 'sleep', payload: { ms: 0 }, pool: 'broken' })).toMatchObject({ status: 'SUCCEEDED' });

  // Its type is known by the workers of another pool.
  const unserved = await run({ type: 'cpu.burn', payload: { ms: 0 }, pool: 'broken', retry: { maxAttempts: 2, delay: '1ms' } });
  expect(unserved).toMatchObject({ status: 'FAILED', reason: { code: 'NO_HANDLER' }, attemptCount: 2 });
});

async function run(input: Record<string, unknown>): Promise<any> {
  return millrace.untilFinal(await millrace.create(input));
}

const misbehave = (kind: string, input: Record<string, unknown> = {}): Promise<any> =>
  run({ type: 'test.misbehave', payload: { kind }, ...input });
