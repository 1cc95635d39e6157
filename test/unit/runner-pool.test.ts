import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test, type TestContext, vi } from 'vitest';
import { isAlive } from '../../src/process/group.ts';
import { RunnerPool } from '../../src/worker/runner-pool.ts';
import { Runner } from '../../src/worker/runner.ts';
import { supervisor } from './fixtures/supervisor.ts';
import { eventually } from '../engine/fixtures/eventually.ts';

// Some wait for what must not end.
vi.setConfig({ testTimeout: 60_000 });
const dir = mkdtempSync(join(tmpdir(), 'millrace-pool-'));
const worker = supervisor();
afterAll(() => {
  worker.guardian.stop();
  rmSync(dir, { recursive: true, force: true });
});

let folders = 0;
/** A pool of real runners over these modules, with what it said; stopped with its test. */
function poolOf(
  modules: Record<string, string>,
  options: { slots?: number; maxAttempts?: number; loadMs?: number } = {},
  finished: TestContext['onTestFinished'] = onTestFinished,
) {
  const jobsDir = join(dir, String(++folders));
  const { slots = 1, maxAttempts = 0, loadMs = 60_000 } = options;
  mkdirOf(jobsDir, modules);
  const said: string[] = [];
  let forks = 0;
  const pool = new RunnerPool({
    slots,
    maxAttempts,
    maxMemoryBytes: undefined,
    onProblem: (message) => said.push(message),
    fork: (skip) => {
      forks += 1;
      return new Runner({ ...worker, jobsDir, skip, heapBytes: 64 * 2 ** 20, cacheDir: dir, loadMs });
    },
  });
  finished(() => pool.stop());
  return { pool, said, jobsDir, forks: () => forks };
}

// Side by side: each waits for a bound to pass.
describe.concurrent('what never ends', () => {
  test('a module that never ends to load is ended, named and left out; the others are served', async ({ onTestFinished: finished }) => {
    const { pool, said, forks } = poolOf({ 'a.mjs': 'for (;;);', 'b.mjs': typeOf('b') }, { loadMs: SHORT_MS }, finished);
    await pool.loaded;
    expect(pool.types.map(({ name }) => name)).toEqual(['b']);
    expect(pool.problems).toEqual(['a.mjs: not loaded within 15 s, the process was killed']);
    expect(said).toEqual(pool.problems);
    expect(forks()).toBe(2);
  });

  test('a module that waits for what never comes is one that never ends', async ({ onTestFinished: finished }) => {
    const { pool } = poolOf(
      { 'a.mjs': 'setInterval(() => {}, 1e6); await new Promise(() => {});', 'b.mjs': typeOf('b') },
      { loadMs: SHORT_MS },
      finished,
    );
    await pool.loaded;
    expect(pool.problems).toEqual(['a.mjs: not loaded within 15 s, the process was killed']);
  });

  test('a warm-up that never ends is told, and its type is served', async ({ onTestFinished: finished }) => {
    const warmUp = 'warmUp: () => new Promise(() => {}),';
    const { pool } = poolOf({ 'a.mjs': typeOf('a', warmUp) }, {}, finished);
    const { types, problems } = await pool.loaded;
    expect(types.map(({ name }) => name)).toEqual(['a']);
    expect(problems).toEqual(['a.mjs: its warmUp has not ended within 10 s']);
  });
});

test('several modules that end the process are left out one after the other, with what they have said', async () => {
  const modules = {
    'a.mjs': 'console.error("no database"); process.exit(2);',
    'b.mjs': typeOf('b'),
    'c.mjs': 'process.kill(process.pid, "SIGKILL");',
    'd.mjs': 'throw new Error("thrown");',
    'e.mjs': 'setTimeout(() => { throw new Error("later") }); await new Promise((resolve) => setTimeout(resolve, 60_000));',
  };
  const { pool } = poolOf(modules, { slots: 2 });
  await pool.loaded;
  expect(pool.types.map(({ name }) => name)).toEqual(['b']);
  expect(pool.problems).toEqual([
    'a.mjs: the process ended by exit code 2 while it was loaded: no database',
    'c.mjs: the process ended by SIGKILL while it was loaded',
    expect.stringMatching(/^e\.mjs: the process ended by exit code 1 while it was loaded: Error: later/),
    'd.mjs: thrown',
  ]);
});

test('where no runner can start at all, it is settled after a few, and tried again with longer and longer pauses', async () => {
  const { pool, said, forks } = poolOf({ 'a.mjs': typeOf('a') });
  await pool.loaded;
  const broken = new RunnerPool({
    slots: 1,
    maxAttempts: 0,
    maxMemoryBytes: undefined,
    onProblem: (message) => said.push(message),
    fork: () => new Runner({ ...worker, jobsDir: '', heapBytes: 0, cacheDir: dir, loadMs: 1 }),
  });
  onTestFinished(() => broken.stop());
  await broken.settled;
  expect(broken.isReady).toBe(false);
  expect(broken.slotSupplier.tryReserveSlot({} as never)).toBeNull();
  expect(broken.problems).toEqual([expect.stringMatching(/^a runner: not loaded within 0\.001 s/)]);
  expect(said.length).toBeGreaterThanOrEqual(3);
  expect(forks()).toBe(1);
});

