import { expect, test } from 'vitest';
import { firstRecord } from '../../src/job/record.ts';
import { type JobRecord } from '../../src/job/spec.ts';
import { readAttempt } from '../../src/journal/read-attempts.ts';
import { readEvents } from '../../src/journal/read-events.ts';
import { readJobsById } from '../../src/journal/read-jobs.ts';
import { record } from '../../src/journal/record.ts';
import { type Database } from '../../src/journal/sqlite.ts';
import { openJournal } from './fixtures/open-journal.ts';
import { specOf } from './fixtures/spec.ts';

const spec = specOf({ id: 'a-job' });
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

test('a job has the attempts that it knows to have ended, whenever their workers tell of them', async () => {
  const journal = await openJournal();
  const ended: JobRecord = { ...rest, rev: 2, key: '2', status: 'SUCCEEDED', attemptsEnded: 1, finishedAt: first.at + 9, events: [] };
  await tell(journal, first, { ...ended, ended: { number: 1, outcome: 'SUCCEEDED' } });
  expect((await seen(journal)).job).toMatchObject({ status: 'SUCCEEDED', last_started: 1 });
  await record(journal, [{ kind: 'attemptStarted', attempt: { ...ofJob, number: 1, workerId: 'w', host: 'h', pid: 1, at: first.at + 1 } }]);
  expect((await seen(journal)).job).toMatchObject({ status: 'SUCCEEDED', last_started: 1, started_at: first.at + 1 });
});

test('an end that is told again is not the end of an attempt that has begun since', async () => {
  const journal = await openJournal();
  const started = (at: number) =>
    record(journal, [{ kind: 'attemptStarted', attempt: { ...ofJob, number: 1, workerId: 'w', host: 'h', pid: 1, at } }]);
  const lost: JobRecord = {
    ...rest,
    rev: 2,
    key: '2',
    at: first.at + 5,
    attemptsEnded: 1,
    ended: { number: 1, outcome: 'LOST' },
    events: [],
  };
  await tell(journal, first);
  await started(first.at + 1);
  await tell(journal, lost);
  expect(await readAttempt(journal.db, spec.id, 1)).toMatchObject({ outcome: 'LOST' });
  // The job was reset in Temporal.
  await started(first.at + 10);
  await tell(journal, lost);
  expect(await readAttempt(journal.db, spec.id, 1)).toMatchObject({ started_at: first.at + 10, outcome: null });
});

test('an attempt that was aborted in line counts as none', async () => {
  const journal = await openJournal();
  const aborted: JobRecord = { ...rest, rev: 2, key: '2', status: 'ABORTED', attemptsEnded: 1, finishedAt: first.at + 9, events: [] };
  await tell(journal, first, { ...aborted, ended: { number: 1, outcome: 'ABORTED' } });
  expect((await seen(journal)).job).toMatchObject({ status: 'ABORTED', last_started: 0 });
});

const ofJob = { spec, jobId: spec.id, workflowId: 'job:a-job', activityId: 'attempt-1', step: undefined, undo: undefined };

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
