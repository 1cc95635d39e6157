import { startTemporalServer } from '../src/temporal/server/start-temporal-server.ts';
import { type CpuTimes, sayCpu } from './cpu.ts';
import type { Figure } from './figure.ts';
import { makeDir } from './leftovers.ts';
import { Lines } from './line.ts';
import { median, short, spread } from './stats.ts';
import { System } from './system.ts';

/** How a part of the long line was drained, and a line that is alone in a system with a Temporal of its own. */
type Drains = Record<'long' | 'short', { rate: number; cpu: CpuTimes }[]>;

/** The two in turn, so that what the machine has to give is the same for both: the long line's head, and further back. */
export async function drainInTurn(long: Lines, pairs: number, say: (line: string) => void): Promise<{ head: Drains; further: Drains }> {
  const temporal = await startTemporalServer({ dataDir: makeDir('temporal'), namespace: 'default', ui: false, say });
  try {
    const system = await System.start({ temporalAddress: temporal.address, slots: 2 });
    try {
      const alone = new Lines(system, temporal.pids, say);
      const shortLine = async (name: string): Promise<string> => {
        await alone.create(SHORT_LINE, name);
        await alone.untilInLine(SHORT_LINE, name);
        return name;
      };
      const turns = async (name: string): Promise<Drains> => {
        const drains: Drains = { long: [], short: [] };
        for (let turn = 0; turn < TURNS; turn++) {
          drains.short.push(await alone.drain(name, DRAINED));
          drains.long.push(await long.drain('big', DRAINED));
        }
        return drains;
      };
      // A warm-up, of the short side: a long line has but one head.
      await alone.drain(await shortLine('warm-up'), WARM_UP);
      const head = await turns(await shortLine('head'));
      await long.drain('big', TO_FURTHER);
      const further: Drains = { long: [], short: [] };
      for (let line = 0; line < pairs; line++) {
        const { long: drained, short: beside } = await turns(await shortLine(`further-${line}`));
        further.long.push(...drained);
        further.short.push(...beside);
      }
      return { head, further };
    } finally {
      await system.stop();
    }
  } finally {
    await temporal.stop();
  }
}

export function drainFigures(line: string, { head, further }: { head: Drains; further: Drains }): Figure[] {
  const of = ({ long, short: alone }: Drains): Pick<Figure, 'value' | 'spread' | 'notes'> & { ratio: number } => {
    const ratios = long.map(({ rate }, pair) => rate / alone[pair]!.rate);
    const rateOf = (drains: Drains['long']): string => short(median(drains.map(({ rate }) => rate)));
    return {
      ratio: median(ratios),
      value: `${median(ratios).toFixed(2)} (${rateOf(long)}/s ÷ ${rateOf(alone)}/s)`,
      spread: spread(ratios),
      notes: [cpuNote('the long line', long), cpuNote('the short one', alone)],
    };
  };
  const how = `No-op jobs of a pool that has no worker between, 2 slots; ${DRAINED} jobs a side and turn, from the tenth end on, ${TURNS} turns to a short line; the short line in a system and a Temporal of its own, which hold nothing else. The median of the turns' ratios.`;
  const { ratio, ...first } = of(head);
  const { ratio: _, ...beyond } = of(further);
  return [
    {
      ...first,
      name: `${line}: drain rate of its first ${SHORT_LINE} ÷ that of a line of ${SHORT_LINE}`,
      bar: '≥ 0.9',
      ok: ratio >= 0.9,
      how,
    },
    {
      ...beyond,
      name: `${line}: drain rate further back, past its first 1,000 ÷ that of a line of ${SHORT_LINE}`,
      bar: 'stated',
      ok: undefined,
      how: 'The same, of jobs further back.',
    },
  ];
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
/** From the head's end to where it is long. */
const TO_FURTHER = 500;
const WARM_UP = 400;
