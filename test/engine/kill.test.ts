import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { isAlive } from '../../src/process/group.ts';
import { listPids, readStat } from '../../src/process/proc.ts';
import { eventually } from './fixtures/eventually.ts';
import { type Orders, ordersTo, untilLogged } from './fixtures/orders.ts';
import { TEST_JOBS } from './fixtures/paths.ts';
import { stillThere, untilNothingIsThere } from './fixtures/there.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
let orders: Orders;
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: TEST_JOBS } });
  orders = ordersTo(millrace);
});
// No zombie, whatever was killed.
afterEach(() =>
  eventually(
    () => `the worker has no zombies; it has ${zombiesOf(millrace.role('worker').pid).join(', ')}`,
    () => zombiesOf(millrace.role('worker').pid).length === 0,
  ),
);
afterAll(() => millrace.stop());

test.each(['inALoop', 'inNativeCode', 'asleep', 'behindAChild', 'stopped'])('a runner that is stuck %s dies by an abort', async (how) => {
  const id = await millrace.create({ type: 'test.stuck', payload: { how } });
  await untilLogged(millrace, id, /^here$/);
  const { attempts } = await millrace.until(id, 'RUNNING');
  const { pid } = attempts.nodes[0];
  if (how === 'stopped') await eventually('it is stopped', () => readStat(pid)?.state === 'T');
  const members = how === 'behindAChild' ? await shellOf(pid) : [];

  await orders.abort(id, { grace: '200ms' });
  const job = await millrace.untilFinal(id);
  expect(stillAlive([pid, ...members])).toEqual([]);
  expect(job).toMatchObject({ status: 'ABORTED', attempts: { nodes: [{ outcome: 'ABORTED', signal: 'SIGKILL' }] } });
  expect(job.attempts.nodes[0].killMs).toBeGreaterThanOrEqual(200);
  expect(job.attempts.nodes[0].killedPids).toEqual(expect.arrayContaining([pid, ...members]));
  await untilNothingIsThere([pid, ...members]);
});

test('a stopped runner that listens is let go on to hear SIGTERM, and ends by it', async () => {
  const id = await millrace.create({ type: 'test.linger', payload: { cleanUpMs: 0 } });
  await untilLogged(millrace, id, /^here$/);
  const { pid } = (await millrace.until(id, 'RUNNING')).attempts.nodes[0];
  process.kill(pid, 'SIGSTOP');
  await eventually('it is stopped', () => readStat(pid)?.state === 'T');
  await orders.abort(id, { grace: '30s' });
  const job = await millrace.untilFinal(id);
  expect(job.attempts.nodes).toMatchObject([{ outcome: 'ABORTED', signal: 'SIGTERM', killedPids: [pid] }]);
  expect(await untilLogged(millrace, id, /^cleaned up$/)).toBeTruthy();
});

const KINDS = ['inTheGroup', 'inItsOwnSession', 'orphaned', 'nameless'];

test('an abort kills all that a handler has started, wherever it has moved to, and the receipt names each', async () => {
  const id = await millrace.create({ type: 'test.kin', payload: { kinds: KINDS } });
  const pids = await kinOf(id);
  expect(stillAlive(pids)).toHaveLength(5);
  await orders.abort(id, { grace: '100ms' });
  const job = await millrace.untilFinal(id);
  expect(stillAlive(pids)).toEqual([]);
  expect(job.attempts.nodes[0].killedPids).toEqual(expect.arrayContaining(pids));
  await untilNothingIsThere(pids);
});

test('what a handler leaves behind at its end is killed before the job is SUCCEEDED, and its runner serves no other', async () => {
  const id = await millrace.create({ type: 'test.kin', payload: { kinds: KINDS, end: 'return' } });
  const job = await millrace.untilFinal(id);
  const { runner, pids } = job.result;
  expect(stillAlive([runner, ...pids])).toEqual([]);
  expect(job).toMatchObject({ status: 'SUCCEEDED', attemptCount: 1 });
  expect(job.attempts.nodes[0].killedPids).toEqual(expect.arrayContaining([runner, ...pids]));
  await untilNothingIsThere([runner, ...pids]);
});

test.each([['orphaned'], ['leftByAZombie'], ['inItsOwnSession']])('one that is %s and left behind is enough', async (kind) => {
  const id = await millrace.create({ type: 'test.kin', payload: { kinds: [kind], end: 'return' } });
  const { runner, pids } = (await millrace.untilFinal(id)).result;
  expect(stillAlive([runner, ...pids])).toEqual([]);
});

