import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './figure.ts';
import { median, short, spread } from './stats.ts';
import { System } from './system.ts';

type Sample = {
  /** From the answer to when the slot was let go. */
  delayMs: number;
  /** Regular jobs that were started before the bumped one. */
  overtaken: number;
  askedToAnswer: number;
  /** To the bumped one's STARTED. */
  answerToStart: number;
  freeToStart: number;
};

/** setJobPriority answered → a slot that becomes free takes that job, and not the older regular ones. */
export const priorityLatency: Bench = async (setting) => {
  const delays = setting.short ? [0, 0, 50, 250] : Array.from({ length: 8 }, () => DELAYS).flat();
  const system = await System.start({ temporalAddress: setting.temporal.address, slots: 1 });
  try {
    const samples: Sample[] = [];
    await bumpOne(system, 0, -1);
    for (const [number, delayMs] of delays.entries()) samples.push(await bumpOne(system, delayMs, number));
    // At delay 0 the slot is free again with every no-op, so the bumped one starts as soon as the change works.
    const atOnce = samples.filter(({ delayMs }) => delayMs === 0).map(({ answerToStart }) => answerToStart);
    const p50 = median(atOnce);
    const safe = DELAYS.find((delay) => samples.filter(({ delayMs }) => delayMs >= delay).every(({ overtaken }) => overtaken === 0));
    const asked = [...new Set(delays)];
    return [
      {
        name: 'priority change answered → the next free slot takes it, p50',
        value: `${short(p50)} ms; from ${safe ?? `more than ${asked.at(-1)}`} ms on always next`,
        bar: '≤ 250 ms',
        ok: p50 <= 250 && safe !== undefined && safe <= 250,
        spread: `slots free all the time: ${spread(atOnce, ' ms')}`,
        how: `1 slot, kept busy; ${LINE} regular no-ops in line, the last is set to priority 10. The slot is freed 0 to ${asked.at(-1)} ms after the answer. At 0 the no-ops free it again and again: p50 is answer → STARTED of the bumped one. "Always next": the shortest wait from which no regular job was started before it, in any sample.`,
        notes: [
          `setJobPriority asked → answered, p50 ${short(median(samples.map(({ askedToAnswer }) => askedToAnswer)))} ms`,
          ...asked.map((delay) => {
            const of = samples.filter(({ delayMs }) => delayMs === delay);
            return `freed ${delay} ms after the answer: next in ${of.filter(({ overtaken }) => overtaken === 0).length} of ${of.length}, started p50 ${short(median(of.map(({ freeToStart }) => freeToStart)))} ms after the slot was free`;
          }),
        ],
      },
    ];
  } finally {
    await system.stop();
  }
};

async function bumpOne(system: System, delayMs: number, number: number): Promise<Sample> {
  const { feed } = system;
  const file = join(system.dataDir, `free-${number}`);
  const holder = await system.create('hold', { file });
  await feed.until(holder, 'STARTED');
  const line = await system.createMany(LINE, 'noop');
  // QUEUED is the api's word; their first workflow tasks put them in line a moment later.
  await sleep(LINE * 40);
  const bumped = line.at(-1)!;
  const askedAt = Date.now();
  const { setJobPriority } = await system.client.data(BUMP, { id: bumped });
  if (setJobPriority.userErrors.length > 0) throw new Error(JSON.stringify(setJobPriority.userErrors));
  const answeredAt = Date.now();
  if (delayMs > 0) await sleep(delayMs);
  writeFileSync(file, '');
  const free = await feed.until(holder, 'ATTEMPT_ENDED');
  const started = await Promise.all(line.map((id) => feed.until(id, 'STARTED')));
  await Promise.all(line.map((id) => feed.until(id, 'FINISHED')));
  const { at } = started.at(-1)!;
  return {
    delayMs,
    overtaken: started.filter((other) => other.at < at).length,
    askedToAnswer: answeredAt - askedAt,
    answerToStart: at - answeredAt,
    freeToStart: at - free.at,
  };
}

const BUMP = 'mutation ($id: ID!) { setJobPriority(input: { id: $id, priority: 10 }) { job { id } userErrors { code message } } }';
const LINE = 16;
/** Most at 0, which the median is of. */
const DELAYS = [0, 0, 0, 0, 25, 50, 100, 250];
