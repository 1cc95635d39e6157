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
      // The first line of each is a warm-up.
      for (let line = 0; line <= pairs; line++) {
        await alone.create(SHORT_LINE, `short-${line}`);
        await alone.untilInLine(SHORT_LINE, `short-${line}`);
        for (let turn = 0; turn < TURNS; turn++) {
          const pair = {
            short: await alone.drain(`short-${line}`, DRAINED),
            long: await long.drain('big', DRAINED),
          };
          if (line === 0) continue;
          drains.short.push(pair.short);
          drains.long.push(pair.long);
        }
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
    name: `${line}: drain rate of its head ÷ that of a line of ${SHORT_LINE}`,
    value: `${median(ratios).toFixed(2)} (${rateOf(long)}/s ÷ ${rateOf(alone)}/s)`,
    bar: '≥ 0.9',
    ok: median(ratios) >= 0.9,
    spread: spread(ratios),
    how: `No-op jobs of a pool that has no worker between, 2 slots; ${DRAINED} jobs a side and turn, from the tenth end on, ${TURNS} turns to a short line; the short line in a system and a Temporal of its own, which hold nothing else. The median of the turns' ratios.`,
    notes: [cpuNote('the long line', long), cpuNote('the short one', alone)],
  };
}

/** Of each process the median of the drains. */
const cpuNote = (name: string, drains: Drains['long']): string => {
  const processes = Object.keys(drains[0]!.cpu);
  return `CPU a job, ${name}: ${sayCpu(Object.fromEntries(processes.map((process) => [process, median(drains.map(({ cpu }) => cpu[process]!))])))}`;
};

const SHORT_LINE = 500;
/** Few at a time, for what a machine has to give changes from minute to minute; less than a quarter of the line, for some more end until the worker has stopped. */
const TURNS = 4;
const DRAINED = 110;
