import { beforeEach, expect, test, vi } from 'vitest';
import { seeded } from '../../src/cli/demo/seeded.ts';
import { bandOfPriority } from '../../src/job/bands.ts';
import { firstRecord } from '../../src/job/record.ts';
import type { JobRecord } from '../../src/job/spec.ts';
import type { Entry } from '../../src/journal/entries.ts';
import { placeInLine, readJobsById } from '../../src/journal/read-jobs.ts';
import { openJournal, type OpenJournal } from './fixtures/open-journal.ts';
import { specOf } from './fixtures/spec.ts';
import { toldTo } from './fixtures/told.ts';

let journal: OpenJournal;
beforeEach(async () => void (journal = await openJournal()));
const { tell, job } = toldTo(() => journal);

const KEY = 'key:k';
const created = (id: string, createdAt: number, priority = 1): Entry => ({
  kind: 'job',
  record: firstRecord(specOf({ id, createdAt, priority, queue: 'q' })),
});
/** A later word of a job of priority 1 in line. */
const said = (jobId: string, at: number, fields: Partial<JobRecord> = {}): Entry => {
  const { spec: _, ...first } = firstRecord(specOf({ id: jobId }));
  return { kind: 'job', record: { ...first, rev: at, key: String(at), at, events: [], ...fields } };
};
const started = (jobId: string, number: number, at: number): Entry => ({
  kind: 'attemptStarted',
  attempt: { jobId, number, workflowId: '', activityId: `attempt-${number}`, workerId: 'w', host: 'h', pid: 1, at },
});
const undoing = (jobId: string, at: number, ended: number, band: number | null = 1): Entry =>
  said(jobId, at, { status: 'ROLLING_BACK', band, attemptsEnded: ended, ended: { number: ended, outcome: 'FAILED' } });

async function places(...ids: string[]): Promise<number[]> {
  const rows = await readJobsById(journal.db, ids);
  return Promise.all(rows.map((row) => placeInLine(journal.db, row!)));
}

test('who has waited at a gate stands behind those that got in line meanwhile, and ages by all of its time', async () => {
  await tell(created('a', 1_000), said('a', 1_010, { gate: KEY }), created('b', 2_000));
  expect(await places('b')).toEqual([1]);
  const { ages_at: agesAt } = job('a');
  await tell(said('a', 3_000), created('c', 4_000));
  expect(await places('b', 'a', 'c')).toEqual([1, 2, 3]);
  expect(job('a')['ages_at']).toBe(agesAt);
  // What does not move it in Temporal's line does not here.
  await tell(said('a', 5_000));
  expect(await places('b', 'a', 'c')).toEqual([1, 2, 3]);
});

test('who was paused with its queue does not count, and stands at the tail from when it was moved back', async () => {
  await tell(created('a', 1_000), created('b', 2_000), created('c', 3_000), { kind: 'linePaused', jobIds: ['a', 'b'], paused: true });
  expect(await places('c')).toEqual([1]);
  const { ages_at: agesAt } = job('a');
  await tell({
    kind: 'lineResumed',
    moved: [
      { jobId: 'b', at: 5_000 },
      { jobId: 'a', at: 5_100 },
    ],
  });
  await tell(created('d', 6_000));
  expect(await places('c', 'b', 'a', 'd')).toEqual([1, 2, 3, 4]);
  expect(job('a')['ages_at']).toBe(agesAt);
});

test('an undo in line stands before all others, but not while it runs or waits for its next try', async () => {
  await tell(created('u', 1_000), started('u', 1, 1_100), created('a', 2_000), said('a', 2_100, { band: 1, events: [{ kind: 'QUEUED' }] }));
  expect(await places('a')).toEqual([1]);
  await tell(undoing('u', 2_050, 1));
  expect(await places('a')).toEqual([2]);
  await tell(started('u', 2, 3_000));
  expect(await places('a')).toEqual([1]);
  // It fails, waits, and comes back at the tail of the undos; the one that follows it as well.
  await tell(undoing('u', 4_000, 2, null));
  expect(await places('a')).toEqual([1]);
  await tell(said('u', 5_000, { status: 'ROLLING_BACK', band: 1, attemptsEnded: 2 }), created('b', 1_500));
  expect(await places('a', 'b')).toEqual([1, 3]);
  await tell(created('c', 5_500), said('c', 5_600, { band: 1, events: [{ kind: 'QUEUED' }] }));
  expect(await places('c')).toEqual([3]);
  await tell(started('u', 3, 6_000), undoing('u', 7_000, 3));
  expect(await places('c')).toEqual([2]);
});

test('who is forced again goes to the tail of the forced', async () => {
  const forced = { forced: true, band: 2, events: [{ kind: 'FORCED' as const }] };
  await tell(created('a', 1_000), created('b', 1_000), said('a', 2_000, forced), said('b', 3_000, forced));
  expect(await places('a', 'b')).toEqual([1, 2]);
  await tell(said('a', 4_000, forced));
  expect(await places('a', 'b')).toEqual([2, 1]);
});

test('in a journal that was made anew a job counts as in line, unless its queue is paused, and a resume moves it all the same', async () => {
  const again = (jobId: string, at: number): Entry => ({ kind: 'reconciled', jobId, at: 9_000, entries: [created(jobId, at)] });
  await tell(again('a', 1_000), created('b', 2_000));
  expect(await places('b')).toEqual([2]);
  await tell({ kind: 'queuePolicy', queue: 'q', policy: { limit: null, paused: true } }, again('c', 1_500));
  expect(await places('b')).toEqual([2]);
  await tell({ kind: 'lineResumed', moved: ['a', 'c'].map((jobId) => ({ jobId, at: 9_000 })) });
  expect(await places('b', 'a', 'c')).toEqual([1, 2, 3]);
});

test('is counted by the index of who stands in line, by band and then by age', async () => {
  await tell(created('a', 1_000), created('b', 2_000, 5), created('c', 1_500));
  const prepare = vi.spyOn(journal.sqlite, 'prepare');
  expect(await places('b', 'a', 'c')).toEqual([1, 2, 3]);
  const query = prepare.mock.calls.map(([text]) => text).find((text) => text.includes('count('))!;
  const plan = journal.sqlite.prepare(`explain query plan ${query}`).all();
  expect(plan.map(({ detail }) => detail)).toEqual(['SEARCH job USING INDEX job_line (pool=? AND (band,band_since,id)<(?,?,?))']);
  expect(job('b')['band']).toBe(bandOfPriority(5));
});

test('among 10,000 each has the place that band, then time give it', async () => {
  const random = seeded(1);
  const jobs = Array.from({ length: 10_000 }, (_, index) => ({
    id: `job-${String(index).padStart(5, '0')}`,
    createdAt: 1_000 + Math.floor(random() * 5_000),
    priority: 1 + Math.floor(random() * 10),
  }));
  for (let from = 0; from < jobs.length; from += 500)
    await tell(...jobs.slice(from, from + 500).map(({ id, createdAt, priority }) => created(id, createdAt, priority)));
  const inOrder = jobs
    .toSorted((a, b) => b.priority - a.priority || a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
  const some = inOrder.map((_, index) => index).filter((index) => index % 97 === 0);
  expect(await places(...some.map((index) => inOrder[index]!))).toEqual(some.map((index) => index + 1));
});
