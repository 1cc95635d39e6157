import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { isAlive } from '../../src/process/group.ts';
import { eventually } from './fixtures/eventually.ts';
import { hasNamespaces, type Host, Network } from './fixtures/network.ts';
import { ordersTo, startOrder } from './fixtures/orders.ts';
import { Scratch, TEST_JOBS } from './fixtures/paths.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { Millrace } from './millrace.ts';

/** Workers with data directories of their own, one slot each, and one journal. */
let millrace: Millrace;
let temporal: TemporalView;
const scratch = new Scratch();
const gates: string[] = [];
beforeAll(async () => {
  millrace = await Millrace.start({ roles: ['orchestrator', 'api'], slots: 1, env: { MILLRACE_JOBS: TEST_JOBS } });
  temporal = await TemporalView.of(millrace);
});
afterEach(async () => {
  // A test that has failed must not leave the next one jobs that hold slots.
  for (const gate of gates.splice(0)) scratch.open(gate);
  for (const name of HOSTS) {
    const worker = millrace.roles.get(name);
    if (worker && isAlive(worker.pid)) await worker.stop();
    millrace.roles.delete(name);
  }
});
afterAll(async () => {
  await temporal.close();
  await millrace.stop();
  scratch.remove();
});

test('a worker that is started again runs what was cut off within 2 s of being ready, before forced and regular jobs', async () => {
  await millrace.startRole('worker', 'a', millrace.hostEnv('a'));
  const cutOff = await pulse();
  await startedAttempt(cutOff.id, 1);
  const regular = await millrace.create({ type: 'sleep', payload: { ms: 0 } });
  const forced = await millrace.create({ type: 'sleep', payload: { ms: 0 } });
  await ordersTo(millrace).forceStart(forced);
  await temporal.untilInLine([regular, forced]);

  await millrace.role('a').kill();
  const again = await millrace.startRole('worker', 'a', millrace.hostEnv('a'));
  const readyAt = Date.now();
  const second = await startedAttempt(cutOff.id, 2);
  expect(Date.parse(second.startedAt) - readyAt).toBeLessThan(6_000);
  expect(again.log()).toContain('gave up an attempt that was cut off');
  expect(await millrace.job(cutOff.id)).toMatchObject({ losses: 1, halts: 0, failures: 0, band: 1 });
  scratch.open(cutOff.gate);
  for (const id of [cutOff.id, forced, regular]) await millrace.until(id, 'SUCCEEDED');
  expect(await startOrder(millrace, { lost: cutOff.id, regular, forced })).toEqual(['lost', 'lost 2', 'forced', 'regular']);
  expectOneAtATime(cutOff.file);
});

test(
  'what a worker had that is gone for good runs on another host within 35 s, before what waits there',
  { timeout: 120_000 },
  async () => {
    for (const host of ['a', 'b']) await millrace.startRole('worker', host, millrace.hostEnv(host));
    const [one, other] = [await pulse(), await pulse()];
    const attempts = [await startedAttempt(one.id, 1), await startedAttempt(other.id, 1)];
    expect(new Set(attempts.map(({ workerId }) => workerId)).size).toBe(2);
    const waiting = await millrace.create({ type: 'sleep', payload: { ms: 0 } });
    await temporal.untilInLine([waiting]);

    const victim = ['a', 'b'].find((host) => idOf(host) === attempts[0].workerId)!;
    await millrace.role(victim).kill();
    const killedAt = Date.now();
    // The other one keeps its slot until the lost job is in line: which of the two it takes is not by chance.
    const lost = await millrace.until(one.id, ({ status }) => status === 'QUEUED', 60_000);
    expect(lost).toMatchObject({ band: 1, losses: 1, attempts: { nodes: [{ outcome: 'LOST' }] } });
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

test.skipIf(!hasNamespaces())(
  'of three hosts on a network one that is cut off ends what it runs by itself before another takes it over, and serves again when the cable is back (needs root, for network namespaces)',
  { timeout: 300_000 },
  async () => {
    const network = await Network.open(inject('temporalAddress'));
    onTestFinished(() => network.close(), 60_000);
    const hosts = new Map<string, Host>();
    for (const name of HOSTS) {
      const host = await network.host(name);
      hosts.set(name, host);
      await millrace.startRole('worker', name, { ...millrace.hostEnv(name), TEMPORAL_ADDRESS: host.temporalAddress }, host.through);
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
    const next = await millrace.create({ type: 'sleep', payload: { ms: 0 } });
    expect((await millrace.until(next, 'SUCCEEDED', 120_000)).attempts.nodes.at(-1)).toMatchObject({ host: lost.host });
    for (const { gate } of jobs) scratch.open(gate);
    for (const [job, losses] of [[victim, 1], ...others.map((other) => [other, 0] as const)] as [Pulse, number][]) {
      expect(await millrace.untilFinal(job.id)).toMatchObject({ status: 'SUCCEEDED', attemptCount: losses + 1, losses, halts: 0 });
      expectOneAtATime(job.file);
    }
  },
);

type Pulse = { id: string; file: string; gate: string };

/** A job that never yields and says when it ran. */
async function pulse(): Promise<Pulse> {
  const [file, gate] = [scratch.path(), scratch.path()];
  gates.push(gate);
  return { id: await millrace.create({ type: 'test.pulse', payload: { file, gate } }), file, gate };
}

/** Resolves with a job's attempt when its handler has begun. */
async function startedAttempt(id: string, number: number): Promise<any> {
  const job = await millrace.until(id, ({ status, attemptCount }) => status === 'RUNNING' && attemptCount === number, 30_000);
  return job.attempts.nodes[number - 1];
}

/** By what the handlers have left themselves: when an attempt has said something, those before it say nothing any more. */
function expectOneAtATime(file: string): void {
  const pulses = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number) as [number, number]);
  expect(pulses.map(([attempt]) => attempt)).toEqual(pulses.map(([attempt]) => attempt).toSorted((a, b) => a - b));
  expect(pulses.map(([, at]) => at)).toEqual(pulses.map(([, at]) => at).toSorted((a, b) => a - b));
}

function idOf(host: string): string | undefined {
  const file = join(millrace.dataDir, host, 'run', 'worker.id');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

const HOSTS = ['a', 'b', 'c'];
