import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, test, type TestContext } from 'vitest';
import { isAlive } from '../../src/process/group.ts';
import { eventually } from './fixtures/eventually.ts';
import { hasNamespaces, type Host, Network } from './fixtures/network.ts';
import { ordersTo, startOrder } from './fixtures/orders.ts';
import { Scratch, TEST_JOBS } from './fixtures/paths.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { Millrace } from './millrace.ts';
import type { RoleProcess } from './process.ts';

/** Workers with data directories of their own, one slot each, in a pool of each test's own, and one journal. */
let millrace: Millrace;
let temporal: TemporalView;
const scratch = new Scratch();
beforeAll(async () => {
  millrace = await Millrace.start({ roles: ['orchestrator', 'api'], slots: 1, env: { MILLRACE_JOBS: TEST_JOBS } });
  temporal = await TemporalView.of(millrace);
});
afterAll(async () => {
  await temporal.close();
  await millrace.stop();
  scratch.remove();
});

test('a worker that is started again runs what was cut off within 2 s of being ready, before forced and regular jobs', async ({
  onTestFinished,
}) => {
  const { start, role, create, pulse } = hostsOf('again', onTestFinished);
  await start('again');
  const cutOff = await pulse();
  await startedAttempt(cutOff.id, 1);
  const regular = await create();
  const forced = await create();
  await ordersTo(millrace).forceStart(forced);
  await temporal.untilInLine([regular, forced]);

  await role('again').kill();
  const again = await start('again');
  const readyAt = Date.now();
  const second = await startedAttempt(cutOff.id, 2);
  // Wide of the 2 s, for the machine may be slow; by the heartbeats that are missing it would be 30 s.
  expect(Date.parse(second.startedAt) - readyAt).toBeLessThan(15_000);
  expect(again.log()).toContain('gave up an attempt that was cut off');
  expect(await millrace.job(cutOff.id)).toMatchObject({ losses: 1, halts: 0, failures: 0, band: 1 });
  scratch.open(cutOff.gate);
  for (const id of [cutOff.id, forced, regular]) await millrace.until(id, 'SUCCEEDED');
  expect(await startOrder(millrace, { lost: cutOff.id, regular, forced })).toEqual(['lost', 'lost 2', 'forced', 'regular']);
  expectOneAtATime(cutOff.file);
});

// Side by side: each waits for half a minute to pass.
describe.concurrent('a host that is gone', () => {
  test(
    'what a worker had that is gone for good runs on another host within 35 s, before what waits there',
    { timeout: 120_000 },
    async ({ onTestFinished }) => {
      const { start, role, idOf, create, pulse } = hostsOf('gone', onTestFinished);
      for (const host of ['left', 'right']) await start(host);
      const [one, other] = [await pulse(), await pulse()];
      const attempts = [await startedAttempt(one.id, 1), await startedAttempt(other.id, 1)];
      expect(new Set(attempts.map(({ workerId }) => workerId)).size).toBe(2);
      const waiting = await create();
      await temporal.untilInLine([waiting]);

      const victim = (await idOf('left')) === attempts[0].workerId ? 'left' : 'right';
      await role(victim).kill();
      const killedAt = Date.now();
      // The other one keeps its slot until the lost job is in line: which of the two it takes is not by chance.
      const lost = await millrace.until(one.id, ({ status }) => status === 'QUEUED', 60_000);
      expect(lost).toMatchObject({ band: 1, losses: 1, attempts: { nodes: [{ outcome: 'LOST' }] } });
      // The journal is told by the workflow's task, and Temporal has the attempt when that has ended.
      await temporal.untilInLine([one.id], { [one.id]: 1 });
      scratch.open(other.gate);
      const second = await startedAttempt(one.id, 2);
      expect(Date.parse(second.startedAt) - killedAt).toBeLessThan(45_000);
      expect(second.workerId).toBe(attempts[1].workerId);
      scratch.open(one.gate);
      for (const id of [one.id, other.id, waiting]) await millrace.until(id, 'SUCCEEDED');
      expect(await startOrder(millrace, { lost: one.id, waiting })).toEqual(['lost', 'lost 2', 'waiting']);
      expectOneAtATime(one.file);
    },
  );

  test(
    'a worker that is stopped while all its slots are busy loses its runner before another host runs the job, and serves again when it goes on',
    { timeout: 180_000 },
    async ({ onTestFinished }) => {
      const { start, role, idOf, create, pulse } = hostsOf('stopped', onTestFinished);
      await start('left');
      const job = await pulse();
      const first = await startedAttempt(job.id, 1);
      await start('right');
      process.kill(role('left').pid, 'SIGSTOP');
      try {
        const again = await millrace.until(job.id, ({ status, attemptCount }) => status === 'RUNNING' && attemptCount === 2, 90_000);
        expect(isAlive(first.pid)).toBe(false);
        expect(again.attempts.nodes[1].workerId).toBe(await idOf('right'));
        await eventually('the second has left its marks', () => pulsesIn(job.file).at(-1)?.[0] === 2);
        expectOneAtATime(job.file);
      } finally {
        process.kill(role('left').pid, 'SIGCONT');
      }
      // The other one is busy.
      const next = await create();
      expect((await millrace.until(next, 'SUCCEEDED', 60_000)).attempts.nodes.at(-1)).toMatchObject({ workerId: await idOf('left') });
      scratch.open(job.gate);
      expect(await millrace.untilFinal(job.id)).toMatchObject({
        status: 'SUCCEEDED',
        losses: 1,
        halts: 0,
        attempts: { nodes: [{ outcome: 'LOST' }, { outcome: 'SUCCEEDED' }] },
      });
      expectOneAtATime(job.file);
    },
  );

  test.skipIf(!hasNamespaces())(
    'of three hosts on a network one that is cut off ends what it runs by itself before another takes it over, and serves again when the cable is back (needs root, for network namespaces)',
    { timeout: 300_000 },
    async ({ onTestFinished }) => {
      const network = await Network.open(inject('temporalAddress'));
      onTestFinished(() => network.close(), 60_000);
      const { start, create, pulse } = hostsOf('cut-off', onTestFinished);
      const hosts = new Map<string, Host>();
      for (const name of HOSTS) {
        const host = await network.host(name);
        hosts.set(name, host);
        await start(name, { TEMPORAL_ADDRESS: host.temporalAddress }, host.through);
      }
      const jobs = [await pulse(), await pulse(), await pulse()];
      const attempts = await Promise.all(jobs.map(({ id }) => startedAttempt(id, 1)));
      expect(new Set(attempts.map(({ host }) => host))).toEqual(new Set(HOSTS));

      const [victim, ...others] = jobs as [Pulse, Pulse, Pulse];
      const [lost] = attempts;
      await eventually(
        'a heartbeat has reached Temporal',
        async () => (await temporal.openAttempt(victim.id))?.lastHeartbeatAt !== undefined,
      );
      const cable = hosts.get(lost.host)!;
      cable.cut();
      const cutAt = Date.now();
      await eventually('the host that is cut off has ended its attempt', () => !isAlive(lost.pid), 30_000);
      // 24 s after the last heartbeat that was answered, of which there is one every 5 s, or later on a busy machine.
      expect(Date.now() - cutAt).toBeGreaterThan(24_000 - 10_000);
      expect((await temporal.openAttempt(victim.id))?.inLine, 'Temporal has not given it up yet').toBe(false);

      await millrace.until(victim.id, ({ status }) => status === 'QUEUED', 30_000);
      scratch.open(others[0].gate);
      const second = await startedAttempt(victim.id, 2);
      expect(Date.parse(second.startedAt) - cutAt).toBeLessThan(45_000);
      expect(second.host).toBe(attempts[1].host);
      expectOneAtATime(victim.file);

      // The two others are busy: what is new can only run on the one that was away.
      cable.mend();
      const next = await create();
      expect((await millrace.until(next, 'SUCCEEDED', 120_000)).attempts.nodes.at(-1)).toMatchObject({ host: lost.host });
      for (const { gate } of jobs) scratch.open(gate);
      for (const [job, losses] of [[victim, 1], ...others.map((other) => [other, 0] as const)] as [Pulse, number][]) {
        expect(await millrace.untilFinal(job.id)).toMatchObject({ status: 'SUCCEEDED', attemptCount: losses + 1, losses, halts: 0 });
        expectOneAtATime(job.file);
      }
    },
  );
});

