import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { dueNow } from '../../src/activities/age-jobs.ts';
import { bandOfPriority } from '../../src/job/bands.ts';
import { firstRecord } from '../../src/job/record.ts';
import { type JobRecord, type JobSpec, PRODUCT_DEFAULTS } from '../../src/job/spec.ts';
import type { Entry, WorkerState } from '../../src/journal/entries.ts';
import { migrate } from '../../src/journal/migrate.ts';
import * as first from '../../src/journal/migrations/001-first.ts';
import * as waitsAndSteps from '../../src/journal/migrations/002-waits-and-steps.ts';
import { readJobsById } from '../../src/journal/read-jobs.ts';
import { poolsThatAge, shortestAgeAfterMs } from '../../src/journal/read-ageing.ts';
import { record } from '../../src/journal/record.ts';
import { type Database, openSqlite } from '../../src/journal/sqlite.ts';

const T0 = 1_000_000;
const AGE_AFTER = 60_000;

test('a job in line is due when it has been in its band for its ageAfter, and again after that long', async () => {
  const journal = await openJournal();
  await record(journal, [created('a')]);
  expect(await due(journal, T0 + AGE_AFTER - 1)).toEqual([]);
  expect(await due(journal, T0 + AGE_AFTER)).toEqual(['a 1']);
  const movedAt = T0 + AGE_AFTER + 5;
  await record(journal, [told('a', 2, { at: movedAt, effectivePriority: 2, band: 14, events: [{ kind: 'AGED' }] })]);
  expect(await row(journal, 'a')).toMatchObject({ priority: 1, effective_priority: 2, ages_at: movedAt + AGE_AFTER });
  expect(await due(journal, movedAt + AGE_AFTER - 1)).toEqual([]);
  expect(await due(journal, movedAt + AGE_AFTER)).toEqual(['a 2']);
});

test('only who is in line behind some priority ages: nobody that waits, runs, is forced, has priority 10 or an ageAfter of 0', async () => {
  const journal = await openJournal();
  await record(journal, [
    created('held', { hold: true }),
    created('top', { priority: 10 }),
    created('never', {}, 0),
    created('forced'),
    told('forced', 2, { forced: true, band: 2 }),
    created('runs'),
    started('runs'),
    created('ages', { priority: 9 }),
  ]);
  expect(await due(journal, T0 + 10 * AGE_AFTER)).toEqual(['ages 9']);
});

test('a job whose runner has died ages again once it is back in a band of its priority', async () => {
  const journal = await openJournal();
  await record(journal, [created('a'), started('a'), told('a', 2, { attemptsEnded: 1, halts: 1, band: 3, events: [{ kind: 'QUEUED' }] })]);
  expect(await due(journal, T0 + 10 * AGE_AFTER)).toEqual([]);
  await record(journal, [told('a', 3, { attemptsEnded: 1, halts: 2, band: 15, at: T0 + 9, events: [{ kind: 'QUEUED' }] })]);
  expect(await due(journal, T0 + 9 + AGE_AFTER)).toEqual(['a 1']);
});

test('of each band and pool those that have been due for longest, 4 per slot of the workers that run', async () => {
  const journal = await openJournal();
  const names = Array.from({ length: 12 }, (_, index) => String(index).padStart(2, '0'));
  await record(journal, [
    ...names.toReversed().map((name) => created(`low-${name}`, { createdAt: T0 + Number(name) })),
    ...names.map((name) => created(`high-${name}`, { priority: 5, createdAt: T0 + Number(name) })),
    ...names.map((name) => created(`other-${name}`, { pool: 'gpu', createdAt: T0 + Number(name) })),
    { kind: 'worker', worker: worker('w', 'default', 2) },
    { kind: 'worker', worker: worker('gone', 'gpu', 50, T0 - 20_000) },
  ]);
  const found = await due(journal, T0 + AGE_AFTER + 9);
  const firstOf = (prefix: string, count: number, priority: number) => names.slice(0, count).map((name) => `${prefix}-${name} ${priority}`);
  expect(found.toSorted()).toEqual([...firstOf('high', 8, 5), ...firstOf('low', 8, 1), ...firstOf('other', 4, 1)].toSorted());
  expect(await poolsThatAge(journal.db)).toEqual(['default', 'gpu']);
});

test('the shortest ageAfter in line is known where one is under 30 s', async () => {
  const journal = await openJournal();
  await record(journal, [created('a')]);
  expect(await shortestAgeAfterMs(journal.db)).toBeUndefined();
  await record(journal, [created('b', {}, 5_000), created('c', {}, 1_000), created('d', { priority: 10 }, 2), created('e', {}, 0)]);
  expect(await shortestAgeAfterMs(journal.db)).toBe(1_000);
  await record(journal, [started('c')]);
  expect(await shortestAgeAfterMs(journal.db)).toBe(5_000);
});

