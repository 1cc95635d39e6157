import { setTimeout as sleep } from 'node:timers/promises';
import { BareSide } from './bare-side.ts';
import type { Bench } from './figure.ts';
import { percentiles, median, short, spread } from './stats.ts';
import { System } from './system.ts';

/** createJob sent → handler entered, on an idle system; bare: workflow.start called → activity entered. */
export const startLatency: Bench = async (setting) => {
  const samples = setting.short ? 30 : 150;
  const system = await System.start({ temporalAddress: setting.temporal.address, slots: 2 });
  let bare: BareSide | undefined;
  try {
    bare = await BareSide.start({ temporalAddress: setting.temporal.address, namespace: system.namespace, slots: 2 });
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let sample = -WARM_UP; sample < samples; sample++) {
      const our = await runOurs(system);
      await pause();
      const their = await runBare(bare);
      await pause();
      if (sample < 0) continue;
      ours.push(our);
      theirs.push(their);
    }
    const ratio = median(ours) / median(theirs);
    return [
      {
        name: 'createJob → handler entered, idle, p50 ours ÷ bare',
        value: `${ratio.toFixed(2)} (${short(median(ours))} ms ÷ ${short(median(theirs))} ms)`,
        bar: '≤ 1.5',
        ok: ratio <= 1.5,
        spread: `ours ${spread(ours, ' ms')}; bare ${spread(theirs, ' ms')}`,
        how: 'One job at a time, ours and bare in turn, a pause of 50 to 150 ms before each. From just before the HTTP request (bare: the call of workflow.start) to Date.now() in the handler, which runs in a runner (bare: in the activity worker itself).',
        notes: [`p50/p90/p99: ours ${percentiles(ours)} ms, bare ${percentiles(theirs)} ms`],
      },
    ];
  } finally {
    await bare?.stop();
    await system.stop();
  }
};

async function runOurs(system: System): Promise<number> {
  const began = Date.now();
  const id = await system.create('noop');
  await system.feed.until(id, 'FINISHED');
  return (await system.result(id))['enteredAt']! - began;
}

async function runBare(bare: BareSide): Promise<number> {
  const began = Date.now();
  const { result } = await bare.create();
  return (await result())['enteredAt']! - began;
}

/** Of random length, so that no timer of anybody's is met at the same point each time. */
const pause = (): Promise<void> => sleep(50 + Math.random() * 100);

const WARM_UP = 10;
