import { spawnSync } from 'node:child_process';
import { BullmqSide } from './bullmq-side.ts';
import { CONTROL_CORE, pinOthers, runOurs, shareOf, WORK_CORE, type Run } from './busy-share.ts';
import type { Bench, Figure } from './figure.ts';
import { median, spread } from './stats.ts';
import { System } from './system.ts';

/** The busy share of one slot on a core of its own for jobs of several lengths, beside BullMQ's sandboxed processors. Needs redis-server. */
export const besideBullmq: Bench = async (setting) => {
  if (spawnSync('redis-server', ['--version']).status !== 0) {
    setting.say('beside BullMQ: skipped, there is no redis-server on the PATH');
    return [];
  }
  const pairs = setting.pairs ?? (setting.short ? 1 : 3);
  const lengths = setting.short ? LENGTHS.slice(0, 1) : LENGTHS;
  const unpin = pinOthers(setting);
  let system: System | undefined;
  let bullmq: BullmqSide | undefined;
  try {
    system = await System.start({ temporalAddress: setting.temporal.address, slots: 1, cpus: { worker: WORK_CORE } });
    bullmq = await BullmqSide.start({ cpus: WORK_CORE, redisCpus: CONTROL_CORE });
    await runOurs(system, 3, 50);
    await bullmq.run(3, 50);
    const figures: Figure[] = [];
    for (const { ms, jobs } of lengths) {
      const ours: Run[] = [];
      const theirs: Run[] = [];
      for (let pair = 0; pair < pairs; pair++) {
        ours.push(await runOurs(system, jobs, ms));
        theirs.push(shareOf(await bullmq.run(jobs, ms)));
      }
      figures.push(figureOf(ours, theirs, ms, jobs));
      setting.say(`beside BullMQ, ${ms} ms: ${figures.at(-1)!.value}`);
    }
    return figures;
  } finally {
    await bullmq?.stop();
    await system?.stop();
    unpin();
  }
};

function figureOf(ours: Run[], theirs: Run[], ms: number, jobs: number): Figure {
  const [our, their] = [ours, theirs].map((side) => median(side.map(({ share }) => share)).toFixed(3));
  const gap = (side: Run[]): string => median(side.flatMap(({ gaps }) => gaps)).toFixed(0);
  return {
    name: `busy share of a slot with jobs of ${ms} ms: Millrace, BullMQ`,
    value: `${our}, ${their}`,
    bar: 'stated',
    ok: undefined,
    spread: spread(ours.map(({ share }, pair) => share / theirs[pair]!.share)),
    how: `${jobs} × cpu.burn {ms: ${ms}} a side and pair, in turn, all in line from the start; as the busy share beside bare Temporal. BullMQ: sandboxed processor (a child process, kept), concurrency 1, Redis without any file; no job of it outlives Redis. The spread is of the pairs' ratios.`,
    notes: [`Between two handlers on the slot, p50: Millrace ${gap(ours)} ms, BullMQ ${gap(theirs)} ms`],
  };
}

const LENGTHS = [
  { ms: 50, jobs: 200 },
  { ms: 500, jobs: 40 },
  { ms: 5_000, jobs: 5 },
];
