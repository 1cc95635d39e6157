import { expect, test } from 'vitest';
import { DateTime } from '../../src/api/scalars.ts';

test.each([
  ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
  ['2026-01-31t12:00:00z', '2026-01-31T12:00:00.000Z'],
  ['2026-01-31T12:00:00.123456789-00:30', '2026-01-31T12:30:00.123Z'],
  ['2028-02-29T23:59:59+23:59', '2028-02-29T00:00:59.000Z'],
])('%s is a moment', (text, moment) => {
  expect(DateTime.parseValue(text).toISOString()).toBe(moment);
});

test.each([
  '2026-01-31T12:00:00',
  '2026-01-31T12:00Z',
  '2026-01-31',
  '2026-02-30T00:00:00Z',
  '2027-02-29T00:00:00Z',
  '2026-00-01T00:00:00Z',
  '2026-01-31T24:00:00Z',
  '2026-01-31T12:60:00Z',
  '2026-01-31T12:00:60Z',
  '2026-01-31T12:00:00+24:00',
  '2026-01-31T12:00:00+0100',
  '2026-01-31 12:00:00Z',
  '2026-01-31T12:00:00Z and more',
  '2026-01-31T12:00:00.Z',
])('%s is refused, with what would be right', (text) => {
  expect(() => DateTime.parseValue(text)).toThrow(`"${text}" is no moment such as 2026-01-31T12:00:00Z or 2026-01-31T13:00:00.5+01:00`);
});
