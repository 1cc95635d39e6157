import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAlive } from '../../src/process/group.ts';
import { linesOf, ordersTo, untilLogged } from './fixtures/orders.ts';
import { HOOK_JOBS } from './fixtures/paths.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 1, env: { MILLRACE_JOBS: HOOK_JOBS } });
});
afterAll(() => millrace.stop());

test('hooks for all and hooks of the type note on an attempt that ends well; the type’s own are called last', async () => {
  const job = await run({ type: 'test.hooked', payload: { do: 'succeed' } });
  expect(job).toMatchObject({ status: 'SUCCEEDED', result: 'done' });
  expect(await annotationsOf(job.id)).toEqual([
    { startedBy: 'type', seen: `${job.id}/1`, told: 0.75, finished: 'done', ownFinish: true, byHandler: [1, 2, 3] },
  ]);
  expect(await linesOf(millrace, job.id)).toEqual(['starts with {"do":"succeed"}', 'entered']);
});

test('an attempt that has failed tells its hooks why, each try for itself', async () => {
  const job = await run({ type: 'test.hooked', payload: { do: 'fail' }, retry: { maxAttempts: 2, delay: '1ms' } });
  expect(job).toMatchObject({ status: 'FAILED', reason: { code: 'HANDLER_ERROR' }, attemptCount: 2 });
  const failure = { code: 'HANDLER_ERROR', message: 'as asked', retryable: true };
  expect(await annotationsOf(job.id)).toMatchObject([
    { seen: `${job.id}/1`, failure, ownFailure: true },
    { seen: `${job.id}/2`, failure, ownFailure: true },
  ]);
});

test('what was noted before a halt is kept, and no hook is called for it', async () => {
  const job = await run({ type: 'test.hooked', payload: { do: 'exit' }, maxHalts: 0 });
  expect(job).toMatchObject({ status: 'FAILED', reason: { code: 'HALTED' } });
  const [noted] = await annotationsOf(job.id);
  expect(noted).toMatchObject({ byHandler: [1, 2, 3] });
  expect(Object.keys(noted)).not.toContain('failure');
});

test('a job that was asked to stop ends without a hook', async () => {
  const id = await millrace.create({ type: 'test.hooked', payload: { do: 'wait' } });
  await untilLogged(millrace, id, /entered/);
  await ordersTo(millrace).abort(id, { grace: '60s' });
  expect(await millrace.untilFinal(id)).toMatchObject({
    status: 'ABORTED',
    attempts: { nodes: [{ outcome: 'ABORTED', signal: 'SIGTERM' }] },
  });
  const [noted] = await annotationsOf(id);
  expect(noted).toMatchObject({ startedBy: 'type' });
  expect(Object.keys(noted)).not.toContain('failure');
});

test.each([
  { kind: 'throw', said: [/hook onStart failed: Error: thrown by a hook/, /hook onFinish failed: Error: thrown by a hook/] },
  { kind: 'reject', said: [/hook onFinish failed: Error: rejected by a hook/] },
  { kind: 'noteTooMuch', said: [/annotations would have \d+ bytes of JSON, 16384 are allowed/] },
  { kind: 'noteNoJson', said: [/left out what was to be noted: .*BigInt/] },
])('a hook that does what it should not ($kind) is told in the log and changes nothing', async ({ kind, said }) => {
  const job = await run({ type: 'test.bad-hooks', payload: { kind } });
  expect(job).toMatchObject({ status: 'SUCCEEDED', attemptCount: 1, halts: 0, result: { pid: expect.any(Number) } });
  const log = (await linesOf(millrace, job.id)).join('\n');
  for (const line of said) expect(log).toMatch(line);
  expect((await annotationsOf(job.id))[0]).toMatchObject({ kept: true });
});

test.each(['hang', 'loop', 'exit'])(
  'a hook that keeps or ends its process (%s) costs the process and not the outcome, even past the timeout',
  async (kind) => {
    const job = await run({ type: 'test.bad-hooks', payload: { kind }, timeout: '4s', grace: '100ms', retry: { maxAttempts: 1 } });
    expect(job).toMatchObject({ status: 'SUCCEEDED', attemptCount: 1, halts: 0, failures: 0, result: { pid: expect.any(Number) } });
    expect(isAlive(job.result.pid)).toBe(false);
    const lines = await linesOf(millrace, job.id);
    const isTold = lines.some((line) => /hook on(Start|Finish) has not ended 5 s after the handler/.test(line));
    const [{ startedAt, finishedAt }] = job.attempts.nodes;
    // By the process itself. One that is too slow to say it is ended by its worker, which waits for 10 s.
    const mayBeSilent = Date.parse(finishedAt) - Date.parse(startedAt) >= 10_000;
    expect(isTold || (kind === 'hang' && mayBeSilent)).toBe(kind === 'hang');
    // The next one finds a process.
    expect(await run({ type: 'test.hooked', payload: { do: 'succeed' } })).toMatchObject({ status: 'SUCCEEDED' });
  },
);

const run = async (input: Record<string, unknown>): Promise<any> => millrace.untilFinal(await millrace.create(input));

async function annotationsOf(id: string): Promise<any[]> {
  const { attempts } = await millrace.job(id, 'attempts { nodes { annotations } }');
  return attempts.nodes.map(({ annotations }: { annotations: unknown }) => annotations);
}