test('a job that was in line before this version ages as well', async () => {
  const journal = await openJournal(async ({ sqlite, db }) => {
    await first.up(db as never);
    await waitsAndSteps.up(db as never);
    sqlite.exec(`create table meta (key text primary key, value text not null); insert into meta values ('id', 'an-id'), ('version', '2')`);
    const insert = sqlite.prepare(
      `insert into job (id, type, queue, pool, status, workflow_status, attempts_ended, last_started, rev, priority, band, band_since, forced,
        halts, losses, failures, payload, options, tags, metadata, created_at, version)
      values (?, 't', 'q', 'default', 'QUEUED', 'QUEUED', 0, 0, 1, ?, ?, ${T0}, 0, 0, 0, 0, 'null', '{}', '[]', 'null', ${T0}, 1)`,
    );
    insert.run('a', 3, 13);
    insert.run('forced', 1, 2);
  });
  expect(await due(journal, T0 + PRODUCT_DEFAULTS.options.ageAfterMs - 1)).toEqual([]);
  expect(await due(journal, T0 + PRODUCT_DEFAULTS.options.ageAfterMs)).toEqual(['a 3']);
});

test.each([
  ['the jobs of a band', `select id from job where ages_at is not null and pool = ? and band = ? order by ages_at limit ?`, 'job_ages'],
  ['the next pool', `select pool from job where ages_at is not null and pool > ? order by pool limit 1`, 'job_ages'],
  [
    'the shortest ageAfter',
    `select age_after_ms from job where ages_at is not null and age_after_ms < 30000 order by age_after_ms limit 1`,
    'job_ages_soon',
  ],
])('%s: found by index, without a sort', async (_, query, index) => {
  const { sqlite } = await openJournal();
  const plan = sqlite
    .prepare(`explain query plan ${query}`)
    .all()
    .map(({ detail }) => detail);
  expect(plan).toEqual([expect.stringMatching(new RegExp(`(SEARCH|SCAN) job USING (COVERING )?INDEX ${index}\\b`))]);
});

const specOf = (id: string, fields: Partial<JobSpec>, ageAfterMs: number): JobSpec => ({
  id,
  type: 'a.type',
  payload: null,
  priority: 1,
  tags: [],
  metadata: null,
  createdAt: T0,
  ...PRODUCT_DEFAULTS,
  options: { ...PRODUCT_DEFAULTS.options, ageAfterMs },
  ...fields,
});
const created = (id: string, fields: Partial<JobSpec> = {}, ageAfterMs = AGE_AFTER): Entry => ({
  kind: 'job',
  record: firstRecord(specOf(id, fields, ageAfterMs)),
});
const told = (jobId: string, rev: number, fields: Partial<JobRecord>): Entry => {
  const { spec: _, ...first } = firstRecord(specOf(jobId, {}, AGE_AFTER));
  return { kind: 'job', record: { ...first, band: bandOfPriority(1), rev, events: [], ...fields } };
};
const started = (jobId: string): Entry => ({
  kind: 'attemptStarted',
  attempt: { jobId, number: 1, workflowId: `job:${jobId}`, activityId: 'attempt-1', workerId: 'w', host: 'h', pid: 1, at: T0 + 1 },
});
const worker = (id: string, pool: string, slots: number, at = T0 + AGE_AFTER): WorkerState => ({
  id,
  host: 'h',
  pool,
  pid: 1,
  slots,
  busy: 0,
  status: 'RUNNING',
  jobTypes: [],
  problems: [],
  startedAt: T0,
  at,
  drainsUntil: null,
  cpuPercent: null,
  memoryBytes: null,
});

/** `<id> <effective priority>` of each. */
const due = async ({ db }: Database, nowMs: number): Promise<string[]> =>
  (await dueNow(db, nowMs)).map(({ id, effectivePriority }) => `${id} ${effectivePriority}`);
const row = async ({ db }: Database, id: string) => (await readJobsById(db, [id]))[0];

async function openJournal(before: (journal: Database) => Promise<void> = async () => {}): Promise<Database> {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-journal-'));
  const journal = openSqlite(join(dir, 'journal.db'), 'write');
  onTestFinished(() => {
    journal.close();
    rmSync(dir, { recursive: true, force: true });
  });
  await before(journal);
  await migrate(journal);
  return journal;
}
