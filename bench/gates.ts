import type { Bench } from './figure.ts';
import { median, short, spread } from './stats.ts';
import { System } from './system.ts';

/** How many jobs a second one gate lets in: the most that a queue with a limit, or a key, can do. */
export const gates: Bench = async ({ temporal, pairs = 7, short: isShort, say }) => {
  const system = await System.start({ temporalAddress: temporal.address, slots: SLOTS });
  try {
    const jobs = isShort ? 60 : 200;
    const rates: number[] = [];
    const plain: number[] = [];
    for (let round = 0; round <= (isShort ? 1 : pairs); round++) {
      const key = { concurrency: { key: `bench-${round}`, limit: SLOTS } };
      const through = await drive(system, jobs, key);
      const without = await drive(system, jobs, {});
      // The first round warms both up.
      if (round === 0) continue;
      rates.push(through);
      plain.push(without);
      say(`gates, round ${round}: ${through.toFixed(1)}/s through one gate, ${without.toFixed(1)}/s without`);
    }
    return [
      {
        name: 'jobs a second through one gate',
        value: `${short(median(rates))}/s (${short(median(plain))}/s without it)`,
        bar: 'stated',
        ok: undefined,
        spread: spread(rates, '/s'),
        how: `${jobs} no-op jobs of one concurrency key, with a limit of ${SLOTS} on ${SLOTS} slots, ${IN_FLIGHT} in flight; as many without a key in turn. From the first create to the last FINISHED seen.`,
      },
    ];
  } finally {
    await system.stop();
  }
};

async function drive(system: System, count: number, more: object): Promise<number> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await system.feed.until(await system.create('noop', {}, more), 'FINISHED');
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  return (count * 1_000) / (performance.now() - began);
}

const SLOTS = 4;
const IN_FLIGHT = 32;
