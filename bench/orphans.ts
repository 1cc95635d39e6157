import { setTimeout as sleep } from 'node:timers/promises';
import { carries, ofWorker } from '../src/process/mark.ts';
import { isDead, listPids, readEnviron, readStat } from '../src/process/proc.ts';
import type { Bench } from './figure.ts';
import { median, quantile, short, spread } from './stats.ts';
import { System } from './system.ts';

/** kill -9 of a worker → nobody is left of what its jobs are and have started, although all of it burns CPU. */
export const orphans: Bench = async (setting) => {
  const system = await System.start({ temporalAddress: setting.temporal.address, slots: SLOTS });
  try {
    const delays: number[] = [];
    for (let round = setting.short ? 2 : 10; round > 0; round--) {
      delays.push(await orphanOnce(system));
    }
    const latest = quantile(delays, 1);
    return [
      {
        name: 'kill -9 of a worker → its runners and all they have started are gone, p50 / max',
        value: `${short(median(delays))} / ${short(latest)} ms`,
        bar: '≤ 1000 ms',
        ok: latest <= 1_000,
        spread: spread(delays, ' ms'),
        how: `On each of ${SLOTS} slots a job that never yields, with a shell in a session of its own that burns too and ignores SIGTERM. Until no living process carries the worker's mark (looked at every 5 ms).`,
      },
    ];
  } finally {
    await system.stop();
  }
};

async function orphanOnce(system: System): Promise<number> {
  const ids = await Promise.all(Array.from({ length: SLOTS }, () => system.create('family', {}, { onLost: 'FAIL' })));
  const { workers } = await system.client.data('{ workers(status: [RUNNING]) { id } }');
  const mark = ofWorker(workers[0].id);
  // A runner and its shell each; a spare runner may be there as well.
  while (burning(mark) < 2 * SLOTS) await sleep(20);
  const [worker] = system.pids.worker;
  const began = performance.now();
  process.kill(worker!, 'SIGKILL');
  while (marked(mark).length > 0) await sleep(5);
  const delay = performance.now() - began;
  await system.startRole('worker');
  await Promise.all(ids.map((id) => system.feed.until(id, 'FINISHED')));
  return delay;
}

const marked = (mark: string) =>
  listPids()
    .filter((pid) => carries(readEnviron(pid) ?? '', mark))
    .map(readStat)
    .filter((stat) => stat !== undefined && !isDead(stat));
const burning = (mark: string): number => marked(mark).filter((stat) => stat!.cpuMs > 500).length;

const SLOTS = 2;
