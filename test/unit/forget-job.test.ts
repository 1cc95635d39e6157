import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { firstRecord } from '../../src/job/record.ts';
import { type JobRecord, type JobSpec, PRODUCT_DEFAULTS } from '../../src/job/spec.ts';
import type { AttemptStart, Entry } from '../../src/journal/entries.ts';
import { migrate } from '../../src/journal/migrate.ts';
import { readEvents } from '../../src/journal/read-events.ts';
import { readJobsById } from '../../src/journal/read-jobs.ts';
import { record } from '../../src/journal/record.ts';
import { type Database, openSqlite } from '../../src/journal/sqlite.ts';

const specOf = (createdAt: number): JobSpec => ({
  id: 'a-job',
  type: 'a.type',
  payload: null,
  priority: 1,
  tags: ['x', 'y'],
  metadata: null,
  createdAt,
  ...PRODUCT_DEFAULTS,
  dependencies: ['another'],
});
const spec = specOf(1_000);
const first: Entry = { kind: 'job', record: firstRecord(spec) };
const attempt: AttemptStart = {
  spec,
  jobId: spec.id,
  number: 1,
  workflowId: 'job:a-job',
  activityId: 'attempt-1',
  workerId: 'w',
  host: 'h',
  pid: 7,
  at: 1_500,
};
const started: Entry = { kind: 'attemptStarted', attempt };
const log: Entry = { kind: 'log', jobId: spec.id, number: 1, lines: [{ at: 1_600, stream: 'STDOUT', text: 'a line', dropped: 0 }] };
const ended: JobRecord = {
  ...firstRecord(spec),
  rev: 2_000,
  at: 2_000,
  status: 'SUCCEEDED',
  attemptsEnded: 1,
  finishedAt: 2_000,
  events: [{ kind: 'FINISHED' }],
};
const final: Entry = { kind: 'job', record: ended };
const deleted: Entry = { kind: 'deleted', jobId: spec.id, createdAt: spec.createdAt, at: 3_000 };

test('all of a deleted job is gone but its last event', async () => {
  const journal = await openJournal();
  await record(journal, [first, started, log, final, deleted]);
  expect(await readJobsById(journal.db, [spec.id])).toEqual([undefined]);
  for (const table of ['job_tag', 'dependency', 'attempt', 'log_line'] as const)
    expect(await journal.db.selectFrom(table).selectAll().execute()).toEqual([]);
  expect(await events(journal)).toMatchObject([{ kind: 'DELETED', status: 'SUCCEEDED', at: 3_000 }]);
});

test.each<[string, Entry]>([
  ['the workflow', final],
  ['its creator', first],
  ['a worker', started],
  [
    'a reconciler that had read its history',
    {
      kind: 'reconciled',
      jobId: spec.id,
      at: 4_000,
      entries: [{ kind: 'attemptStarted', attempt: { ...attempt, spec: undefined } as never }, first, final],
    },
  ],
])('what %s tells late of a deleted job does not bring it back', async (_, late) => {
  const journal = await openJournal();
  await record(journal, [first, started, final, deleted, late]);
  expect(await readJobsById(journal.db, [spec.id])).toEqual([undefined]);
  expect((await events(journal)).map(({ kind }) => kind)).toEqual(['DELETED']);
});

test('another job that has its id since is not touched by what is told late, nor deleted in its place', async () => {
  const journal = await openJournal();
  const next: Entry = { kind: 'job', record: firstRecord(specOf(5_000)) };
  await record(journal, [first, final, deleted, next]);
  const before = await readJobsById(journal.db, [spec.id]);
  await record(journal, [final, started, { kind: 'reconciled', jobId: spec.id, at: 6_000, entries: [started, first, final] }, deleted]);
  expect(await readJobsById(journal.db, [spec.id])).toEqual(before);
  expect((await events(journal, true)).map(({ kind }) => kind)).toEqual(['CREATED', 'WAITING']);
});

const events = (journal: Database, own = false) => readEvents(journal.db, { jobId: spec.id, own, after: 0, limit: 100 });

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
