import { seeded } from '../../src/cli/demo/seeded.ts';
import { agesAt, type Ageing, effectivePriorityOf, mostPromotions, promotions } from '../../src/job/ageing.ts';
import { bandOfPriority, PRIORITY } from '../../src/job/bands.ts';

type InLine = Ageing & { number: number; bandSince: number; ageAfterMs: number; ms: number; aged: number; priority: number };
type Ager = (line: InLine[], pass: { nowMs: number; atMost: number }) => InLine[];

/** What became of the one job that is watched. */
export type Wait = { waitedMs: number; boundMs: number; isKept: boolean; wasHeldBack: boolean };

/** Planted bugs. */
export const never: Ager = () => [];
export const newestFirst: Ager = (line, { nowMs, atMost }) =>
  promotions(
    line.map((job) => ({ ...job, agesAt: job.agesAt > nowMs ? job.agesAt : -job.agesAt })),
    { nowMs, atMost },
  );

/**
 * One pool's line as Temporal serves it: by band, in a band by who has been in it longest. In it a job of priority 1, others
 * of any priority but the highest that come and go, in some runs as many beside it as a pass can promote, and a stream of
 * priority 10 that never leaves a slot to them. Time goes by seconds. Ends when the job starts, or when the bound has passed.
 *
 * The bound: 9 × (ageAfter + pause × ⌈N ÷ most promotions⌉), N being the most that stood in one of the bands that age, and
 * then the work of those that run or stand in band 6 before it, divided by the slots.
 */
export function wait(seed: number, ager: Ager = promotions): Wait {
  const random = seeded(seed);
  const between = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1));
  const slots = between(1, 3);
  const atMost = mostPromotions(slots);
  const pauseMs = 1_000 * between(1, 10);
  const longest = between(1, 8);
  const arrivals = random() / 4;
  const isFlooded = random() < 0.3;
  const firstPassMs = 1_000 * between(0, pauseMs / 1_000);
  let line: InLine[] = [];
  let running: number[] = [];
  let count = 0;
  let mostInBand = 0;

  const add = (priority: number, ageAfterMs: number, nowMs: number): InLine => {
    const job = stand({ number: count++, id: '', priority, aged: 0, ageAfterMs, ms: 1_000 * between(1, longest), ...NOWHERE }, nowMs);
    line.push(job);
    return job;
  };
  const addStranger = (nowMs: number): void => {
    if (line.length < MOST_IN_LINE * atMost) add(between(1, PRIORITY.max - 1), random() < 0.2 ? 0 : 1_000 * between(5, 30), nowMs);
  };

  for (let each = between(0, 3) * atMost; each > 0; each--) addStranger(0);
  const watched = add(PRIORITY.regular, 1_000 * between(5, 30), 0);
  /** When it has come into band 6: the work that was before it. */
  let workMs: number | undefined;
  const boundMs = (): number =>
    CLIMB * (watched.ageAfterMs + pauseMs * Math.ceil(mostInBand / atMost)) + (workMs === undefined ? 0 : workMs / slots);

  for (let nowMs = 0; ; nowMs += 1_000) {
    running = running.filter((endsAt) => endsAt > nowMs);
    if (random() < arrivals) addStranger(nowMs);
    const isPass = nowMs >= firstPassMs && (nowMs - firstPassMs) % pauseMs === 0;
    const beside = line.filter(({ band }) => band === watched.band).length;
    if (isFlooded && isPass && beside < FLOOD * atMost)
      for (let each = 0; each < atMost; each++) add(watched.effectivePriority, 1_000, nowMs - 1_000);
    for (let top = line.filter(({ priority }) => priority === PRIORITY.max).length; top < slots; top++) add(PRIORITY.max, 0, nowMs);
    mostInBand = Math.max(mostInBand, mostInOneBand(line));

    if (isPass) {
      const moved = new Set(ager(line, { nowMs, atMost }).map(({ number }) => number));
      for (const job of line) if (moved.has(job.number)) stand(job, nowMs, 1);
    }
    line.sort((a, b) => a.band - b.band || a.bandSince - b.bandSince || a.number - b.number);
    if (watched.band === TOP_BAND && workMs === undefined) {
      const left = running.reduce((sum, endsAt) => sum + endsAt - nowMs, 0);
      workMs = line.slice(0, line.indexOf(watched)).reduce((sum, { ms }) => sum + ms, left);
    }
    const starting = line.splice(0, slots - running.length);
    running.push(...starting.map(({ ms }) => nowMs + ms));
    const isLate = nowMs > boundMs();
    if (isLate || starting.includes(watched))
      return { waitedMs: nowMs, boundMs: boundMs(), isKept: !isLate, wasHeldBack: mostInBand > atMost };
  }
}

/** To the tail of the band it belongs in. */
function stand(job: InLine, nowMs: number, gained = 0): InLine {
  job.aged += gained;
  job.effectivePriority = effectivePriorityOf(job);
  job.band = bandOfPriority(job.effectivePriority);
  job.bandSince = nowMs;
  job.agesAt = agesAt(job) ?? Infinity;
  return job;
}

function mostInOneBand(line: readonly InLine[]): number {
  const counts = new Map<number, number>();
  for (const { band } of line) if (band !== TOP_BAND) counts.set(band, 1 + (counts.get(band) ?? 0));
  return Math.max(0, ...counts.values());
}

const NOWHERE = { band: 0, bandSince: 0, effectivePriority: 0, agesAt: 0 };
const TOP_BAND = bandOfPriority(PRIORITY.max);
/** From priority 1 to 10. */
const CLIMB = PRIORITY.max - PRIORITY.min;
/** Strangers, in promotions of a pass. */
const MOST_IN_LINE = 6;
/** In the band of the one that is watched, in promotions of a pass. */
const FLOOD = 3;
