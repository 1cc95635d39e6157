import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { firstRecord } from '../../src/job/record.ts';
import { type JobRecord, type JobSpec, PRODUCT_DEFAULTS } from '../../src/job/spec.ts';
import { migrate } from '../../src/journal/migrate.ts';
import { missesBefore, readEndedBefore, readOldest } from '../../src/journal/prune.ts';
import { hasFirstEvent, isKeptSince, lastEventSeq, readEvents } from '../../src/journal/read-events.ts';
import { readJobsById } from '../../src/journal/read-jobs.ts';
import { record } from '../../src/journal/record.ts';
import { type Database, openSqlite } from '../../src/journal/sqlite.ts';

let journal: Database;
let journalId: string;
beforeEach(async () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-prune-'));
  journal = openSqlite(join(dir, 'journal.db'), 'write');
  onTestFinished(() => {
    journal.close();
    rmSync(dir, { recursive: true, force: true });
  });
  journalId = await migrate(journal);
});

const specOf = (id: string, more: Partial<JobSpec> = {}): JobSpec => ({
  id,
  type: 'a.type',
  payload: null,
  priority: 1,
  tags: [],
  metadata: null,
  createdAt: 1_000,
  ...PRODUCT_DEFAULTS,
  ...more,
});
const endOf = (spec: JobSpec, at: number): JobRecord => ({
  ...firstRecord(spec),
  key: `${at}.0`,
  rev: at,
  at,
  status: 'SUCCEEDED',
  finishedAt: at,
  events: [{ kind: 'FINISHED' }],
});
async function addEnded(id: string, at: number, more: Partial<JobSpec> = {}): Promise<void> {
  const spec = specOf(id, more);
  await record(journal, [
    { kind: 'job', record: firstRecord(spec) },
    { kind: 'job', record: endOf(spec, at) },
  ]);
}
const seqsOf = async (jobId: string): Promise<number[]> =>
  (await readEvents(journal.db, { jobId, after: 0, limit: 100 })).map(({ seq }) => Number(seq));

test('where the feed was pruned, a cursor from before it has missed something, and one from after it has not', async () => {
  await addEnded('a', 2_000);
  await addEnded('b', 9_000);
  const [old, young] = [await seqsOf('a'), await seqsOf('b')];
  expect(await isKeptSince(journal.db, old[0]! - 1)).toBe(true);
  await record(journal, [{ kind: 'pruned', table: 'event', seqs: old, before: 5_000 }]);
  expect(await seqsOf('a')).toEqual([]);
  expect(await isKeptSince(journal.db, old.at(-1)! - 1)).toBe(false);
  expect(await isKeptSince(journal.db, old.at(-1)!)).toBe(true);
  expect(await isKeptSince(journal.db, young.at(-1)!)).toBe(true);
  // Of an older copy of the file.
  expect(await isKeptSince(journal.db, (await lastEventSeq(journal.db)) + 1)).toBe(false);
  expect([await hasFirstEvent(journal.db, 'a'), await hasFirstEvent(journal.db, 'b'), await hasFirstEvent(journal.db, 'none')]).toEqual([
    false,
    true,
    true,
  ]);
});

test('the beginning of the feed does not move back, nor by what is taken out of its middle', async () => {
  await addEnded('a', 2_000);
  await addEnded('b', 2_000);
  const [first, second] = [await seqsOf('a'), await seqsOf('b')];
  await record(journal, [{ kind: 'pruned', table: 'event', seqs: second }]);
  expect(await isKeptSince(journal.db, first[0]! - 1)).toBe(true);
  await record(journal, [
    { kind: 'pruned', table: 'event', seqs: [first[1]!], before: 3_000 },
    { kind: 'pruned', table: 'event', seqs: [first[0]!], before: 1_000 },
  ]);
  expect(await isKeptSince(journal.db, first[0]!)).toBe(false);
});

test('a history told again does not bring events back that were pruned', async () => {
  await addEnded('a', 2_000);
  const before = await readJobsById(journal.db, ['a']);
  await record(journal, [{ kind: 'pruned', table: 'event', seqs: await seqsOf('a'), before: 5_000 }]);
  const told = [
    { kind: 'job' as const, record: firstRecord(specOf('a')) },
    { kind: 'job' as const, record: endOf(specOf('a'), 2_000) },
  ];
  await record(journal, [{ kind: 'reconciled', jobId: 'a', at: 6_000, entries: told }]);
  expect(await seqsOf('a')).toEqual([]);
  expect(await readJobsById(journal.db, ['a'])).toEqual(before);
});

