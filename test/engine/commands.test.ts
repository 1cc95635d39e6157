import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAlive } from '../../src/process/group.ts';
import { eventually } from './fixtures/eventually.ts';
import { linesOf, ordersTo, untilLogged } from './fixtures/orders.ts';
import { COMMANDS, HOOK_JOBS } from './fixtures/paths.ts';
import { workersWhen } from './fixtures/workers.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
beforeAll(async () => {
  millrace = await Millrace.start({
    slots: 1,
    env: { MILLRACE_JOBS: HOOK_JOBS, MILLRACE_FILE: COMMANDS, TEST_SECRET: 'of the worker', TEST_OTHER_SECRET: 'not listed' },
  });
});
afterAll(() => millrace.stop());

test.each([
  '; touch /tmp/millrace-was-here',
  '$(id) `id` ${HOME} && id | id > x',
  `quotes ' " and \\ and\nlines`,
  '{{payload.text}} {{env.TEST_OTHER_SECRET}}',
  '--version',
  '',
])('an argument is one argument, whatever the payload holds: %j', async (text) => {
  const job = await run({ type: 'say.arguments', payload: { text } });
  expect(job).toMatchObject({ status: 'SUCCEEDED', result: { exitCode: 0 }, attemptCount: 1 });
  const [line] = await linesOf(millrace, job.id);
  const said = JSON.parse(line!);
  expect(said.args).toEqual([text, `<${text}|${text}>`, `${job.id}/1`]);
  expect(said.cwd).toBe(dirname(COMMANDS));
  // In the runner's group: what ends that ends the program.
  expect(said.group).toBe(String(job.attempts.nodes[0].pid));
  expect(said.env).toMatchObject({
    TEXT: `is ${text}`,
    SECRET_OF_WORKER: 'of the worker',
    MILLRACE_JOB_ID: job.id,
    MILLRACE_ATTEMPT: '1',
    PATH: expect.any(String),
  });
  expect(Object.keys(said.env)).not.toContain('TEST_OTHER_SECRET');
  expect(Object.keys(said.env)).not.toContain('TEMPORAL_ADDRESS');
});

test('a payload is checked by the JSON Schema of the command before the job is created', async () => {
  await expect(millrace.create({ type: 'say.arguments', payload: { text: 5 } })).rejects.toThrow('BAD_PAYLOAD');
  await expect(millrace.create({ type: 'say.arguments', payload: { text: 'x', more: 1 } })).rejects.toThrow('BAD_PAYLOAD');
  await expect(millrace.create({ type: 'say.arguments' })).rejects.toThrow('BAD_PAYLOAD');
});

test.each([[{}], [{ text: ['a', 'b'] }], [{ text: null }], [{ text: 'a\u0000b' }], ['text']])(
  'where the schema lets it pass, a value that cannot be an argument fails the job: %j',
  async (payload) => {
    const job = await run({ type: 'say.loose', payload });
    expect(job).toMatchObject({ status: 'FAILED', reason: { code: 'BAD_PAYLOAD' }, attemptCount: 1, error: { retryable: false } });
    expect(job.error.message).toContain('payload.text');
  },
);

test.each([
  { how: '3', message: 'exit code 3', attemptCount: 2, retryable: true },
  { how: '64', message: 'exit code 64', attemptCount: 1, retryable: false },
  { how: 'signal', message: 'SIGKILL', attemptCount: 2, retryable: true },
])('a command that ends by $how has failed, and is tried again unless its exit code is final', async ({ how, message, ...rest }) => {
  const job = await run({ type: 'end.by', payload: { how } });
  const { attemptCount, retryable } = rest;
  expect(job).toMatchObject({ status: 'FAILED', reason: { code: 'HANDLER_ERROR' }, attemptCount, error: { retryable }, halts: 0 });
  expect(job.error.message).toContain(message);
  expect(await linesOf(millrace, job.id)).toEqual(['ends']);
});

test.each([
  { type: 'not.there', why: /"no-such-program-anywhere" cannot be started: there is no such program/ },
  { type: 'not.here', why: /"node" cannot be started: there is no folder .*no-such-folder/ },
])('a program that cannot be started fails the job at once, by name: $type', async ({ type, why }) => {
  const job = await run({ type });
  expect(job).toMatchObject({ status: 'FAILED', reason: { code: 'HANDLER_ERROR' }, attemptCount: 1, error: { retryable: false } });
  expect(job.error.message).toMatch(why);
});

test('a command that is aborted is killed with all that it has started', async () => {
  const id = await millrace.create({ type: 'run.long', payload: { how: 'wait' } });
  const sleeper = Number((await untilLogged(millrace, id, /^started/)).split(' ')[1]);
  expect(isAlive(sleeper)).toBe(true);
  await ordersTo(millrace).abort(id);
  const job = await millrace.untilFinal(id);
  expect(job).toMatchObject({ status: 'ABORTED', attempts: { nodes: [{ outcome: 'ABORTED', signal: 'SIGKILL' }] } });
  expect(job.attempts.nodes[0].killedPids.length).toBeGreaterThanOrEqual(3);
  expect(isAlive(sleeper)).toBe(false);
});

test('what a command leaves behind when it ends is killed', async () => {
  const job = await run({ type: 'run.long', payload: { how: 'leave' } });
  expect(job.status).toBe('SUCCEEDED');
  const [line] = await linesOf(millrace, job.id);
  const sleeper = Number(line!.split(' ')[1]);
  await eventually('the process that was left behind is gone', () => !isAlive(sleeper));
});

test('what is not on the list cannot run, and a mistake in the list is told with its place while the rest is served', async () => {
  await expect(millrace.create({ type: 'wrong.program', payload: { program: 'id' } })).rejects.toThrow('UNKNOWN_TYPE');
  await expect(millrace.create({ type: 'echo', payload: {} })).rejects.toThrow('UNKNOWN_TYPE');
  const [worker] = await workersWhen(millrace, 'default');
  expect(worker.jobTypes).toEqual([
    'test.bad-hooks',
    'test.hooked',
    'say.arguments',
    'say.loose',
    'end.by',
    'not.there',
    'not.here',
    'run.long',
  ]);
  expect(worker.problems).toEqual([
    expect.stringMatching(/millrace\.yaml:40:15: commands\.wrong\.program\.command\.0: the program is fixed/),
    expect.stringMatching(/millrace\.yaml:42:21: commands\.wrong\.template\.command\.1: "\{\{secret\.key\}\}" is no template/),
    expect.stringMatching(/millrace\.yaml:45:14: commands\.wrong\.schema\.payload: no JSON Schema/),
    expect.stringMatching(/millrace\.yaml:47:5: commands\.wrong\.field: .*comand/),
    expect.stringMatching(/millrace\.yaml:51:26: commands\.wrong\.defaults\.defaults\.timeout: no duration/),
  ]);
});

test('hooks hold for commands as for any type', async () => {
  const job = await run({ type: 'say.loose', payload: { text: 'hooked' } });
  const { attempts } = await millrace.job(job.id, 'attempts { nodes { annotations } }');
  expect(attempts.nodes).toEqual([{ annotations: { startedBy: 'all', seen: `${job.id}/1`, finished: { exitCode: 0 } } }]);
});

const run = async (input: Record<string, unknown>): Promise<any> => millrace.untilFinal(await millrace.create(input));
