import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Setting } from './figure.ts';
import { makeDir, removeDir } from './leftovers.ts';
import { Process, scriptOf } from './process.ts';
import { median, short, spread } from './stats.ts';
import { System } from './system.ts';

type Round = { normal: number; locked: number };

/** How fast a line drains while somebody holds the journal's lock. */
export const lockedJournal: Bench = async (setting) => {
  const rounds = setting.pairs ?? (setting.short ? 1 : 3);
  const lockMs = setting.short ? 15_000 : 60_000;
  const seen: Round[] = [];
  for (let round = 1; round <= rounds; round++) {
    const { normal, locked } = await runRound(setting, lockMs);
    setting.say(`locked journal, round ${round}: normal ${normal.toFixed(2)}/s, locked ${locked.toFixed(2)}/s`);
    seen.push({ normal, locked });
  }
  const ratios = seen.map(({ normal, locked }) => locked / normal);
  const ratio = median(ratios);
  return [
    {
      name: `journal locked for ${lockMs / 1_000} s: drain rate ÷ normal`,
      value: `${ratio.toFixed(2)} (${short(median(seen.map(({ locked }) => locked)))}/s ÷ ${short(median(seen.map(({ normal }) => normal)))}/s)`,
      bar: '≥ 0.9',
      ok: ratio >= 0.9,
      spread: spread(ratios),
      how: `A line of cpu.burn {ms: ${BURN_MS}} on ${SLOTS} slots, all created before. Ends a second as the handlers write them to a file of their own: ${lockMs / 2_000} s as usual, ${lockMs / 1_000} s while another process holds BEGIN IMMEDIATE on the journal, and when the journal has caught up again ${lockMs / 2_000} s as usual. Locked ÷ the mean of before and after, the median of ${rounds} rounds.`,
    },
  ];
};

async function runRound(setting: Setting, lockMs: number): Promise<Round> {
  const traceDir = makeDir('trace');
  const trace = join(traceDir, 'ends');
  const system = await System.start({ temporalAddress: setting.temporal.address, slots: SLOTS, env: { BENCH_TRACE: trace } });
  let locker: Process | undefined;
  try {
    writeFileSync(trace, '');
    const free = await layLine(system, Math.ceil((lockMs * 2 + 20_000) / 1_000) * MOST_A_SECOND);
    writeFileSync(free, '');
    await sleep(RAMP_MS);
    const before = await rateOver(trace, lockMs / 2);
    locker = new Process({
      args: [scriptOf('lock-journal.ts'), join(system.dataDir, 'journal.db')],
      env: process.env,
      logFile: join(system.dataDir, 'logs', 'locker.log'),
    });
    await locker.ready;
    const locked = await rateOver(trace, lockMs);
    await locker.stop();
    await untilQuiet(system);
    const after = await rateOver(trace, lockMs / 2);
    return { normal: (before + after) / 2, locked };
  } finally {
    await locker?.stop();
    await system.stop();
    removeDir(traceDir);
  }
}

/** A line of jobs behind slots that are held until the file is written that it answers with. */
async function layLine(system: System, jobs: number): Promise<string> {
  const file = join(system.dataDir, 'free');
  const holders = await Promise.all(Array.from({ length: SLOTS }, () => system.create('hold', { file })));
  await Promise.all(holders.map((id) => system.feed.until(id, 'STARTED')));
  await system.createMany(jobs, 'cpu.burn', { ms: BURN_MS });
  await sleep(RAMP_MS);
  return file;
}

async function rateOver(file: string, ms: number): Promise<number> {
  const from = Date.now();
  await sleep(ms);
  const to = Date.now();
  const ends = readFileSync(file, 'utf8')
    .split('\n')
    .map(Number)
    .filter((at) => at > from && at <= to).length;
  return ends / ((to - from) / 1_000);
}

/** The journal has written what waited: what the feed brings is of now again. */
async function untilQuiet({ feed }: System): Promise<void> {
  for (;;) {
    const last = feed.all.at(-1);
    if (last && last.arrivedAt - last.at < 200 && Date.now() - last.arrivedAt < 1_000) break;
    await sleep(200);
  }
  await sleep(RAMP_MS);
}

const SLOTS = 2;
const BURN_MS = 100;
/** More than the line can drain, so that it is never empty. */
const MOST_A_SECOND = 17;
const RAMP_MS = 3_000;
