import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../src/config.ts';
import { RunnerPool } from '../src/worker/runner-pool.ts';
import { Runner } from '../src/worker/runner.ts';
import { supervisor } from '../test/unit/fixtures/supervisor.ts';
import type { Bench } from './figure.ts';
import { forgetGroup, watchGroup } from './leftovers.ts';
import { median, percentiles, short, spread } from './stats.ts';
import { BENCH_JOBS } from './system.ts';

/** What a process of its own costs an attempt: to start one, to get one, and to have one replaced. */
export const runner: Bench = async ({ short: isTrial }) => {
  const worker = supervisor();
  const { cacheDir, runnerHeapBytes: heapBytes } = readConfig({});
  const fork = (): Runner => {
    const runner = new Runner({ ...worker, jobsDir: BENCH_JOBS, heapBytes, cacheDir });
    watchGroup(runner.pid);
    void runner.exited.then(() => forgetGroup(runner.pid));
    return runner;
  };
  const poolOf = (maxAttempts: number): RunnerPool =>
    new RunnerPool({ slots: 1, maxAttempts, maxMemoryBytes: undefined, fork, onProblem: fail });
  try {
    const starts = await startsOf(fork, isTrial ? 3 : 20);
    const warm = poolOf(0);
    const delays = await delaysOf(warm, isTrial ? 30 : 500);
    await warm.stop();
    const recycling = poolOf(1);
    const gaps = await gapsOf(recycling, isTrial ? 3 : 20, 0);
    const gapsAfterWork = await gapsOf(recycling, isTrial ? 3 : 20, WORK_MS);
    await recycling.stop();
    return [
      {
        name: 'runner start → ready, p50',
        value: `${short(median(starts))} ms`,
        bar: 'stated',
        ok: undefined,
        spread: spread(starts, ' ms'),
        how: 'One at a time, over the bench’s own job modules, code compiled before: from just before the spawn to its `ready`.',
      },
      {
        name: 'runner lease → handler entered, warm, p50',
        value: `${short(median(delays))} ms`,
        bar: '≤ 5 ms',
        ok: median(delays) <= 5,
        spread: spread(delays, ' ms'),
        how: 'One attempt at a time in one runner, a pause of 5 to 15 ms before each: from just before the lease to the first line of the handler, by the monotonic clock that both processes share.',
        notes: [`p50/p90/p99: ${percentiles(delays)} ms`],
      },
      {
        name: 'slot without a runner when one is replaced, p50',
        value: `${short(median(gapsAfterWork))} ms after an attempt of 1 s, ${short(median(gaps))} ms after one of 0 s`,
        bar: 'stated',
        ok: undefined,
        spread: `after 1 s ${spread(gapsAfterWork, ' ms')}; after 0 s ${spread(gaps, ' ms')}`,
        how: 'Each runner for one attempt (MILLRACE_RUNNER_ATTEMPTS=1): from the end of the lease to the next one that has its runner. The successor is forked while the last attempt works.',
      },
    ];
  } finally {
    worker.guardian.stop();
  }
};

async function startsOf(fork: () => Runner, samples: number): Promise<number[]> {
  const starts: number[] = [];
  for (let sample = -2; sample < samples; sample++) {
    const began = performance.now();
    const runner = fork();
    await runner.ready;
    if (sample >= 0) starts.push(performance.now() - began);
    await runner.kill(0);
  }
  return starts;
}

async function delaysOf(pool: RunnerPool, samples: number): Promise<number[]> {
  await pool.loaded;
  const delays: number[] = [];
  for (let sample = -20; sample < samples; sample++) {
    await sleep(5 + Math.random() * 10);
    const began = Number(process.hrtime.bigint()) / 1e6;
    const runner = await pool.lease('enter');
    const end = await runner.run(ATTEMPT, SILENT);
    pool.giveBack(runner, true);
    if (end.kind !== 'done') throw new Error(`the attempt has ${end.kind}`);
    if (sample >= 0) delays.push((end.result as { enteredMs: number }).enteredMs - began);
  }
  return delays;
}

async function gapsOf(pool: RunnerPool, samples: number, workMs: number): Promise<number[]> {
  const gaps: number[] = [];
  let runner = await pool.lease('enter');
  for (let sample = 0; sample < samples; sample++) {
    await sleep(workMs);
    const began = performance.now();
    pool.giveBack(runner, true);
    runner = await pool.lease('enter');
    gaps.push(performance.now() - began);
  }
  pool.giveBack(runner, true);
  return gaps;
}

const fail = (message: string): never => {
  throw new Error(message);
};

const ATTEMPT = {
  job: { id: 'bench', type: 'enter', queue: 'default', tags: [], metadata: null },
  payload: {},
  number: 1,
  deadlineAt: null,
  checkpoint: null,
  dependencies: {},
};
const SILENT = { progress() {}, save() {}, line() {}, annotate() {}, answered() {} };
const WORK_MS = 1_000;
