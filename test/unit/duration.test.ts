import { expect, test } from 'vitest';
import { formatDuration, MAX_DURATION_MS, parseDuration } from '../../src/job/duration.ts';

test.each([
  ['0s', 0],
  ['0ms', 0],
  ['250ms', 250],
  ['30s', 30_000],
  ['1.5s', 1_500],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  ['1h30m', 5_400_000],
  ['1d1h1m1s1ms', 90_061_001],
  ['1m1m', 120_000],
])('%s is %i ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['', '5', '-5s', '5 s', 's', '5S', '1e3s', '.5s', '5s!', '1w', 'Infinitys', '１s'])('"%s" is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test('ten years is the longest duration', () => {
  expect(parseDuration('3650d')).toBe(MAX_DURATION_MS);
  expect(parseDuration('3650d1ms')).toBeUndefined();
  expect(parseDuration(`${'9'.repeat(400)}d`)).toBeUndefined();
});

test('what is formatted reads back to the same number of ms', () => {
  const some = [0, 1, 999, 1_000, 1_001, 59_999, 60_000, 3_599_999, 3_600_000, 86_399_999, 86_400_000, 90_061_001, MAX_DURATION_MS];
  for (const ms of some) expect(parseDuration(formatDuration(ms)), formatDuration(ms)).toBe(ms);
});

test('a duration is formatted in its largest units', () => {
  expect([0, 250, 1_500, 5_400_000, 90_061_001].map(formatDuration)).toEqual(['0s', '250ms', '1s500ms', '1h30m', '1d1h1m1s1ms']);
});
