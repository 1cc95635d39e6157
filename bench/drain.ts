import { startTemporalServer } from '../src/temporal/server/start-temporal-server.ts';
import { type CpuTimes, sayCpu } from './cpu.ts';
import type { Figure } from './figure.ts';
import { makeDir } from './leftovers.ts';
import { Lines } from './line.ts';
import { median, short, spread } from './stats.ts';
import { System } from './system.ts';

/** How a line is drained: the head of the long one, and one that is alone in a system with a Temporal of its own. */
type Drains = Record<'long' | 'short', { rate: number; cpu: CpuTimes }[]>;

/** The two in turn, so that what the machine has to give is the same for both. */
export async function drainInTurn(long: Lines, pairs: number, say: (line: string) => void): Promise<Drains> {
  const temporal = await startTemporalServer({ dataDir: makeDir('temporal'), namespace: 'default', ui: false, say });
  try {
    const system = await System.start({ temporalAddress: temporal.address, slots: 2 });
    try {
      const alone = new Lines(system, temporal.pids, say);
      const drains: Drains = { long: [], short: [] };
      // The first of each is a warm-up.
      for (let pair = 0; pair <= pairs; pair++) {
        await alone.create(DRAINED, `short-${pair}`);
        await alone.untilInLine(DRAINED, `short-${pair}`);
        const pairOf = {
          short: await alone.drain(`short-${pair}`, DRAINED),
          long: await long.drain('big', DRAINED),
        };
        if (pair === 0) continue;
        drains.short.push(pairOf.short);
        drains.long.push(pairOf.long);
      }
      return drains;
    } finally {
      await system.stop();
    }
  } finally {
    await temporal.stop();
  }
}

export function drainFigure(line: string, { long, short: alone }: Drains): Figure {
  const ratios = long.map(({ rate }, pair) => rate / alone[pair]!.rate);
  const rateOf = (drains: Drains['long']): string => short(median(drains.map(({ rate }) => rate)));
  return {
    name: `${line}: drain rate of its head ÷ that of a line of ${DRAINED}`,
    value: `${median(ratios).toFixed(2)} (${rateOf(long)}/s ÷ ${rateOf(alone)}/s)`,
    bar: '≥ 0.9',
    ok: median(ratios) >= 0.9,
    spread: spread(ratios),
    how: `No-op jobs of a pool that has no worker between, 2 slots; ${DRAINED} jobs a side and pair, from the tenth end on; the short line in a system and a Temporal of its own, which hold nothing else. The median of the pairs' ratios.`,
    notes: [cpuNote('the long line', long), cpuNote('the short one', alone)],
  };
}

/** Of each process the median of the drains. */
const cpuNote = (name: string, drains: Drains['long']): string => {
  const processes = Object.keys(drains[0]!.cpu);
  return `CPU a job, ${name}: ${sayCpu(Object.fromEntries(processes.map((process) => [process, median(drains.map(({ cpu }) => cpu[process]!))])))}`;
};

const DRAINED = 500;
