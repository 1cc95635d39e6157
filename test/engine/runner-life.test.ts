import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAlive } from '../../src/process/group.ts';
import { eventually } from './fixtures/eventually.ts';
import { LIFE_JOBS } from './fixtures/paths.ts';
import { workersWhen } from './fixtures/workers.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
beforeAll(async () => {
  millrace = await Millrace.start({
    slots: 1,
    env: { MILLRACE_JOBS: LIFE_JOBS, MILLRACE_RUNNER_ATTEMPTS: '3', MILLRACE_RUNNER_MEMORY: '400MiB' },
  });
});
afterAll(() => millrace.stop());

test('a worker serves what it can where a module ends its process and a warm-up fails, and says so', async () => {
  const [worker] = await workersWhen(millrace, 'default');
  expect(worker).toMatchObject({ status: 'RUNNING', jobTypes: ['test.cannot-warm', 'test.cold', 'test.grow', 'test.warm'] });
  expect(worker.problems).toEqual([
    expect.stringMatching(/^exits\.ts: the process ended by exit code 3 while it was loaded/),
    expect.stringMatching(/^cannot-warm\.ts: its warmUp failed: no warmth, as asked/),
  ]);
  expect(millrace.role('worker').log()).toMatch(/exits\.ts: the process ended by exit code 3/);
  expect(await result('test.cannot-warm')).toBe('served');
});

test('a type is warmed up once in each runner, and a runner is replaced after its number of attempts', async () => {
  const seen: { pid: number; warmUps: number; runs: number }[] = [];
  // Runners that the tests before have used make the first group shorter.
  while (seen.length < 9) seen.push(await result('test.warm'));
  expect(seen.map(({ warmUps }) => warmUps)).toEqual(Array(9).fill(1));
  const pids = [...new Set(seen.map(({ pid }) => pid))];
  const runsIn = pids.map((pid) => seen.filter((one) => one.pid === pid).length);
  expect(runsIn.slice(1, -1)).toEqual(Array(runsIn.length - 2).fill(3));
  expect(Math.max(...runsIn)).toBe(3);
  await eventually('runners that were replaced are gone', () => pids.slice(0, -1).every((pid) => !isAlive(pid)));
});

test('a type without reuse gets a process that has run nothing, and leaves none behind that runs something', async () => {
  const first = await result('test.cold');
  const second = await result('test.cold');
  expect([first.before, second.before]).toEqual([0, 0]);
  expect(second.pid).not.toBe(first.pid);
  const warm = await result('test.warm');
  expect(warm.runs).toBe(1);
  // One that has been used before makes room.
  const third = await result('test.cold');
  expect(third.pid).not.toBe(warm.pid);
  expect(third.before).toBe(0);
  await eventually('what was used once is gone', () => [first, second, third].every(({ pid }) => !isAlive(pid)));
});

test('a runner that holds too much memory after an attempt is replaced', async () => {
  const fat = await result('test.grow', { mib: 450 });
  const next = await result('test.grow', { mib: 1 });
  expect(next.pid).not.toBe(fat.pid);
  await eventually('the large one is gone', () => !isAlive(fat.pid));
});

test('a worker whose runners cannot start any more shows why, takes nothing, and goes on when they can', async () => {
  const jobsDir = folder({ 'sleep.mjs': `export { default } from ${JSON.stringify(SLEEP)};` });
  await millrace.startRole('worker', 'frail', { MILLRACE_POOL: 'frail', MILLRACE_JOBS: jobsDir, MILLRACE_RUNNER_ATTEMPTS: '1' });
  // The first has loaded what was there; its successor meets this.
  writeFileSync(join(jobsDir, 'sleep.mjs'), 'process.exit(4);');
  expect(await run({ type: 'sleep', payload: { ms: 0 }, pool: 'frail' })).toMatchObject({ status: 'SUCCEEDED' });
  const [worker] = await workersWhen(millrace, 'frail', ([one]) => one?.problems.length > 0);
  expect(worker.problems).toEqual([expect.stringMatching(/^sleep\.mjs: the process ended by exit code 4 while it was loaded/)]);
  expect(worker).toMatchObject({ status: 'RUNNING', jobTypes: ['sleep'] });

  const id = await millrace.create({ type: 'sleep', payload: { ms: 0 }, pool: 'frail' });
  writeFileSync(join(jobsDir, 'sleep.mjs'), `export { default } from ${JSON.stringify(SLEEP)};`);
  expect(await millrace.untilFinal(id, 50_000)).toMatchObject({ status: 'SUCCEEDED', attemptCount: 1, halts: 0, failures: 0 });
  await workersWhen(millrace, 'frail', ([one]) => one?.problems.length === 0);
});

test('a worker with nothing to run is there, says why, and takes no attempt', async () => {
  const jobsDir = folder({ 'only.mjs': 'process.exit(5);' });
  await millrace.startRole('worker', 'empty', { MILLRACE_POOL: 'empty', MILLRACE_JOBS: jobsDir });
  const [worker] = await workersWhen(millrace, 'empty');
  expect(worker).toMatchObject({ status: 'RUNNING', jobTypes: [], problems: [expect.stringMatching(/^only\.mjs: .*exit code 5/)] });
  const id = await millrace.create({ type: 'test.warm', pool: 'empty', payload: {}, queueTimeout: '2s' });
  expect(await millrace.untilFinal(id)).toMatchObject({ status: 'FAILED', reason: { code: 'QUEUE_TIMEOUT' }, attemptCount: 0 });
});

const folders: string[] = [];
function folder(files: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-jobs-'));
  folders.push(dir);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}
afterAll(() => folders.forEach((dir) => rmSync(dir, { recursive: true, force: true })));

async function run(input: Record<string, unknown>): Promise<any> {
  return millrace.untilFinal(await millrace.create(input));
}

async function result(type: string, payload: object = {}): Promise<any> {
  const job = await run({ type, payload });
  expect(job).toMatchObject({ status: 'SUCCEEDED', attemptCount: 1 });
  return job.result;
}

const SLEEP = fileURLToPath(new URL('../../jobs/sleep.ts', import.meta.url));
