import { expect, test } from 'vitest';
import { Backlog, type Told } from '../../src/journal/backlog.ts';
import type { Entry } from '../../src/journal/entries.ts';

const log = (jobId: string, text: string): Entry => ({
  kind: 'log',
  jobId,
  number: 1,
  lines: [{ at: 1, stream: 'STDOUT', text, dropped: 0 }],
});
const progress = (jobId: string, fraction: number): Entry => ({ kind: 'progress', jobId, number: 1, fraction, at: fraction });
const record = (jobId: string): Entry => ({ kind: 'abortGrace', jobId, graceMs: 1 });
const entriesOf = (told: Told[]): Entry[] => told.map(({ entry }) => entry);
function open(bounds?: { lineBytes: number; recordBytes: number }): { backlog: Backlog; leftOut: Entry[] } {
  const leftOut: Entry[] = [];
  return { backlog: new Backlog((entry) => leftOut.push(entry), bounds), leftOut };
}

test('what was put is taken in its order, so many at a time', () => {
  const { backlog } = open();
  const all = [record('a'), log('a', 'one'), progress('a', 0.1), record('b')];
  for (const entry of all) backlog.put(entry);
  expect(entriesOf(backlog.take(3))).toEqual(all.slice(0, 3));
  expect(entriesOf(backlog.take(3))).toEqual(all.slice(3));
  expect(backlog.length).toBe(0);
});

test('of an attempt’s progress only the newest waits, and what is under way is another matter', () => {
  const { backlog } = open();
  for (let step = 1; step <= 1_000; step++) for (const id of ['a', 'b']) backlog.put(progress(id, step));
  expect(entriesOf(backlog.take(10))).toEqual([progress('a', 1_000), progress('b', 1_000)]);
  backlog.put(progress('a', 1_001));
  expect(entriesOf(backlog.take(10))).toEqual([progress('a', 1_001)]);
});

test('lines beyond the bound are left out for good, and their count is told behind those that were kept', () => {
  const { backlog, leftOut } = open({ lineBytes: 1_500, recordBytes: 1e6 });
  for (let line = 0; line < 10; line++) backlog.put(log('a', String(line)));
  for (let line = 0; line < 4; line++) backlog.put(log('b', String(line)));
  backlog.put(record('a'));
  const taken = entriesOf(backlog.take(100));
  expect(taken.slice(0, 4)).toEqual([log('a', '0'), log('a', '1'), log('a', '2'), record('a')]);
  expect(taken.slice(4)).toMatchObject([
    { kind: 'log', jobId: 'a', lines: [{ stream: 'DROPPED', text: '', dropped: 7 }] },
    { kind: 'log', jobId: 'b', lines: [{ stream: 'DROPPED', text: '', dropped: 4 }] },
  ]);
  expect(leftOut).toEqual([]);
  backlog.put(log('a', 'after'));
  expect(entriesOf(backlog.take(100))).toEqual([log('a', 'after')]);
});

test('lines that are left out take the counts they carry with them', () => {
  const { backlog } = open({ lineBytes: 450, recordBytes: 1e6 });
  backlog.put(log('a', ''));
  const lines = [
    { at: 1, stream: 'STDOUT' as const, text: '', dropped: 5 },
    { at: 1, stream: 'DROPPED' as const, text: '', dropped: 30 },
  ];
  backlog.put({ kind: 'log', jobId: 'a', number: 1, lines });
  expect(backlog.take(10).at(-1)?.entry).toMatchObject({ lines: [{ stream: 'DROPPED', dropped: 36 }] });
});

test('records stay when lines are left out, and have a bound of their own, of which it is told', () => {
  const { backlog, leftOut } = open({ lineBytes: 0, recordBytes: 10_000 });
  let done = 0;
  for (let job = 0; job < 100; job++) {
    backlog.put(log('a', 'x'));
    backlog.put(record(`job-${job}`), () => (done += 1));
  }
  const kept = entriesOf(backlog.take(1_000)).filter(({ kind }) => kind === 'abortGrace');
  expect(kept.length).toBeGreaterThan(10);
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, job) => record(`job-${job}`)));
  expect(leftOut).toHaveLength(100 - kept.length);
  // Nobody waits for what will never be written.
  expect(done).toBe(leftOut.length);
});
