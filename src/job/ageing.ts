import { bandOfPriority, PRIORITY } from './bands.ts';

/** Between two passes over the line, ms. A shorter `ageAfter` in line makes it shorter, down to the least. */
export const PAUSE_MS = { least: 1_000, most: 30_000 } as const;

/** A job in line that ages. */
export type Ageing = {
  id: string;
  band: number;
  effectivePriority: number;
  /** When it is due to move up, ms since 1970. */
  agesAt: number;
};

/** What a job counts as: what its client has set, and one more for each time it was moved up. */
export const effectivePriorityOf = ({ priority, aged }: { priority: number; aged: number }): number =>
  Math.min(PRIORITY.max, priority + aged);

/**
 * When a job in line is due to move up, ms since 1970. null: never, for it is not in line, does not age (an `ageAfterMs` of 0),
 * or stands before all priorities, or with the highest, already.
 */
export function agesAt(job: { band: number | null; bandSince: number | null; ageAfterMs: number }): number | null {
  if (job.band === null || job.bandSince === null || job.ageAfterMs === 0) return null;
  return job.band > bandOfPriority(PRIORITY.max) ? job.bandSince + job.ageAfterMs : null;
}

/**
 * Who of a pool's line moves up now: of each band those that have been due for longest, at most `atMost`.
 *
 * By the time they are due and not by age: who is due is overtaken by nobody that gets into its band later, however soon
 * that one ages.
 */
export function promotions<Job extends Ageing>(line: readonly Job[], { nowMs, atMost }: { nowMs: number; atMost: number }): Job[] {
  const taken = new Map<number, number>();
  const due = line.filter((job) => job.agesAt <= nowMs).toSorted((a, b) => a.agesAt - b.agesAt);
  return due.filter(({ band }) => {
    const before = taken.get(band) ?? 0;
    taken.set(band, before + 1);
    return before < atMost;
  });
}

/** How many of a band move up in one pass: some more than could start, and not the more the longer the line is. */
export const mostPromotions = (slots: number): number => PROMOTIONS_PER_SLOT * Math.max(1, slots);

/** Between two passes, ms, given the shortest `ageAfter` in line. */
export const pauseMsFor = (shortestMs: number | undefined): number =>
  Math.min(PAUSE_MS.most, Math.max(PAUSE_MS.least, shortestMs ?? PAUSE_MS.most));

const PROMOTIONS_PER_SLOT = 4;
