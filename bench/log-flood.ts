import { setTimeout as sleep } from 'node:timers/promises';
import { readStat } from '../src/process/proc.ts';
import { cpuTimesOf } from './cpu.ts';
import type { Bench, Figure } from './figure.ts';
import { median, percentiles, quantile, short, spread, sum } from './stats.ts';
import { System } from './system.ts';

type Beside = { burnMs: number; lines: number; perSecond: number; floodCpu: number; workerCpu: number; grownMiB: number };

/** What a job that writes far more than is kept costs its neighbour and its worker, and how live a log is. */
export const logFlood: Bench = async (setting) => {
  const pairs = setting.pairs ?? (setting.short ? 2 : 7);
  const system = await System.start({ temporalAddress: setting.temporal.address, slots: 2 });
  try {
    // Both runners warm, the worker's memory as it is when it works.
    await besideFlood(system);
    const workerMiB = rssMiB(system);
    const alone: number[] = [];
    const beside: Beside[] = [];
    const singly: Beside[] = [];
    for (let pair = 1; pair <= pairs; pair++) {
      alone.push(await burn(system));
      beside.push(await besideFlood(system));
      singly.push(await besideFlood(system, { singly: true }));
      const [a, b, c] = [alone.at(-1)!, beside.at(-1)!, singly.at(-1)!];
      setting.say(
        `log flood, pair ${pair}: alone ${a.toFixed(0)} ms, beside ${b.burnMs.toFixed(0)} ms at ${short(b.perSecond)} lines/s, worker ${short(b.workerCpu)} % of a core, +${short(b.grownMiB)} MiB; line by line ${c.burnMs.toFixed(0)} ms at ${short(c.perSecond)}, worker ${short(c.workerCpu)} %, +${short(c.grownMiB)} MiB`,
      );
    }
    const calm = await latencies(system, { perSecond: 20, ms: setting.short ? 3_000 : 10_000 });
    const flooded = await latencies(system, FLOOD);
    return [neighbour(alone, beside, singly), growth([...beside, ...singly], workerMiB), liveness(calm, flooded)];
  } finally {
    await system.stop();
  }
};

/** How long cpu.burn takes by its handler's own clock. */
async function burn(system: System): Promise<number> {
  const id = await system.create('cpu.burn', { ms: BURN_MS });
  await system.feed.until(id, 'FINISHED');
  const { enteredAt, leftAt } = await system.result(id);
  return leftAt! - enteredAt!;
}

async function besideFlood(system: System, how: { singly?: boolean } = {}): Promise<Beside> {
  const before = rssMiB(system);
  const flood = await system.create('flood', { ...FLOOD, ...how });
  await system.feed.until(flood, 'STARTED');
  await sleep(RAMP_MS);
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, rssMiB(system))), 100);
  const [cpuBefore, began] = [workerCpuMs(system), performance.now()];
  const burnMs = await burn(system);
  const workerCpu = ((workerCpuMs(system) - cpuBefore) / (performance.now() - began)) * 100;
  await system.feed.until(flood, 'FINISHED');
  clearInterval(watch);
  const { lines, ms, cpuMs } = await system.result(flood);
  await expectCounted(system, flood, lines!);
  return { burnMs, lines: lines!, perSecond: lines! / (ms! / 1_000), floodCpu: (cpuMs! / ms!) * 100, workerCpu, grownMiB: most - before };
}

/** Every line that was written is kept or counted. @throws Error where that is not so. */
async function expectCounted(system: System, jobId: string, lines: number): Promise<void> {
  let known = 0;
  for await (const { data } of system.client.subscribe(LOG, { jobId })) known += data!['jobLog'].lines.length + data!['jobLog'].dropped;
  if (known !== lines) throw new Error(`${lines} lines were written, ${known} are kept or counted`);
}

/** From the moment a kept line was written to the arrival of its message at a subscriber. */
async function latencies(system: System, payload: { perSecond: number; ms: number }): Promise<number[]> {
  const jobId = await system.create('flood', payload);
  const all: number[] = [];
  for await (const { data } of system.client.subscribe(LOG, { jobId })) {
    const now = Date.now();
    for (const { text } of data!['jobLog'].lines) all.push(now - Number.parseInt(text, 10));
  }
  return all;
}

function neighbour(alone: number[], beside: Beside[], singly: Beside[]): Figure {
  const ratios = beside.map(({ burnMs }, pair) => burnMs / alone[pair]!);
  const ratio = median(ratios);
  return {
    name: `cpu.burn beside a job that writes ${FLOOD.perSecond.toLocaleString('en')} lines a second ÷ alone`,
    value: `${ratio.toFixed(2)} (${short(median(beside.map(({ burnMs }) => burnMs)))} ms ÷ ${short(median(alone))} ms)`,
    bar: '≤ 1.2',
    ok: ratio <= 1.2,
    spread: spread(ratios),
    how: `2 slots of one worker. cpu.burn {ms: ${BURN_MS}} by its handler's own clock, in turn with the other slot free and with a job on it that writes at that rate, as many lines at a time as are due every 5 ms, from ${RAMP_MS} ms after its start. Every line is found again, kept or counted.`,
    notes: [
      `the flood: ${sayFlood(beside)}`,
      `the same with a console.log for each line, which takes most of the other core itself: ${spread(singly.map(({ burnMs }, pair) => burnMs / alone[pair]!))}; ${sayFlood(singly)}`,
    ],
  };
}

/** Who uses what, by the median. */
function sayFlood(runs: Beside[]): string {
  const of = (what: (run: Beside) => number): string => short(median(runs.map(what)));
  return `${of(({ perSecond }) => perSecond)} lines/s for ${of(({ floodCpu }) => floodCpu)} % of a core in the job and ${of(({ workerCpu }) => workerCpu)} % in its worker`;
}

function growth(beside: Beside[], workerMiB: number): Figure {
  const grown = beside.map(({ grownMiB }) => grownMiB);
  const most = Math.max(...grown);
  return {
    name: 'growth of the worker under that flood (RSS)',
    value: `at most ${short(most)} MiB, from ${short(workerMiB)} MiB`,
    bar: '≤ 100 MB',
    ok: most * 2 ** 20 <= 100e6,
    spread: spread(grown, ' MiB'),
    how: `VmRSS from just before the job to the highest of every 100 ms while it runs; ${short(sum(beside.map(({ lines }) => lines)) / 1e6)} million lines in all.`,
  };
}

function liveness(calm: number[], flooded: number[]): Figure {
  const p99 = quantile(calm, 0.99);
  return {
    name: 'line written → subscriber’s message, p50 / p99',
    value: `${short(median(calm))} / ${short(p99)} ms`,
    bar: '≤ 200 ms',
    ok: p99 <= 200,
    spread: spread(calm, ' ms'),
    how: 'A job that writes 20 lines a second, one jobLog subscription over graphql-ws: from Date.now() in the line to the arrival of its message.',
    notes: [`of what is kept of the flood, p50/p90/p99: ${percentiles(flooded)} ms (n ${flooded.length})`],
  };
}

const rssMiB = ({ pids }: System): number => sum(pids.worker.map((pid) => readStat(pid)?.rssBytes ?? 0)) / 2 ** 20;
const workerCpuMs = ({ pids }: System): number => cpuTimesOf({ worker: pids.worker })['worker'] ?? 0;

const LOG = 'subscription ($jobId: ID!) { jobLog(jobId: $jobId) { lines { text } dropped } }';
const BURN_MS = 4_000;
const RAMP_MS = 1_000;
const FLOOD = { perSecond: 100_000, ms: 8_000 };
