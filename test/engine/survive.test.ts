import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { isAlive } from '../../src/process/group.ts';
import { eventually } from './fixtures/eventually.ts';
import { endsIn, twentyJobs as load } from './fixtures/load.ts';
import { ordersTo, startOrder, untilLogged } from './fixtures/orders.ts';
import { Scratch, TEST_JOBS } from './fixtures/paths.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
let temporal: TemporalView;
const scratch = new Scratch();
beforeAll(async () => {
  millrace = await Millrace.start({ slots: SLOTS, env: { MILLRACE_JOBS: TEST_JOBS } });
  temporal = await TemporalView.of(millrace);
});
// A test that has failed must not leave the others without what it has killed.
afterEach(async () => {
  for (const role of ['orchestrator', 'worker', 'api'] as const) if (!isAlive(millrace.role(role).pid)) await millrace.startRole(role);
});
afterAll(async () => {
  await temporal.close();
  await millrace.stop();
  scratch.remove();
});

test('kill -9 of a runner while 20 jobs run: every job ends SUCCEEDED, none is lost and none ends twice', async () => {
  const load = await twentyJobs();
  const [victim] = load.held;
  const { attempts } = await millrace.job(victim!);
  process.kill(attempts.nodes[0].pid, 'SIGKILL');
  await load.feed.until('HALTED', [victim!]);
  load.open();
  const jobs = await load.allSucceeded();
  expect(jobs.get(victim!)).toMatchObject({ halts: 1, losses: 0, attempts: { nodes: [{ outcome: 'HALTED' }, { outcome: 'SUCCEEDED' }] } });
  expect([...jobs.values()].filter(({ attemptCount }) => attemptCount > 1)).toHaveLength(1);
});

test('kill -9 of the worker while 20 jobs run: what it ran is lost at once when it is back, and every job ends SUCCEEDED, none twice', async () => {
  const load = await twentyJobs();
  await millrace.role('worker').kill();
  const killedAt = Date.now();
  await millrace.startRole('worker');
  await load.feed.until('LOST', load.held);
  // By the heartbeat timeout it would be 30 s.
  expect(Date.now() - killedAt).toBeLessThan(25_000);
  load.open();
  const jobs = await load.allSucceeded();
  for (const id of load.held)
    expect(jobs.get(id)).toMatchObject({ losses: 1, halts: 0, attempts: { nodes: [{ outcome: 'LOST' }, { outcome: 'SUCCEEDED' }] } });
});

test('kill -9 of the orchestrator while 20 jobs run: attempts go on without it, and every job ends SUCCEEDED with one attempt', async () => {
  const load = await twentyJobs();
  await millrace.role('orchestrator').kill();
  load.open();
  await load.feed.until('ATTEMPT_ENDED', load.ids);
  await millrace.startRole('orchestrator');
  const jobs = await load.allSucceeded();
  expect([...jobs.values()].map(({ attemptCount }) => attemptCount)).toEqual(load.ids.map(() => 1));
});

test('kill -9 of the api while 20 jobs run: every job ends SUCCEEDED, and the subscriber that comes back with its cursor has missed nothing', async () => {
  const load = await twentyJobs();
  await millrace.role('api').kill();
  load.open();
  await eventually('all jobs have come to their end', () => load.ids.every((id) => load.ends(id) === 1), 60_000);
  const seenBefore = load.feed.events.length;
  await millrace.startRole('api');
  await load.allSucceeded();
  expect(load.feed.cutOffs).toBeGreaterThan(0);
  expect(load.feed.events.length).toBeGreaterThan(seenBefore);
});

test('the runners of a killed worker and their children are gone within a second, although they do not listen', async () => {
  const burns = await Promise.all([1, 2].map(() => millrace.create({ type: 'cpu.burn', payload: { ms: 600_000 } })));
  const family = await millrace.create({ type: 'test.family', payload: {} });
  const pids = (await untilLogged(millrace, family, /^family/)).split(' ').slice(1).map(Number);
  for (const id of burns) pids.push((await millrace.until(id, ({ attemptCount }) => attemptCount === 1)).attempts.nodes[0].pid);
  expect(pids.filter(isAlive)).toHaveLength(5);
  await millrace.role('worker').kill();
  // Wide of the second: two test files share two cores, which may be slow.
  await eventually('all of them are gone', () => !pids.some(isAlive), 20_000);

  await millrace.startRole('worker');
  for (const id of [...burns, family]) {
    expect(await millrace.until(id, ({ attemptCount }) => attemptCount === 2)).toMatchObject({ status: 'RUNNING', losses: 1, halts: 0 });
    await ordersTo(millrace).abort(id, { grace: '0s' });
    await millrace.until(id, 'ABORTED');
  }
});

test('what an attempt has saved is given to the next one after its worker was killed', async () => {
  const gate = scratch.path();
  const id = await millrace.create({ type: 'test.marks', payload: { file: scratch.path(), gate } });
  // It leaves the worker with the next heartbeat.
  await eventually('it has reached Temporal', async () => (await temporal.openAttempt(id))?.hasCheckpoint === true);
  await millrace.role('worker').kill();
  await millrace.startRole('worker');
  scratch.open(gate);
  expect(await millrace.untilFinal(id)).toMatchObject({ status: 'SUCCEEDED', losses: 1, result: { attempt: 2, given: 'of attempt 1' } });
});

test('SIGTERM lets a worker finish what ends in time, and what does not runs again before the others, without a loss counted', async () => {
  const gate = scratch.path();
  const file = scratch.path();
  const soon = scratch.path();
  const short = await millrace.create({ type: 'test.marks', payload: { file: scratch.path(), gate: soon } });
  const long = await millrace.create({ type: 'test.marks', payload: { file, gate } });
  const inTheWay = await Promise.all([1, 2].map(() => millrace.create({ type: 'cpu.burn', payload: { ms: 600_000 } })));
  for (const id of [short, long, ...inTheWay]) await millrace.until(id, ({ status }) => status === 'RUNNING');
  const next = await millrace.create({ type: 'sleep', payload: { ms: 0 } });
  const stopped = millrace.role('worker').stop();
  scratch.open(soon);
  await stopped;

  expect(await millrace.untilFinal(short)).toMatchObject({ status: 'SUCCEEDED', attemptCount: 1 });
  expect(await millrace.until(long, ({ status }) => status === 'QUEUED')).toMatchObject({
    band: 1,
    losses: 0,
    attempts: { nodes: [{ outcome: 'LOST' }] },
  });
  for (const id of inTheWay) await ordersTo(millrace).abort(id);
  // One slot, for of two that are handed out at the same moment none is first.
  await millrace.startRole('worker', 'worker', { MILLRACE_SLOTS: '1' });
  scratch.open(gate);
  expect(await millrace.untilFinal(long)).toMatchObject({
    status: 'SUCCEEDED',
    losses: 0,
    attemptCount: 2,
    result: { given: 'of attempt 1' },
  });
  await millrace.until(next, 'SUCCEEDED');
  expect(await startOrder(millrace, { long, next })).toEqual(['long', 'long 2', 'next']);
  expect(endsIn(file)).toBe(1);
  await millrace.role('worker').stop();
  await millrace.startRole('worker');
});

const twentyJobs = () => load({ millrace, temporal, scratch, slots: SLOTS });
const SLOTS = 4;
