import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { eventually } from './fixtures/eventually.ts';
import { holdLock } from './fixtures/hold-lock.ts';
import { queuesOf } from './fixtures/queues.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { Millrace } from './millrace.ts';
import { freePort } from './ports.ts';

let millrace: Millrace;
beforeAll(async () => void (millrace = await Millrace.start()));
afterAll(() => millrace.stop());

test(
  'the demo ends as it should: 20 jobs in 4 queues, one of them retried, one failed for good, and tells so every second',
  { timeout: 180_000 },
  async () => {
    const before = millrace.processes();
    const demo = new Demo(millrace.env);
    expect(await demo.exited, demo.text).toEqual({ code: 0, signal: null });
    // The guardian outlives its worker by a moment.
    await expect.poll(() => millrace.processes(), { timeout: 15_000 }).toEqual(before);
    expect(existsSync(join(millrace.dataDir, 'run', 'worker-demo.pid'))).toBe(false);

    const { jobs } = await millrace.client.data(
      '{ jobs(filter: { tagsAll: ["demo"] }, first: 100) { nodes { type queue pool status attemptCount result reason { code } } } }',
    );
    const count = (key: string): Record<string, number> => {
      const counts: Record<string, number> = {};
      for (const job of jobs.nodes) counts[job[key]] = (counts[job[key]] ?? 0) + 1;
      return counts;
    };
    expect(count('queue')).toEqual({ email: 5, images: 3, data: 6, webhooks: 6 });
    expect(count('pool')).toEqual({ demo: 20 });
    expect(count('status')).toEqual({ SUCCEEDED: 19, FAILED: 1 });
    const [failed] = jobs.nodes.filter(({ status }: { status: string }) => status === 'FAILED');
    expect(failed).toMatchObject({ type: 'webhook.deliver', attemptCount: 1, reason: { code: 'HANDLER_ERROR' } });
    expect(jobs.nodes.filter(({ attemptCount }: { attemptCount: number }) => attemptCount > 1).length).toBeGreaterThanOrEqual(1);
    expect(jobs.nodes.find(({ type }: { type: string }) => type === 'image.resize').result).toEqual({
      originalSize: expect.any(Number),
      newSize: expect.any(Number),
      compressionRatio: expect.any(Number),
    });

    const live = demo.lines.filter((line) => /^ *\d+\.\d\d s .*\d+ queued .*\d+ running .*\d+ succeeded .*MiB.*heap/.test(line));
    const totalSeconds = Number(/total time +(\d+\.\d\d) s/.exec(demo.text)?.[1]);
    // By the median: a machine that is shared may stop for more than a second.
    const times = [0, ...live.map((line) => Number.parseFloat(line)), totalSeconds];
    const pauses = times.slice(1).map((time, index) => time - times[index]!);
    expect(pauses.toSorted((a, b) => a - b)[Math.floor(pauses.length / 2)]).toBeLessThanOrEqual(1.5);
    expect(demo.text).toMatch(/ \d+ +started +report\.generate 1/);
    expect(demo.text).toMatch(/processing \d+ /);
    expect(demo.text).toMatch(/ \d+ +completed +report\.generate 1 in \d+ ms/);
    expect(demo.text).toMatch(/created +20\n +completed +19\n +failed +1, .*answered 410\n +success rate +95\.0 %\n +retries +\d/);
    for (const process of ['worker-demo', '4 runners of worker-demo', 'api', 'orchestrator', 'this demo'])
      expect(demo.text).toMatch(new RegExp(`${process}.* \\d+ MiB +\\d+ MiB`));
  },
);

test('a demo that is stopped leaves no job in line and no process', { timeout: 120_000 }, async () => {
  await withoutEnd();
  const before = millrace.processes();
  const demo = new Demo(millrace.env);
  await demo.said('started  ');
  demo.signal('SIGINT');
  expect(await demo.exited, demo.text).toEqual({ code: 1, signal: null });
  await expect.poll(() => millrace.processes(), { timeout: 15_000 }).toEqual(before);
  const open = await millrace.client.data('{ jobCounts(filter: { tagsAll: ["demo"] }) { scheduled queued running aborted } }');
  expect(open['jobCounts']).toMatchObject({ scheduled: 0, queued: 0, running: 0 });
  expect(open['jobCounts'].aborted).toBeGreaterThan(0);
});

