import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { firstRecord } from '../../src/job/record.ts';
import { type JobRecord, type JobSpec, PRODUCT_DEFAULTS } from '../../src/job/spec.ts';
import { migrate } from '../../src/journal/migrate.ts';
import { readEvents } from '../../src/journal/read-events.ts';
import { readJobsById } from '../../src/journal/read-jobs.ts';
import { record } from '../../src/journal/record.ts';
import { type Database, openSqlite } from '../../src/journal/sqlite.ts';

const spec: JobSpec = {
  id: 'a-job',
  type: 'a.type',
  payload: null,
  priority: 1,
  tags: [],
  metadata: null,
  createdAt: 1,
  ...PRODUCT_DEFAULTS,
};
const first = firstRecord(spec);
const { spec: _, ...rest } = first;
const bumped: JobRecord = { ...rest, rev: 2, key: '2', priority: 7, band: 9, events: [{ kind: 'PRIORITY_SET', detail: { priority: 7 } }] };
const forced: JobRecord = { ...bumped, rev: 3, key: '3', forced: true, band: 2, events: [{ kind: 'FORCED' }] };

test('a record that is told again changes nothing', async () => {
  const journal = await openJournal();
  await tell(journal, first, bumped, forced);
  const before = await seen(journal);
  await tell(journal, bumped, first, forced);
  expect(await seen(journal)).toEqual(before);
});

test('an older record that arrives late changes no field of its job', async () => {
  const journal = await openJournal();
  await tell(journal, first, forced, bumped);
  const { job, kinds } = await seen(journal);
  expect(job).toMatchObject({ rev: 3, priority: 7, forced: 1, band: 2 });
  expect(kinds.toSorted()).toEqual(['CREATED', 'FORCED', 'PRIORITY_SET', 'QUEUED']);
});

test('what happened is in the feed although an answer with the same state was written first', async () => {
  const journal = await openJournal();
  await tell(journal, first, { ...bumped, events: [] }, bumped);
  expect((await seen(journal)).kinds).toEqual(['CREATED', 'QUEUED', 'PRIORITY_SET']);
});

async function openJournal(): Promise<Database> {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-journal-'));
  const journal = openSqlite(join(dir, 'journal.db'), 'write');
  onTestFinished(() => {
    journal.close();
    rmSync(dir, { recursive: true, force: true });
  });
  await migrate(journal);
  return journal;
}

const tell = (journal: Database, ...records: JobRecord[]): Promise<void> =>
  record(
    journal,
    records.map((one) => ({ kind: 'job', record: one })),
  );

async function seen({ db }: Database) {
  const [job] = await readJobsById(db, [spec.id]);
  const events = await readEvents(db, { after: 0, limit: 100 });
  return { job, kinds: events.map(({ kind }) => kind) };
}
