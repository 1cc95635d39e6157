import { expect, test } from 'vitest';
import { bandOf, bandOfPriority, BANDS, PRIORITY, type Standing } from '../../src/job/bands.ts';

const regular: Standing = { priority: 1, forced: false, halts: 0, losses: 0, after: undefined };
const of = (over: Partial<Standing>): number => bandOf({ ...regular, ...over });

test('priorities 10 to 1 stand in bands 6 to 15', () => {
  const priorities = Array.from({ length: PRIORITY.max }, (_, index) => PRIORITY.max - index);
  expect(priorities.map((priority) => of({ priority }))).toEqual([6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  expect(bandOfPriority(PRIORITY.regular)).toBe(BANDS);
});

test('the first two losses of a job put it into band 1, a third does not', () => {
  expect([1, 2, 3].map((losses) => of({ after: 'LOST', losses }))).toEqual([1, 1, 15]);
  expect(of({ after: 'LOST', losses: 3, priority: 10 })).toBe(6);
});

test('a loss that is not counted, at a shutdown, puts a job into band 1 as well', () => {
  expect(of({ after: 'LOST', losses: 0 })).toBe(1);
});

test('a forced job stands in band 2, and behind a lost one', () => {
  expect(of({ forced: true, priority: 10 })).toBe(2);
  expect(of({ forced: true, after: 'LOST', losses: 1 })).toBe(1);
  expect(of({ forced: true, after: 'LOST', losses: 3 })).toBe(2);
});

test('the first halt of a job puts it into band 3, later ones into its own', () => {
  expect([1, 2, 3].map((halts) => of({ after: 'HALTED', halts, priority: 4 }))).toEqual([3, 12, 12]);
  expect(of({ after: 'HALTED', halts: 1, forced: true })).toBe(2);
});

test('a halt or a loss that is not the last end moves nothing', () => {
  expect(of({ halts: 1, losses: 1, after: undefined })).toBe(15);
  expect(of({ halts: 1, losses: 3, after: 'LOST' })).toBe(15);
});

test('no standing is outside of the bands', () => {
  for (const priority of [PRIORITY.min, 5, PRIORITY.max])
    for (const forced of [true, false])
      for (const after of ['HALTED', 'LOST', undefined] as const)
        for (const count of [0, 1, 2, 100]) {
          const band = bandOf({ priority, forced, after, halts: count, losses: count });
          expect(band).toBeGreaterThanOrEqual(1);
          expect(band).toBeLessThanOrEqual(BANDS);
        }
});