test('a demo that is stopped while its jobs are being created leaves none of them', { timeout: 120_000 }, async () => {
  const temporal = await TemporalView.of(millrace);
  const ofDemo = async (): Promise<number> => (await temporal.client.workflow.count('JobPool = "demo"')).count;
  await withoutEnd();
  // Temporal counts what it has been told of, which is some time later.
  const { jobCounts } = await millrace.client.data('{ jobCounts(filter: { tagsAll: ["demo"] }) { total } }');
  const before: number = jobCounts.total;
  await expect.poll(ofDemo, { timeout: 15_000 }).toBe(before);
  const demo = new Demo(millrace.env);
  await demo.said('serves pool "demo"');
  demo.signal('SIGSTOP');
  // The api waits for the journal with each of them, and nobody finds them there meanwhile.
  const lock = await holdLock(join(millrace.dataDir, 'journal.db'));
  demo.signal('SIGCONT');
  await eventually('the first ones have begun', async () => (await ofDemo()) > before);
  demo.signal('SIGINT');
  await demo.said('The demo ends early');
  await lock.release();
  expect(await demo.exited, demo.text).toEqual({ code: 1, signal: null });
  await expect.poll(ofDemo, { timeout: 15_000 }).toBe(before + 20);
  expect(await openJobs()).toEqual([]);
  await temporal.close();
});

test('what a killed demo has left in line is aborted by the next one', { timeout: 180_000 }, async () => {
  await withoutEnd();
  const before = millrace.processes();
  const killed = new Demo(millrace.env);
  await killed.said('started  ');
  killed.signal('SIGKILL');
  await expect.poll(() => millrace.processes(), { timeout: 40_000 }).toEqual(before);

  // Its worker may have been cut off before it could say that it stops: it counts as there for a while then.
  const workers = '{ workers(pool: "demo", status: [RUNNING, DRAINING]) { id } }';
  await expect.poll(async () => (await millrace.client.data(workers))['workers'], { timeout: 60_000 }).toEqual([]);

  const left = await openJobs();
  expect(left).not.toEqual([]);

  const next = new Demo(millrace.env);
  await next.said('started  ');
  const leftOpen = async () => (await openJobs()).filter((id) => left.includes(id));
  await expect.poll(leftOpen, { timeout: 60_000 }).toEqual([]);
  next.signal('SIGINT');
  expect(await next.exited, next.text).toEqual({ code: 1, signal: null });
  expect(await openJobs()).toEqual([]);
});

// A machine that has no Temporal Web UI yet builds it first.
test('where no Millrace runs the demo starts one, and ends it when nobody watches', { timeout: 600_000 }, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-demo-'));
  const { TEMPORAL_ADDRESS: _, TEMPORAL_NAMESPACE: __, ...env } = millrace.env;
  const port = String(await freePort());
  const demo = new Demo({ ...env, MILLRACE_DATA_DIR: dataDir, MILLRACE_PORT: port });
  expect(await demo.exited, demo.text).toEqual({ code: 0, signal: null });
  expect(demo.text).toContain(`Playground     http://127.0.0.1:${port}/playground`);
  expect(demo.text).toMatch(/completed +19\n/);
  // Every process takes its pid file away when it ends, not when it is killed.
  expect(readdirSync(join(dataDir, 'run')).filter((name) => name.endsWith('.pid'))).toEqual([]);
  rmSync(dataDir, { recursive: true });
});

test('a demo that would serve another journal than the Millrace that answers is refused', async () => {
  const demo = new Demo({ ...millrace.env, MILLRACE_DATA_DIR: join(millrace.dataDir, 'other') });
  expect(await demo.exited).toEqual({ code: 78, signal: null });
  expect(demo.text).toMatch(/MILLRACE_DATA_DIR/);
  expect(demo.text).not.toMatch(/\n +at /);
});

/** No demo comes to its end by itself while the test goes on, however late the test is to hear of it: one of its queues is paused. */
async function withoutEnd(): Promise<void> {
  const queues = queuesOf(millrace);
  await queues.pause('data');
  onTestFinished(() => queues.resume('data'));
}

/** The ids of the demo's jobs that have not ended. */
async function openJobs(): Promise<string[]> {
  const { jobs } = await millrace.client.data(
    '{ jobs(filter: { tagsAll: ["demo"], status: [SCHEDULED, QUEUED, RUNNING] }, first: 100) { nodes { id } } }',
  );
  return jobs.nodes.map(({ id }: { id: string }) => id);
}

/** The demo as a process whose screen is a pipe. */
class Demo {
  readonly #child: ChildProcess;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  text = '';

  constructor(env: NodeJS.ProcessEnv) {
    this.#child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'demo'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (this.text += text));
    this.exited = new Promise((resolve) => this.#child.once('close', (code, signal) => resolve({ code, signal })));
  }

  get lines(): string[] {
    return this.text.split('\n');
  }

  /** @throws Error when it ends before. */
  async said(words: string): Promise<void> {
    const ended = this.exited.then(() => Promise.reject(new Error(`the demo ended before it said "${words}":\n${this.text}`)));
    const said = new Promise<void>((resolve) => this.#child.stdout!.on('data', () => this.text.includes(words) && resolve()));
    await Promise.race([said, ended]);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