test('the rows of a table come in the order they were written, a page at a time', async () => {
  await record(
    journal,
    Array.from({ length: 5 }, (_, at) => ({
      kind: 'log' as const,
      jobId: 'a',
      number: 1,
      lines: [{ at, stream: 'STDOUT' as const, text: '', dropped: 0 }],
    })),
  );
  const first = await readOldest(journal.db, 'log_line', { after: 0, limit: 3 });
  expect(first.map(({ at }) => at)).toEqual([0, 1, 2]);
  expect((await readOldest(journal.db, 'log_line', { after: first.at(-1)!.seq, limit: 3 })).map(({ at }) => at)).toEqual([3, 4]);
});

test('jobs are old by their end, the first to end first, unless an open one depends on them', async () => {
  await addEnded('late', 4_000);
  await addEnded('needed', 2_000);
  await addEnded('early', 3_000);
  await addEnded('recent', 8_000);
  await record(journal, [{ kind: 'job', record: firstRecord(specOf('open', { dependencies: ['needed', 'recent'] })) }]);
  const idsBefore = async (time: number): Promise<string[]> => (await readEndedBefore(journal.db, time, 10)).map(({ id }) => id);
  expect(await idsBefore(5_000)).toEqual(['early', 'late']);
  await record(journal, [{ kind: 'job', record: endOf(specOf('open', { dependencies: ['needed', 'recent'] }), 9_000) }]);
  expect(await idsBefore(5_000)).toEqual(['needed', 'early', 'late']);
});

test('a job that runs again when the pruner comes to it is left alone', async () => {
  await addEnded('a', 2_000);
  const prune = { kind: 'deleted', jobId: 'a', createdAt: 1_000, at: 9_000, finishedBefore: 5_000 } as const;
  const again: JobRecord = { ...endOf(specOf('a'), 6_000), status: 'QUEUED', events: [{ kind: 'RETRIED' }] };
  delete again.finishedAt;
  await record(journal, [{ kind: 'job', record: again }, prune]);
  expect((await readJobsById(journal.db, ['a']))[0]).toMatchObject({ status: 'QUEUED' });
  await record(journal, [{ kind: 'job', record: endOf(specOf('a'), 7_000) }, prune]);
  expect((await readJobsById(journal.db, ['a']))[0]).toMatchObject({ status: 'SUCCEEDED' });
  await record(journal, [{ ...prune, finishedBefore: 8_000 }]);
  expect(await readJobsById(journal.db, ['a'])).toEqual([undefined]);
});

test('a new journal knows that it misses what was before it, until it is told to have all of it', async () => {
  expect(await missesBefore(journal.db)).toBeGreaterThan(Date.now() - 60_000);
  await record(journal, [{ kind: 'complete', journalId: 'of another file' }]);
  expect(await missesBefore(journal.db)).toBeDefined();
  await record(journal, [{ kind: 'complete', journalId }]);
  expect(await missesBefore(journal.db)).toBeUndefined();
});

test('a batch that does not fit on the disk is not there at all, and is when there is room', async () => {
  const pages = Number(journal.sqlite.prepare('pragma page_count').get()?.['page_count']);
  journal.sqlite.exec(`pragma max_page_count = ${pages + 2}`);
  const entries = Array.from({ length: 50 }, (_, at) => ({
    kind: 'log' as const,
    jobId: 'a',
    number: 1,
    lines: [{ at, stream: 'STDOUT' as const, text: 'x'.repeat(4_000), dropped: 0 }],
  }));
  const SQLITE_FULL = 13;
  await expect(record(journal, entries)).rejects.toMatchObject({ errcode: SQLITE_FULL });
  expect(await readOldest(journal.db, 'log_line', { after: 0, limit: 100 })).toEqual([]);
  journal.sqlite.exec('pragma max_page_count = 100000');
  await record(journal, entries);
  expect(await readOldest(journal.db, 'log_line', { after: 0, limit: 100 })).toHaveLength(50);
});
