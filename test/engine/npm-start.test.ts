import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { become, groupOf, Home, ROOT, type Started } from './fixtures/home.ts';
import { freePort } from './ports.ts';

const ROLES = ['api', 'orchestrator', 'worker', 'temporal'];

describe('npm start', () => {
  let home: Home;
  let millrace: Started;
  // A machine that has no Temporal Web UI yet builds it first.
  beforeAll(async () => {
    home = await Home.make();
    millrace = await home.start();
  }, 600_000);
  afterAll(() => home.remove());

  test('says where everything is, and a job that is created through GraphQL succeeds', async () => {
    expect(millrace.text).toContain(`GraphQL        http://127.0.0.1:${home.port}/graphql`);
    expect(millrace.text).toContain(`Playground     http://127.0.0.1:${home.port}/playground`);
    expect(millrace.text).toContain(home.dataDir);
    const page = await fetch(`http://127.0.0.1:${home.port}/playground`);
    expect({ status: page.status, type: page.headers.get('content-type') }).toMatchObject({
      status: 200,
      type: expect.stringContaining('text/html'),
    });
    await home.run({ type: 'cpu.burn', payload: { ms: 50 } });
  });

  test('runs each role as a process of its own, in a process group of its own, and keeps its pid', () => {
    const pids = ROLES.map((role) => home.pidOf(role));
    expect(new Set(pids).size).toBe(ROLES.length);
    for (const pid of pids) expect(groupOf(pid!), `pid ${pid}`).toBe(pid);
  });

  test.for(ROLES)('brings the %s back that was killed, and jobs go on', { timeout: 90_000 }, async (role) => {
    const pid = home.pidOf(role)!;
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => home.pidOf(role), { timeout: 30_000 }).not.toBeOneOf([pid, undefined]);
    await home.ready();
    await home.run({ type: 'cpu.burn', payload: { ms: 10 } }, 60_000);
  });

  test('refuses a second start on its data directory in one sentence, and goes on', async () => {
    const second = home.spawn({ MILLRACE_PORT: String(await freePort()) });
    expect(await second.exited).toMatchObject({ code: 78 });
    expect(second.text).toMatch(new RegExp(`Millrace runs on ${home.dataDir} already \\(pid ${home.pidOf('start')}\\)`));
    expect(second.text).not.toMatch(/\n +at /);
    await home.run({ type: 'cpu.burn', payload: { ms: 10 } });
  });

  test('runs beside another copy with a data directory and a port of its own', { timeout: 120_000 }, async () => {
    const other = await Home.make();
    try {
      const copy = await other.start();
      const [here, there] = await Promise.all([
        home.run({ type: 'cpu.burn', payload: { ms: 10 } }),
        other.run({ type: 'cpu.burn', payload: { ms: 10 } }),
      ]);
      expect([await home.job(there), await other.job(here)]).toEqual([null, null]);
      expect(await copy.ctrlC()).toEqual({ code: 0, signal: null });
      await untilNothingIsLeft(other);
      await home.run({ type: 'cpu.burn', payload: { ms: 10 } });
    } finally {
      await other.remove();
    }
  });

  test('ends by one Ctrl-C within 15 s with nothing left, and the next start goes on where it was', { timeout: 120_000 }, async () => {
    const done = await home.run({ type: 'cpu.burn', payload: { ms: 10 } });
    // One slot: the second waits in line. The first ends when it has an answer: not before it is tried again.
    let asked = 0;
    const receiver = createHttpServer((_, response) => void (++asked > 1 && response.end())).listen(0, '127.0.0.1');
    onTestFinished(() => {
      receiver.close();
      receiver.closeAllConnections();
    });
    await once(receiver, 'listening');
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    const first = once(receiver, 'request');
    const cutOff = await home.create({ type: 'webhook.deliver', payload: { url, event: 'cut-off', payload: null, timeoutMs: 600_000 } });
    await first;
    const waiting = await home.create({ type: 'cpu.burn', payload: { ms: 10 } });

    const ports = [
      home.port,
      ...Object.values(JSON.parse(readFileSync(join(home.dataDir, 'temporal', 'ports.json'), 'utf8')) as Record<string, number>),
    ];
    const askedAt = Date.now();
    expect(await millrace.ctrlC(), millrace.text).toEqual({ code: 0, signal: null });
    // Wide of the 15 s, for the machine may be slow.
    expect(Date.now() - askedAt).toBeLessThan(30_000);
    await untilNothingIsLeft(home);
    await Promise.all(ports.map(assertFree));
    expect(readdirSync(join(home.dataDir, 'run')).filter((name) => name.endsWith('.pid'))).toEqual([]);

    millrace = await home.start();
    expect(await home.job(done)).toMatchObject({ status: 'SUCCEEDED', attemptCount: 1 });
    await home.until(waiting, 'SUCCEEDED', 60_000);
    await home.until(cutOff, 'SUCCEEDED', 60_000);
    expect(await home.job(cutOff)).toMatchObject({
      attemptCount: 2,
      losses: 0,
      attempts: { nodes: [{ outcome: 'LOST' }, { outcome: 'SUCCEEDED' }] },
    });
  });

  test('serves while its worker drains, and a second Ctrl-C ends it at once without a loss', { timeout: 120_000 }, async () => {
    expect(await millrace.ctrlC(), millrace.text).toEqual({ code: 0, signal: null });
    millrace = await home.start({ MILLRACE_DRAIN_TIMEOUT: '1h' });
    const cutOff = await home.create({ type: 'cpu.burn', payload: { ms: 600_000 }, grace: '0s' });
    await home.until(cutOff, 'RUNNING');
    const ended = millrace.ctrlC();
    await become('DRAINING', async () => (await home.data('{ workers { status } }'))['workers'][0].status, 30_000);
    // What comes within 0.7 s of the first is the same one. Not more than one: npm dies by what comes after our end.
    const drainsSince = Date.now();
    const worker = async () => (await home.data('{ workers { status lastSeenAt } }'))['workers'][0];
    await become(true, async () => Date.parse((await worker()).lastSeenAt) - drainsSince > 700, 30_000);
    expect(await worker()).toMatchObject({ status: 'DRAINING' });
    await home.until(cutOff, 'RUNNING');
    void millrace.ctrlC();
    expect(await ended, millrace.text).toEqual({ code: 0, signal: null });
    await untilNothingIsLeft(home);

    millrace = await home.start();
    await become(2, async () => (await home.job(cutOff)).attemptCount, 60_000);
    expect(await home.job(cutOff)).toMatchObject({ losses: 0, attempts: { nodes: [{ outcome: 'LOST' }, { outcome: null }] } });
    await home.data('mutation ($id: ID!) { abortJob(input: { id: $id, grace: "0s" }) { userErrors { code } } }', { id: cutOff });
    await home.until(cutOff, 'ABORTED');
  });

  test(
    'takes its roles with it when it is killed, and the next start ends the Temporal server it has left',
    { timeout: 120_000 },
    async () => {
      const id = await home.create({ type: 'cpu.burn', payload: { ms: 60_000 }, grace: '0s' });
      await home.until(id, 'RUNNING');
      const [temporal, ...others] = [home.pidOf('temporal')!, home.pidOf('temporal-ui')].filter((pid) => pid !== undefined);
      process.kill(home.pidOf('start')!, 'SIGKILL');
      await expect.poll(() => home.processes().filter((pid) => pid !== temporal && !others.includes(pid)), { timeout: 30_000 }).toEqual([]);
      expect(home.processes()).toContain(temporal);

      millrace = await home.start();
      expect(millrace.text).toMatch(new RegExp(`Ending what an earlier run left behind: pid ${temporal}`));
      await home.until(id, 'RUNNING', 60_000);
      await home.data('mutation ($id: ID!) { abortJob(input: { id: $id, grace: "0s" }) { userErrors { code } } }', { id });
      await home.run({ type: 'cpu.burn', payload: { ms: 10 } }, 60_000);
      expect(await millrace.ctrlC(), millrace.text).toEqual({ code: 0, signal: null });
      await untilNothingIsLeft(home);
    },
  );

  test('refuses a journal whose Temporal database alone was deleted, and says what to do', { timeout: 120_000 }, async () => {
    await millrace.ctrlC();
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(home.dataDir, `temporal.db${suffix}`), { force: true });
    const started = home.spawn();
    expect(await started.exited).toMatchObject({ code: 78 });
    expect(started.text).toMatch(/journal\.db keeps the jobs of .* Where Temporal's database was deleted, .* delete the journal as well/);
    expect(started.text).not.toMatch(/\n +at /);
    await untilNothingIsLeft(home);
  });
});