test('a process that the system refuses to start is a failed start: told, and tried again', async () => {
  const said: string[] = [];
  // Longer than an argument may be.
  const commandsFile = 'x'.repeat(200_000);
  const pool = new RunnerPool({
    slots: 1,
    maxAttempts: 0,
    maxMemoryBytes: undefined,
    onProblem: (message) => said.push(message),
    fork: () => new Runner({ ...worker, commandsFile, jobsDir: dir, heapBytes: 64 * 2 ** 20, cacheDir: dir }),
  });
  onTestFinished(() => pool.stop());
  await pool.settled;
  expect(pool.isReady).toBe(false);
  expect(pool.problems).toEqual(['a runner: its process could not be started: spawn E2BIG']);
  expect(said).toEqual(Array(3).fill(pool.problems[0]));
});

test('a runner for one attempt loads the file of its type, and those that have no type, and no other', async () => {
  const { pool } = poolOf({
    'a.mjs': typeOf('a'),
    'b.mjs': typeOf('b', 'warmUp: () => { throw new Error("not needed"); },'),
    'c.mjs': 'throw new Error("of no type");',
  });
  expect((await pool.loaded).problems).toEqual(['b.mjs: its warmUp failed: not needed', 'c.mjs: of no type']);
  const single = await pool.leaseSingle('a', 64 * 2 ** 20);
  const { types, problems } = await single.ready;
  expect(types.map(({ name }) => name)).toEqual(['a']);
  expect(problems).toEqual(['c.mjs: of no type']);
  pool.giveBack(single, true);
  await single.exited;
});

test('a warm-up that never ends is told, and its type is served', async () => {
  const warmUp = 'warmUp: () => new Promise(() => {}),';
  const { pool } = poolOf({ 'a.mjs': typeOf('a', warmUp) });
  const { types, problems } = await pool.loaded;
  expect(types.map(({ name }) => name)).toEqual(['a']);
  expect(problems).toEqual(['a.mjs: its warmUp has not ended within 10 s']);
});

test('a runner in its last attempt has its successor, and takes no other', async () => {
  const { pool } = poolOf({ 'a.mjs': typeOf('a') }, { maxAttempts: 2 });
  await pool.loaded;
  const first = await pool.lease('a');
  pool.giveBack(first, true);
  expect(await pool.lease('a')).toBe(first);
  await eventually('the successor is forked while it works', () => pool.size === 2);
  pool.giveBack(first, true);
  const second = await pool.lease('a');
  expect(second.pid).not.toBe(first.pid);
  await first.exited;
  expect(isAlive(first.pid)).toBe(false);
  pool.giveBack(second, true);
});

test('there are never more permits than slots, also while a runner has its successor', async () => {
  const { pool } = poolOf({ 'a.mjs': typeOf('a') }, { maxAttempts: 1 });
  await pool.loaded;
  const supplier = pool.slotSupplier;
  expect(supplier.tryReserveSlot({} as never)).not.toBeNull();
  const only = await pool.lease('a');
  await eventually('the successor is ready', () => pool.readyCount === 1);
  expect(supplier.tryReserveSlot({} as never)).toBeNull();
  pool.giveBack(only, true);
  supplier.releaseSlot({} as never);
  expect(supplier.tryReserveSlot({} as never)).not.toBeNull();
});

test('a type without reuse is given a fresh runner although others have just been used, two at a time', async () => {
  const { pool } = poolOf({ 'a.mjs': typeOf('a'), 'cold.mjs': typeOf('cold', 'reuse: false,') }, { slots: 2 });
  await pool.loaded;
  await eventually('both are ready', () => pool.readyCount === 2);
  const used = await Promise.all([pool.lease('a'), pool.lease('a')]);
  for (const runner of used) pool.giveBack(runner, true);
  const cold = await Promise.all([pool.lease('cold'), pool.lease('cold')]);
  expect(new Set([...used, ...cold].map(({ pid }) => pid)).size).toBe(4);
  for (const runner of cold) pool.giveBack(runner, true);
  await Promise.all([...used, ...cold].map(({ exited }) => exited));
  await eventually('two are there again', () => pool.readyCount === 2 && pool.size === 2);
});

/** Longer than Node itself takes to start on a busy machine. */
const SHORT_MS = 15_000;

const typeOf = (name: string, more = ''): string =>
  `import { z } from ${JSON.stringify(import.meta.resolve('zod'))};
  export default { name: '${name}', payload: z.strictObject({}), ${more} run: () => null };`;

function mkdirOf(folder: string, modules: Record<string, string>): void {
  mkdirSync(folder);
  for (const [name, text] of Object.entries(modules)) writeFileSync(join(folder, name), text);
}
