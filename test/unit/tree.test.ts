import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { isAlive } from '../../src/process/group.ts';
import { startGuardian } from '../../src/process/guardian.ts';
import { asEnv, carries, markIn, ofRunner, ofWorker, ofWorkerProcess } from '../../src/process/mark.ts';
import { parseStat, readStat } from '../../src/process/proc.ts';
import { askTree, killTree, membersOf, type Tree } from '../../src/process/tree.ts';
import { eventually } from '../engine/fixtures/eventually.ts';

const started: { tree: Tree }[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map(({ tree }) => killTree({ ...tree, isGone: false })));
});

/** A shell that leads a session of its own, and the pids it says. */
async function shell(script: string, env: Record<string, string> = {}, says = 1): Promise<{ tree: Tree; pids: number[] }> {
  const mark = ofRunner(ofWorkerProcess(randomUUID()));
  const child = spawn('/bin/sh', ['-c', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], ...asEnv(mark), ...env },
  });
  const tree: Tree = { pid: child.pid!, mark, since: Number(readStat(child.pid!)!.startTime), known: new Map() };
  started.push({ tree });
  let said = '';
  while (said.trim().split('\n').filter(Boolean).length < says) said += String((await once(child.stdout!, 'data'))[0]);
  return { tree, pids: said.trim().split('\n').map(Number) };
}

const REST = `trap '' TERM; while :; do sleep 1000; done`;
/** Its child, a grandchild in a session of its own, and one whose parent is gone: all in the end say who they are. */
const FAMILY = `sh -c "echo \\$\\$; ${REST}" & setsid sh -c "echo \\$\\$; ${REST}" & setsid sh -c 'sh -c "echo \\$\\$; ${REST}" & exit 0'; ${REST}`;

describe('a tree', () => {
  test('has its group, what descends from it, and whoever carries its mark, and nobody else', async () => {
    const [{ tree, pids }, other] = await Promise.all([shell(FAMILY, {}, 3), shell(`echo $$; ${REST}`)]);
    const found = membersOf(tree).map(({ pid }) => pid);
    expect(found).toEqual(expect.arrayContaining([tree.pid, ...pids]));
    expect(found).not.toContain(process.pid);
    expect(found).not.toContain(other.pids[0]);
  });

  test('is killed as a whole, and all that was killed is named; others live on', async () => {
    const [{ tree, pids }, other] = await Promise.all([shell(FAMILY, {}, 3), shell(`echo $$; ${REST}`)]);
    const killed = await killTree(tree);
    expect([...killed]).toEqual(expect.arrayContaining([tree.pid, ...pids]));
    expect([tree.pid!, ...pids].filter(isAlive)).toEqual([]);
    expect(membersOf(tree)).toEqual([]);
    expect(isAlive(other.pids[0]!)).toBe(true);
  });

  test('is killed although its first process is gone, also where only its mark is known', async () => {
    const { tree, pids } = await shell(`setsid sh -c "echo \\$\\$; ${REST}" & exit 0`);
    await eventually('the first is gone', () => !isAlive(tree.pid!));
    await killTree({ mark: tree.mark, known: new Map() });
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('spares what carries the mark that is not meant', async () => {
    const worker = randomUUID();
    const [old, present] = [ofWorkerProcess(worker), ofWorkerProcess(worker)];
    const [left, running] = await Promise.all([old, present].map((mark) => shell(`echo $$; ${REST}`, asEnv(ofRunner(mark)))));
    await killTree({ mark: ofWorker(worker), but: present, known: new Map() });
    expect(isAlive(left!.pids[0]!)).toBe(false);
    expect(isAlive(running!.pids[0]!)).toBe(true);
  });

  test('knows one again that has thrown off its environment, its session and its parent', async () => {
    const { tree, pids } = await shell(`env -i setsid sh -c 'sh -c "echo \\$\\$; ${REST}" & exec sleep 1000'`);
    const [pid] = pids;
    const { startTime, parent } = readStat(pid!)!;
    tree.known.set(pid!, startTime);
    process.kill(parent, 'SIGKILL');
    await eventually('its parent is gone', () => readStat(pid!)?.parent !== parent);
    await killTree(tree);
    expect(isAlive(pid!)).toBe(false);
  });

  test('is not somebody else who has got the number of one that was seen before', async () => {
    const { tree, pids } = await shell(`echo $$; ${REST}`);
    const stranger: Tree = { mark: ofRunner(ofWorkerProcess(randomUUID())), known: new Map([[pids[0]!, 'another time']]) };
    expect(membersOf(stranger)).toEqual([]);
    await killTree(tree);
  });

  test('hears a SIGTERM although it is stopped', async () => {
    const { tree, pids } = await shell(`trap 'exit 0' TERM; echo $$; while :; do sleep 0.05; done`);
    process.kill(pids[0]!, 'SIGSTOP');
    await eventually('it is stopped', () => readStat(pids[0]!)?.state === 'T');
    expect([...askTree(tree)]).toContain(pids[0]);
    await eventually('it has ended', () => !isAlive(pids[0]!));
  });
});

describe('the guardian', () => {
  test('kills the groups it was told of and whoever carries its mark when its pipe ends, and nobody else', async () => {
    const worker = ofWorkerProcess(randomUUID());
    const guardian = startGuardian(worker);
    const [marked, unmarked, forgotten, other] = await Promise.all([
      shell(FAMILY, asEnv(ofRunner(worker)), 3),
      shell(`echo $$; ${REST}`),
      shell(`echo $$; ${REST}`),
      shell(`echo $$; ${REST}`),
    ]);
    for (const { tree } of [unmarked, forgotten]) guardian.watch(tree.pid!);
    guardian.forget(forgotten.tree.pid!);
    guardian.stop();
    const all = [marked.tree.pid!, ...marked.pids, ...unmarked.pids];
    await eventually(
      () => `all are dead; alive are ${all.filter(isAlive).join(', ')}`,
      () => !all.some(isAlive),
    );
    expect([...forgotten.pids, ...other.pids].filter(isAlive)).toHaveLength(2);
  });
});

test('a mark is found in an environment, and only as a variable of its own', () => {
  const mark = ofRunner(ofWorkerProcess('host-1'));
  const [[name, value]] = Object.entries(asEnv(mark)) as [[string, string]];
  expect(markIn(`A=1\0${name}=${value}\0B=2\0`)).toBe(mark);
  expect(markIn(`${name}=${value}\0`)).toBe(mark);
  expect(markIn(`X${name}=${value}\0A=1\0`)).toBeUndefined();
  expect(markIn('')).toBeUndefined();
  expect(carries(`A=1\0${mark}\0`, ofWorker('host-1'))).toBe(true);
  expect(carries(`A=1\0${mark}\0`, ofWorker('host-11'))).toBe(false);
  expect(carries(`A=${mark}\0`, mark)).toBe(false);
});

test('a process may have any name', () => {
  const fields = Array.from({ length: 49 }, (_, index) => String(index + 4));
  expect(parseStat(7, `7 (a) R (b) S ${fields.join(' ')}\n`)).toMatchObject({
    pid: 7,
    state: 'S',
    parent: 4,
    group: 5,
    session: 6,
    childFaults: 11,
    cpuMs: 10 * (14 + 15),
    childCpuMs: 10 * (16 + 17),
    startTime: '22',
    rssBytes: 24 * 4096,
  });
});
