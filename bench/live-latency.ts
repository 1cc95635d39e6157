import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './figure.ts';
import { percentiles, quantile, short, spread } from './stats.ts';
import { System } from './system.ts';

/** How long after it happened a subscriber hears of it. */
export const liveLatency: Bench = async (setting) => {
  const jobs = setting.short ? 40 : 150;
  const system = await System.start({ temporalAddress: setting.temporal.address, slots: 2 });
  try {
    for (let job = 0; job < WARM_UP; job++) await system.feed.until(await system.create('noop'), 'FINISHED');
    system.feed.forget();
    for (let job = 0; job < jobs; job++) {
      await system.feed.until(await system.create('cpu.burn', { ms: 20 }), 'FINISHED');
      await sleep(Math.random() * 100);
    }
    const delaysOf = (kinds: string[]): number[] =>
      system.feed.all.filter(({ kind }) => kinds.includes(kind)).map(({ at, arrivedAt }) => arrivedAt - at);
    const delays = delaysOf(KINDS);
    const [p50, p99] = [quantile(delays, 0.5), quantile(delays, 0.99)];
    return [
      {
        name: "status change → subscriber's message, p50 / p99",
        value: `${short(p50)} / ${short(p99)} ms`,
        bar: '≤ 50 / 150 ms',
        ok: p50 <= 50 && p99 <= 150,
        spread: spread(delays, ' ms'),
        how: `${jobs} × cpu.burn {ms: 20}, one after the other. For STARTED, ATTEMPT_ENDED and FINISHED: from the event's \`at\` (the clock of who saw it; FINISHED has the time at which Temporal began the workflow task) to the arrival of its message at a graphql-ws client.`,
        notes: KINDS.map((kind) => `${kind}, p50/p90/p99: ${percentiles(delaysOf([kind]))} ms`),
      },
    ];
  } finally {
    await system.stop();
  }
};

const KINDS = ['STARTED', 'ATTEMPT_ENDED', 'FINISHED'];
const WARM_UP = 10;