describe('npm start refuses in one sentence', () => {
  let home: Home;
  beforeAll(async () => void (home = await Home.make()));
  afterAll(() => home.remove());

  test('a port that somebody has', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(home.port, '127.0.0.1', resolve));
    const started = home.spawn();
    expect(await started.exited).toMatchObject({ code: 78 });
    await new Promise((resolve) => server.close(resolve));
    expect(started.text).toMatch(new RegExp(`port ${home.port} .*MILLRACE_PORT`));
    expect(started.text).not.toMatch(/\n +at /);
    await untilNothingIsLeft(home);
  });

  test('a setting that makes no sense', async () => {
    const started = home.spawn({ MILLRACE_SLOTS: 'many' });
    expect(await started.exited).toMatchObject({ code: 78 });
    expect(started.text).toMatch(/MILLRACE_SLOTS="many": .*whole number/);
    expect(started.text).not.toMatch(/\n +at /);
    await untilNothingIsLeft(home);
  });

  test('a data directory that cannot be', async () => {
    const started = home.spawn({ MILLRACE_DATA_DIR: '/dev/null/data' });
    expect(await started.exited).toMatchObject({ code: 78 });
    expect(started.text).toMatch(/\/dev\/null\/data cannot be written/);
    expect(started.text).not.toMatch(/\n +at /);
    await untilNothingIsLeft(home);
  });
});

const OLD_NODE = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => existsSync(path));
test.skipIf(!OLD_NODE)('the millrace command goes on under its own Node where the one that runs it is older', async () => {
  const { stdout } = await promisify(execFile)(OLD_NODE!, [join(ROOT, 'bin', 'millrace.js'), '--help']);
  for (const command of ['start', 'api', 'orchestrator', 'worker', 'temporal', 'journal', 'demo'])
    expect(stdout).toMatch(new RegExp(`^ +${command} `, 'm'));
});

/** The guardian outlives its worker by a moment. */
async function untilNothingIsLeft(home: Home): Promise<void> {
  await expect.poll(() => home.processes(), { timeout: 15_000 }).toEqual([]);
}

async function assertFree(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  await new Promise((resolve) => server.close(resolve));
}
