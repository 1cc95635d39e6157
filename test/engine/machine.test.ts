import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seeded } from '../../src/cli/demo/seeded.ts';
import { startTemporalServer, type TemporalServer } from '../../src/temporal/server/start-temporal-server.ts';
import { eventually } from './fixtures/eventually.ts';
import { twentyJobs as load } from './fixtures/load.ts';
import { startOrder } from './fixtures/orders.ts';
import { Scratch, TEST_JOBS } from './fixtures/paths.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { Millrace } from './millrace.ts';

/** A Temporal server of this file's own, for it is killed. */
const dataDir = mkdtempSync(join(tmpdir(), 'millrace-machine-'));
const startTemporal = async (): Promise<void> =>
  void (server = await startTemporalServer({ dataDir, namespace: 'default', ui: false, say: () => {} }));
let server: TemporalServer;
let millrace: Millrace;
let temporal: TemporalView;
const scratch = new Scratch();
beforeAll(async () => {
  await startTemporal();
  millrace = await Millrace.start({ slots: SLOTS, env: { MILLRACE_JOBS: TEST_JOBS }, temporalAddress: server.address });
  temporal = await TemporalView.of(millrace);
});
afterAll(async () => {
  await temporal?.close();
  await millrace?.stop();
  await server?.stop();
  scratch.remove();
  rmSync(dataDir, { recursive: true, force: true });
});

test('kill -9 of Temporal while 20 jobs run: what ends meanwhile is kept, and every job ends SUCCEEDED, none twice', async () => {
  const jobs = await twentyJobs();
  await kill('temporal');
  jobs.open();
  await jobs.feed.until('ATTEMPT_ENDED', jobs.held);
  await start('temporal');
  const ended = await jobs.allSucceeded();
  expect([...ended.values()].filter(({ halts }) => halts > 0)).toEqual([]);
}, 180_000);

/** Another order: SURVIVE_SEED=7. */
const FIRST_SEED = Number(process.env['SURVIVE_SEED'] ?? 1);
test.each([FIRST_SEED, FIRST_SEED + 1, FIRST_SEED + 2])(
  'kill -9 of each process, the next one while the one before comes back, in the order of seed %i: 20 jobs end SUCCEEDED, none twice',
  async (seed) => {
    const jobs = await twentyJobs({ allHeld: true });
    const order = shuffled(PROCESSES, seeded(seed));
    const back: Promise<void>[] = [];
    for (const name of order) {
      await kill(name);
      back.push(start(name));
    }
    await Promise.all(back);
    jobs.open();
    const ended = await jobs.allSucceeded();
    expect([...ended.values()].filter(({ halts }) => halts > 0)).toEqual([]);
  },
  180_000,
);

test('kill -9 of the whole machine at once: what ran runs again first, and 20 jobs end SUCCEEDED, none twice', async () => {
  const jobs = await twentyJobs();
  // By one command: the guardian is no quicker.
  spawnSync('kill', ['-KILL', ...[...server.pids, ...millrace.processes()].map(String)]);
  await Promise.all([gone('temporal'), ...ROLES.map(gone)]);
  await eventually('no process is left', () => millrace.processes().length === 0);
  jobs.open();
  await Promise.all(shuffled(PROCESSES, seeded(FIRST_SEED)).map(start));
  const ended = await jobs.allSucceeded();
  for (const id of jobs.held)
    expect(ended.get(id)).toMatchObject({ losses: 1, halts: 0, attempts: { nodes: [{ outcome: 'LOST' }, { outcome: 'SUCCEEDED' }] } });
  const names = Object.fromEntries([...jobs.held, ...jobs.behind].map((id) => [jobs.held.includes(id) ? `ran ${id}` : id, id]));
  const order = await startOrder(millrace, names);
  expect(order.slice(SLOTS, 2 * SLOTS).every((name) => name.startsWith('ran'))).toBe(true);
}, 180_000);

const SLOTS = 4;
const ROLES = ['orchestrator', 'worker', 'api'] as const;
const PROCESSES = ['temporal', ...ROLES] as const;
type Name = (typeof PROCESSES)[number];

const twentyJobs = (how?: { allHeld: boolean }) => load({ millrace, temporal, scratch, slots: SLOTS }, how);

async function kill(name: Name): Promise<void> {
  process.kill(name === 'temporal' ? server.pids[0]! : millrace.role(name).pid, 'SIGKILL');
  await gone(name);
}

async function gone(name: Name): Promise<void> {
  if (name !== 'temporal') return void (await millrace.role(name).exited);
  await server.died;
  await server.stop(0);
}

const start = async (name: Name): Promise<void> => void (await (name === 'temporal' ? startTemporal() : millrace.startRole(name)));

/** Fisher and Yates. */
function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const all = [...items];
  for (let last = all.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [all[last], all[other]] = [all[other]!, all[last]!];
  }
  return all;
}