test('a runner whose handler has waited for what it had started serves the next attempt', async () => {
  const single = await millrace.servePool('single', 1);
  onTestFinished(() => single.stop());
  const runnerOf = async (payload: object): Promise<number> => {
    const id = await millrace.create({ type: 'test.kin', pool: 'single', payload: { end: 'return', ...payload } });
    const job = await millrace.untilFinal(id);
    expect(job.attempts.nodes).toMatchObject([{ outcome: 'SUCCEEDED', killMs: null, killedPids: [] }]);
    return job.result.runner;
  };
  const first = await runnerOf({ kinds: [] });
  expect(await runnerOf({ kinds: ['ended', 'ended'] })).toBe(first);
  expect(await runnerOf({ kinds: [] })).toBe(first);
});

test('what a runner that died has left behind is gone before its job is in line again', async () => {
  const id = await millrace.create({ type: 'test.kin', payload: { kinds: ['inItsOwnSession', 'orphaned'], end: 'exit' }, maxHalts: 0 });
  const [runner, ...pids] = await kinOf(id);
  const job = await millrace.untilFinal(id);
  expect(stillAlive(pids)).toEqual([]);
  expect(job).toMatchObject({ status: 'FAILED', reason: { code: 'HALTED' } });
  expect(job.attempts.nodes).toMatchObject([{ outcome: 'HALTED', exitCode: 3, pid: runner }]);
  expect(job.attempts.nodes[0].killedPids).toEqual(expect.arrayContaining(pids));
});

test('the timeout kills all that a handler has started, too', async () => {
  const id = await millrace.create({
    type: 'test.kin',
    payload: { kinds: ['inItsOwnSession', 'orphaned'] },
    timeout: '15s',
    grace: '0s',
    retry: { maxAttempts: 1 },
  });
  const pids = await kinOf(id);
  const job = await millrace.untilFinal(id);
  expect(job).toMatchObject({ status: 'FAILED', reason: { code: 'TIMED_OUT' } });
  expect(stillAlive(pids)).toEqual([]);
});

test('kill -9 of the worker: all that its runners have started is gone within a second, although it burns CPU in sessions of its own', async () => {
  const id = await millrace.create({ type: 'test.kin', payload: { kinds: KINDS }, onLost: 'FAIL' });
  const pids = await kinOf(id);
  const stuck = await millrace.create({ type: 'test.stuck', payload: { how: 'stopped' }, onLost: 'FAIL' });
  await untilLogged(millrace, stuck, /^here$/);
  const { pid } = (await millrace.until(stuck, 'RUNNING')).attempts.nodes[0];
  const all = [...pids, pid];
  expect(stillAlive(all)).toHaveLength(6);
  await millrace.role('worker').kill();
  const killedAt = Date.now();
  await eventually(
    () => `all are dead; alive are ${stillAlive(all).join(', ')}`,
    () => stillAlive(all).length === 0,
  );
  // Wide of the second that is promised: two test files share two cores, which may be slow.
  expect(Date.now() - killedAt).toBeLessThan(20_000);
  await untilNothingIsThere(all);
  await millrace.startRole('worker');
  for (const each of [id, stuck]) expect(await millrace.untilFinal(each)).toMatchObject({ status: 'FAILED', reason: { code: 'LOST' } });
});

test('a worker that starts again kills what it had left, where its guardian was killed as well', async () => {
  const id = await millrace.create({ type: 'test.kin', payload: { kinds: ['inTheGroup', 'inItsOwnSession', 'orphaned'] }, onLost: 'FAIL' });
  const pids = await kinOf(id);
  const worker = millrace.role('worker').pid;
  // Else it starts another one.
  process.kill(worker, 'SIGSTOP');
  for (const guardian of guardiansOf(worker)) process.kill(guardian, 'SIGKILL');
  await millrace.role('worker').kill();
  expect(stillAlive(pids.slice(1))).toHaveLength(3);
  await millrace.startRole('worker');
  expect(stillAlive(pids)).toEqual([]);
  expect(await millrace.untilFinal(id)).toMatchObject({ status: 'FAILED', reason: { code: 'LOST' } });
});

/** The runner's pid, then those of what the job has started. */
async function kinOf(id: string): Promise<number[]> {
  return (await untilLogged(millrace, id, /^kin /)).split(' ').slice(1).map(Number);
}

const stillAlive = (pids: readonly number[]): number[] => pids.filter(isAlive);
const childrenOf = (parent: number): number[] => listPids().filter((pid) => readStat(pid)?.parent === parent);
const zombiesOf = (parent: number): string[] => stillThere(childrenOf(parent)).filter((each) => each.endsWith('Z'));
/** The only shell among a worker's children: the others are its runners. */
const guardiansOf = (worker: number): number[] =>
  childrenOf(worker).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('/bin/sh'));

/** Its shell, which heeds no SIGTERM once it has a child in turn. */
async function shellOf(runner: number): Promise<number[]> {
  const shells = (): number[] => childrenOf(runner).filter((pid) => childrenOf(pid).length > 0);
  await eventually('its shell waits for a child', () => shells().length > 0);
  return shells();
}
