import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openJournal } from '../src/journal/journal.ts';
import { listPids } from '../src/process/proc.ts';
import { SAMPLE_MS } from '../src/worker/meter.ts';
import { Runner } from '../src/worker/runner.ts';
import { supervisor } from '../test/unit/fixtures/supervisor.ts';
import type { Bench, Figure } from './figure.ts';
import { makeDir, removeDir } from './leftovers.ts';
import { median, short, spread } from './stats.ts';
import { BENCH_JOBS } from './system.ts';

/** What it costs a supervisor to watch the processes of 16 attempts, and what the look at the end of each attempt takes. */
export const sampling: Bench = async (setting) => {
  const forMs = setting.short ? 3_000 : 10_000;
  const rounds = setting.short ? 1 : 5;
  const dir = makeDir('sampling');
  const journal = await openJournal(join(dir, 'journal.db'), setting.say);
  const worker = supervisor();
  const { guardian, meter } = worker;
  const options = { ...worker, jobsDir: BENCH_JOBS, heapBytes: 512 * 2 ** 20, cacheDir: dir };
  const runners = Array.from({ length: RUNNERS }, () => new Runner(options));
  try {
    await Promise.all(runners.map((runner) => runner.ready));
    const at = Date.now();
    for (const [index, { pid }] of runners.entries())
      journal.writer.tell({
        kind: 'attemptStarted',
        attempt: { jobId: `bench-${index}`, number: 1, workflowId: '', activityId: '', workerId: 'bench', host: 'bench', pid, at },
      });
    const limits = { memoryBytes: 2 ** 40, cpuSeconds: 1e6, cpuPercent: 1e4, onMemoryLimit: null };
    const follow = () => runners.map(({ tree }, index) => meter.follow(tree, { jobId: `bench-${index}`, number: 1, limits }));
    const withIt: number[] = [];
    const without: number[] = [];
    for (let round = 0; round < rounds; round++) {
      meter.start((samples) => journal.writer.tell({ kind: 'usage', samples }));
      const gauges = follow();
      withIt.push(await cpuPercentFor(forMs));
      for (const gauge of gauges) gauge.stop();
      meter.stop();
      without.push(await cpuPercentFor(forMs));
    }
    const processes = listPids().length;
    const cost = median(withIt.map((percent, round) => percent - without[round]!));
    const [runner] = runners;
    const looksMs = Array.from({ length: LOOKS }, () => timed(() => runner!.hasLeftProcesses()));
    return [
      {
        name: `watching the processes of ${RUNNERS} attempts, share of a core`,
        value: `${short(cost)} %`,
        bar: '≤ 1 %',
        ok: cost <= 1,
        spread: `with it ${spread(withIt, ' %')}; without ${spread(without, ' %')}`,
        how: `${RUNNERS} warm runners of a supervisor, each with an attempt that has all limits: a look every ${SAMPLE_MS} ms, a sample a second written to the journal. \`process.cpuUsage\` of all threads, with and without it in turn, ${forMs / 1_000} s each.`,
        notes: [`${processes} processes on the machine`],
      } satisfies Figure,
      {
        name: 'the look for what an attempt has left behind, p50',
        value: `${short(median(looksMs))} ms`,
        bar: '≤ 1 ms',
        ok: median(looksMs) <= 1,
        spread: spread(looksMs, ' ms'),
        how: `Of an attempt that has started no process, ${LOOKS} times.`,
      },
    ];
  } finally {
    await Promise.all(runners.map((runner) => runner.kill(0)));
    meter.stop();
    guardian.stop();
    await journal.stop(1_000);
    removeDir(dir);
  }
};

/** This process' share of a core, all its threads. */
async function cpuPercentFor(ms: number): Promise<number> {
  const before = process.cpuUsage();
  const began = performance.now();
  await sleep(ms);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 10 / (performance.now() - began);
}

function timed(what: () => unknown): number {
  const began = performance.now();
  what();
  return performance.now() - began;
}

const RUNNERS = 16;
const LOOKS = 500;