type Pulse = { id: string; file: string; gate: string };

/**
 * Workers on hosts of a test's own, which alone serve its pool. With the test its jobs are let go and its workers are ended,
 * also where it has failed.
 */
function hostsOf(pool: string, finished: TestContext['onTestFinished']) {
  const gates: string[] = [];
  const workers = new Map<string, RoleProcess>();
  finished(async () => {
    for (const gate of gates) scratch.open(gate);
    for (const worker of workers.values()) if (isAlive(worker.pid)) await worker.stop();
  }, 60_000);
  const role = (host: string): RoleProcess => workers.get(host)!;
  const create = (input: Record<string, unknown> = {}): Promise<string> =>
    millrace.create({ type: 'sleep', payload: { ms: 0 }, pool, ...input });
  return {
    create,
    async start(host: string, env: Record<string, string> = {}, through: string[] = []): Promise<RoleProcess> {
      const worker = await millrace.startRole('worker', host, { ...millrace.hostEnv(host), MILLRACE_POOL: pool, ...env }, through);
      workers.set(host, worker);
      return worker;
    },
    role,
    /** Of its worker. */
    async idOf(host: string): Promise<string> {
      const { workers: known } = await millrace.client.data('query ($pool: String) { workers(pool: $pool) { id pid } }', { pool });
      return known.find(({ pid }: { pid: number }) => pid === role(host).pid).id;
    },
    /** A job that never yields and says when it ran. */
    async pulse(): Promise<Pulse> {
      const [file, gate] = [scratch.path(), scratch.path()];
      gates.push(gate);
      return { id: await create({ type: 'test.pulse', payload: { file, gate } }), file, gate };
    },
  };
}

/** Resolves with a job's attempt when its handler has begun. */
async function startedAttempt(id: string, number: number): Promise<any> {
  const job = await millrace.until(id, ({ status, attemptCount }) => status === 'RUNNING' && attemptCount === number, 30_000);
  return job.attempts.nodes[number - 1];
}

/** By what the handlers have left themselves: when an attempt has said something, those before it say nothing any more. */
function expectOneAtATime(file: string): void {
  const pulses = pulsesIn(file);
  expect(pulses.map(([attempt]) => attempt)).toEqual(pulses.map(([attempt]) => attempt).toSorted((a, b) => a - b));
  expect(pulses.map(([, at]) => at)).toEqual(pulses.map(([, at]) => at).toSorted((a, b) => a - b));
}

const pulsesIn = (file: string): [attempt: number, at: number][] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number) as [number, number]);

const HOSTS = ['a', 'b', 'c'];
