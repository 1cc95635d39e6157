import { randomInt } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { agesAt, type Ageing, effectivePriorityOf, mostPromotions, pauseMsFor, promotions } from '../../src/job/ageing.ts';
import { BANDS, bandOfPriority, PRIORITY } from '../../src/job/bands.ts';
import { newestFirst, never, wait } from './ageing-model.ts';

const job = (id: string, band: number, dueAt: number): Ageing => ({ id, band, effectivePriority: BANDS + 1 - band, agesAt: dueAt });
const RUNS = 300;
const RUNS_OF_BUGS = 100;
const ids = (jobs: readonly Ageing[]): string[] => jobs.map(({ id }) => id);

describe('a pass', () => {
  test('promotes of each band those that have been due for longest, and no more than it may', () => {
    const line = [job('a', 15, 30), job('b', 15, 10), job('c', 14, 40), job('d', 15, 20), job('e', 14, 50)];
    expect(ids(promotions(line, { nowMs: 40, atMost: 2 })).toSorted()).toEqual(['b', 'c', 'd']);
  });

  test('promotes nobody before the time', () => {
    const line = [job('a', 15, 30)];
    expect(promotions(line, { nowMs: 29, atMost: 4 })).toEqual([]);
    expect(ids(promotions(line, { nowMs: 30, atMost: 4 }))).toEqual(['a']);
    expect(promotions([], { nowMs: 30, atMost: 4 })).toEqual([]);
  });

  test('promotes 4 of a band per slot, and 4 where no worker is there', () => {
    expect([0, 1, 2, 64].map(mostPromotions)).toEqual([4, 4, 8, 256]);
  });

  test('comes 30 s after the last, or as often as the shortest ageAfter in line wants it, down to 1 s', () => {
    expect([undefined, 600_000, 30_000, 5_000, 1_000, 1].map(pauseMsFor)).toEqual([30_000, 30_000, 30_000, 5_000, 1_000, 1_000]);
  });
});

describe('a job', () => {
  const inLine = { band: 15, bandSince: 1_000, ageAfterMs: 500 };

  test('is due when it has been in its band for its ageAfter', () => {
    expect(agesAt(inLine)).toBe(1_500);
  });

  test('never ages with an ageAfter of 0, out of line, or before all priorities', () => {
    expect(agesAt({ ...inLine, ageAfterMs: 0 })).toBeNull();
    expect(agesAt({ ...inLine, band: null, bandSince: null })).toBeNull();
    const bands = Array.from({ length: BANDS }, (_, index) => index + 1);
    expect(bands.filter((band) => agesAt({ ...inLine, band }) !== null)).toEqual([7, 8, 9, 10, 11, 12, 13, 14, 15]);
  });

  test('counts as its priority and what it has gained, up to the highest', () => {
    expect(effectivePriorityOf({ priority: 1, aged: 0 })).toBe(1);
    expect(effectivePriorityOf({ priority: 3, aged: 4 })).toBe(7);
    expect(effectivePriorityOf({ priority: 8, aged: 9 })).toBe(PRIORITY.max);
    expect(bandOfPriority(effectivePriorityOf({ priority: 1, aged: 9 }))).toBe(6);
  });
});

/** ARCHITECTURE.md, Ageing: how long a job of priority 1 waits at most. */
describe('the bound', () => {
  const first = randomInt(2 ** 30);
  const seeds = Array.from({ length: RUNS }, (_, index) => first + index);

  test(`holds in ${RUNS} random lines with a stream that would starve a job of priority 1`, () => {
    const waits = seeds.map((seed) => ({ seed, ...wait(seed) }));
    expect(waits.filter(({ isKept }) => !isKept)).toEqual([]);
    // Nor is it far off: some come near it, and some are held back by the most that a pass promotes.
    expect(Math.max(...waits.map(({ waitedMs, boundMs }) => waitedMs / boundMs)), `from seed ${first}`).toBeGreaterThan(0.9);
    expect(waits.filter(({ wasHeldBack }) => wasHeldBack).length, `from seed ${first}`).toBeGreaterThan(RUNS / 10);
  }, 60_000);

  test('breaks in each of them without ageing', () => {
    expect(
      seeds.slice(0, RUNS_OF_BUGS).filter((seed) => wait(seed, never).isKept),
      'seeds',
    ).toEqual([]);
  });

  test('breaks in some of them when a pass takes the youngest first', () => {
    expect(seeds.slice(0, RUNS_OF_BUGS).filter((seed) => !wait(seed, newestFirst).isKept).length, `from seed ${first}`).toBeGreaterThan(0);
  });
});
