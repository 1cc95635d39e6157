import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Figure } from './figure.ts';
import { median, percentiles, quantile, spread } from './stats.ts';
import { System } from './system.ts';

/** abortJob sent → the process of a running cpu.burn is gone from /proc, with grace 0: alone, and with every other slot burning too. */
export const abortLatency: Bench = async (setting) => {
  const samples = setting.short ? 8 : 40;
  const system = await System.start({ temporalAddress: setting.temporal.address, slots: SLOTS });
  try {
    const alone = await abortMany(system, samples);
    const others = await Promise.all(Array.from({ length: SLOTS - 1 }, () => system.create('cpu.burn', { ms: 3_600_000 })));
    await Promise.all(others.map((id) => system.feed.until(id, 'STARTED')));
    const loaded = await abortMany(system, samples);
    return [
      {
        ...figureOf('abort of a running cpu.burn → process gone, p50', alone),
        how: `cpu.burn {ms: 60000}, alone on ${SLOTS} slots, 200 to 400 ms after its STARTED: from just before the HTTP request abortJob {grace: "0s"} until /proc/<pid> is no more (looked at each ms).`,
      },
      {
        ...figureOf('the same while all slots burn, p50', loaded),
        how: 'As before, with a cpu.burn of an hour on every other slot: as many of them as there are cores.',
      },
    ];
  } finally {
    await system.stop();
  }
};

async function abortMany(system: System, samples: number): Promise<number[]> {
  const delays: number[] = [];
  for (let sample = -WARM_UP; sample < samples; sample++) {
    const delay = await abortOne(system);
    if (sample >= 0) delays.push(delay);
  }
  return delays;
}

function figureOf(name: string, delays: number[]): Omit<Figure, 'how'> {
  const p50 = median(delays);
  return {
    name,
    value: `${p50.toFixed(0)} ms`,
    bar: '≤ 150 ms',
    ok: p50 <= 150,
    spread: spread(delays, ' ms'),
    notes: [`p50/p90/p99: ${percentiles(delays)} ms, latest ${quantile(delays, 1).toFixed(0)} ms`],
  };
}

async function abortOne(system: System): Promise<number> {
  const id = await system.create('cpu.burn', { ms: 60_000 });
  const { pid } = (await system.feed.until(id, 'STARTED')).detail ?? {};
  await sleep(200 + Math.random() * 200);
  const began = performance.now();
  const answered = system.client.data(ABORT, { id });
  while (existsSync(`/proc/${pid}`)) await sleep(1);
  const delay = performance.now() - began;
  await answered;
  await system.feed.until(id, 'FINISHED');
  // Its successor is being forked; that is not to be part of the next sample.
  await sleep(700);
  return delay;
}

const ABORT = 'mutation ($id: ID!) { abortJob(input: { id: $id, grace: "0s" }) { job { status } userErrors { code message } } }';
const SLOTS = 2;
const WARM_UP = 2;
