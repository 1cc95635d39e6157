import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PRODUCT_DEFAULTS } from '../../src/job/spec.ts';
import type { AttemptSample } from '../../src/journal/entries.ts';
import { asEnv, ofRunner, ofWorkerProcess } from '../../src/process/mark.ts';
import { readStat } from '../../src/process/proc.ts';
import { killTree, type Tree } from '../../src/process/tree.ts';
import { Meter } from '../../src/worker/meter.ts';
import { eventually } from '../engine/fixtures/eventually.ts';

const MIB = 2 ** 20;
const none = PRODUCT_DEFAULTS.options.limits;
const attempt = { jobId: 'a', number: 1, limits: none };

const groups = new Set<number>();
let meter: Meter;
const trees: Tree[] = [];
const samples: AttemptSample[] = [];
beforeEach(() => {
  meter = new Meter({ watch: (group) => groups.add(group), forget: (group) => groups.delete(group) });
  samples.length = 0;
  meter.start((some) => samples.push(...some));
});
afterEach(async () => {
  meter.stop();
  await Promise.all(trees.splice(0).map((tree) => killTree(tree)));
  groups.clear();
});

/** A process that leads a session, metered; resolves when it has said something. */
async function start(command: string, ...args: string[]): Promise<Tree> {
  const mark = ofRunner(ofWorkerProcess('test'));
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], ...asEnv(mark) },
  });
  const tree: Tree = { pid: child.pid!, mark, known: new Map() };
  trees.push(tree);
  meter.add(tree);
  await once(child.stdout!, 'data');
  return tree;
}
const shell = (script: string): Promise<Tree> => start('/bin/sh', '-c', script);
const holder = (mib: number): string =>
  `const kept = Array.from({ length: ${mib} }, () => Buffer.alloc(2 ** 20, 1)); console.log(kept.length); setInterval(() => kept.length, 1e3);`;

test('memory of all of a tree counts, also of what has moved to another session', async () => {
  const tree = await shell(`setsid "${process.execPath}" -e '${holder(200)}' & sleep 1000`);
  const gauge = meter.follow(tree, attempt);
  await eventually('the gauge has seen it', () => {
    gauge.note();
    return tree.known.size >= 3;
  });
  expect(gauge.stop()!.peakMemoryBytes).toBeGreaterThan(200 * MIB);
});

test('the CPU time of children that have ended counts, and never falls', async () => {
  const burn = 'i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done';
  const tree = await shell(`echo; for n in 1 2 3; do sh -c "${burn.replaceAll('$', '\\$')}"; done; sleep 1000`);
  const gauge = meter.follow(tree, attempt);
  await eventually('all three have ended', () => (readStat(tree.pid!)?.childCpuMs ?? 0) > 0 && tree.known.size === 2);
  await eventually('there are samples', () => samples.length >= 2);
  const { childCpuMs } = readStat(tree.pid!)!;
  expect(gauge.stop()!.cpuSeconds * 1_000).toBeGreaterThanOrEqual(childCpuMs - 10);
  const seen = samples.map(({ cpuSeconds }) => cpuSeconds);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
});

test('an attempt counts from its own beginning', async () => {
  const tree = await shell('i=0; while [ $i -lt 500000 ]; do i=$((i + 1)); done; echo; sleep 1000');
  const { cpuMs } = readStat(tree.pid!)!;
  expect(cpuMs).toBeGreaterThan(50);
  expect(meter.follow(tree, attempt).stop()!.cpuSeconds * 1_000).toBeLessThan(cpuMs);
});

test.each([
  ['MEMORY_LIMIT', { memoryBytes: 30 * MIB }, holder(50)],
  ['CPU_LIMIT', { cpuSeconds: 0.2 }, 'console.log(1); for (;;);'],
  ['CPU_LIMIT', { cpuPercent: 5 }, 'console.log(1); for (;;);'],
])('%s is told when %j is passed', async (code, limits, script) => {
  const tree = await start(process.execPath, '-e', script);
  const gauge = meter.follow(tree, { ...attempt, limits: { ...none, ...limits } });
  expect(await gauge.exceeded).toMatchObject({ kind: 'exceeded', code });
  gauge.stop();
});

test('a sample a second tells memory and the share of a core', async () => {
  const tree = await start(process.execPath, '-e', 'console.log(1); for (;;);');
  const gauge = meter.follow(tree, attempt);
  await eventually('there are three', () => samples.length >= 3);
  gauge.stop();
  expect(samples.every(({ memoryBytes, cpuPercent }) => memoryBytes > 20 * MIB && cpuPercent >= 0 && cpuPercent < 400)).toBe(true);
  // Not each of them: it may have had no CPU for a second.
  expect(samples.some(({ cpuPercent }) => cpuPercent > 0)).toBe(true);
  const pauses = samples.slice(1).map(({ at }, index) => at - samples[index]!.at);
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(900);
});

test('groups of their own that members move to are told, and told again when nobody is left there', async () => {
  const tree = await shell('echo; setsid sleep 1000 & wait; sleep 1000');
  await eventually('a group is told', () => groups.size === 1);
  const [group] = groups;
  expect(readStat(group!)).toMatchObject({ group, session: group });
  process.kill(-group!, 'SIGKILL');
  await eventually('it is told again', () => groups.size === 0);
  expect(readStat(tree.pid!)).toBeDefined();
});

test('the worker’s own figures hold all its trees, and go on where one is gone', async () => {
  const before = meter.usage();
  const tree = await start(process.execPath, '-e', holder(100));
  await eventually('it holds the tree', () => meter.usage().memoryBytes! > before.memoryBytes! + 100 * MIB);
  await killTree(tree);
  meter.remove(tree);
  const after = meter.usage();
  expect(after.memoryBytes).toBeLessThan(before.memoryBytes! + 100 * MIB);
  expect(after.cpuPercent).toBeGreaterThanOrEqual(0);
});
