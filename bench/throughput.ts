import { BareSide } from './bare-side.ts';
import { cpuTimesOf, type CpuTimes, perJob, sayCpu, withChildren } from './cpu.ts';
import type { Bench, Figure } from './figure.ts';
import { median, percentiles, short, spread } from './stats.ts';
import { System } from './system.ts';

type Period = { rate: number; cpu: CpuTimes };

/** No-op jobs a second, ours and bare in turn: what all of Millrace costs when the work costs nothing. */
export const throughput: Bench = async (setting) => {
  const pairs = setting.pairs ?? (setting.short ? 2 : 9);
  const jobs = setting.short ? 150 : 300;
  const { address: temporalAddress, pids: temporal } = setting.temporal;
  const system = await System.start({ temporalAddress, slots: SLOTS });
  let bare: BareSide | undefined;
  try {
    bare = await BareSide.start({ temporalAddress, namespace: system.namespace, slots: SLOTS });
    const runOurs = async (): Promise<void> => void (await system.feed.until(await system.create('noop'), 'FINISHED'));
    const runBare = async (): Promise<void> => void (await (await bare!.create()).result());
    const ours: Period[] = [];
    const theirs: Period[] = [];
    const delays: number[] = [];
    for (let pair = 0; pair <= pairs; pair++) {
      system.feed.forget();
      const our = await drive(jobs, runOurs, { temporal, ...system.pids });
      const their = await drive(jobs, runBare, {
        temporal,
        orchestrator: [bare.orchestrator.pid],
        worker: withChildren([bare.worker.pid]),
      });
      // The first pair warms both up.
      if (pair === 0) continue;
      ours.push(our);
      theirs.push(their);
      delays.push(...system.feed.all.filter(({ kind }) => WATCHED.has(kind)).map(({ at, arrivedAt }) => arrivedAt - at));
      setting.say(
        `throughput, pair ${pair}: ours ${our.rate.toFixed(1)}/s, bare ${their.rate.toFixed(1)}/s, ${(our.rate / their.rate).toFixed(3)}`,
      );
    }
    return [figureOf(ours, theirs, delays, jobs)];
  } finally {
    await bare?.stop();
    await system.stop();
  }
};

async function drive(count: number, one: () => Promise<void>, groups: Record<string, readonly number[]>): Promise<Period> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await one();
  };
  const before = cpuTimesOf(groups);
  const began = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  const seconds = (performance.now() - began) / 1_000;
  return { rate: count / seconds, cpu: perJob(before, cpuTimesOf(groups), count) };
}

function figureOf(ours: Period[], theirs: Period[], delays: number[], jobs: number): Figure {
  const ratios = ours.map(({ rate }, pair) => rate / theirs[pair]!.rate);
  const ratio = median(ratios);
  const rates = [ours, theirs].map((side) => short(median(side.map(({ rate }) => rate))));
  return {
    name: 'no-op jobs per second, ours ÷ bare',
    value: `${ratio.toFixed(2)} (${rates[0]}/s ÷ ${rates[1]}/s)`,
    bar: '≥ 0.8',
    ok: ratio >= 0.8,
    spread: spread(ratios),
    how: `${jobs} jobs a side and pair, ${IN_FLIGHT} in flight, ${SLOTS} slots. Ours: one HTTP createJob each, over when one jobEvents subscription (graphql-ws) has shown it FINISHED. Bare: workflow.start and result(). From the first create to the last end; the median of the pairs' ratios.`,
    notes: [
      `CPU a job, ours: ${sayCpu(medians(ours))}`,
      `CPU a job, bare: ${sayCpu(medians(theirs))}`,
      `Event → subscriber's message while saturated so, p50/p90/p99: ${percentiles(delays)} ms (n ${delays.length})`,
    ],
  };
}

const medians = (periods: Period[]): CpuTimes =>
  Object.fromEntries(Object.keys(periods[0]!.cpu).map((name) => [name, median(periods.map(({ cpu }) => cpu[name]!))]));

const SLOTS = 4;
const IN_FLIGHT = 32;
const WATCHED = new Set(['STARTED', 'ATTEMPT_ENDED', 'FINISHED']);
