import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { reconcileBulks } from '../../src/activities/reconcile-bulks.ts';
import { act } from '../../src/api/act.ts';
import type { Jobs } from '../../src/api/jobs.ts';
import type { BulkAction, BulkSpec } from '../../src/job/bulk.ts';
import { firstRecord } from '../../src/job/record.ts';
import { type JobSpec, PRODUCT_DEFAULTS } from '../../src/job/spec.ts';
import type { Entry } from '../../src/journal/entries.ts';
import { openJournal as openForProcess } from '../../src/journal/journal.ts';
import { migrate } from '../../src/journal/migrate.ts';
import { readBulk, readBulkErrors, readBulkItems } from '../../src/journal/read-bulk.ts';
import { filterOf, MAX_ERRORS } from '../../src/journal/record-bulk.ts';
import { record } from '../../src/journal/record.ts';
import { type Database, openSqlite } from '../../src/journal/sqlite.ts';

const DAY_MS = 86_400_000;
const NOW = 100 * DAY_MS;
const specOf = (id: string, more: Partial<BulkSpec> = {}): BulkSpec => ({ id, action: 'ABORT', filter: {}, startedAt: NOW, ...more });
const job = (id: string, more: Partial<JobSpec> = {}): Entry => ({
  kind: 'job',
  record: firstRecord({
    id,
    type: 'a.type',
    payload: null,
    priority: 1,
    tags: [],
    metadata: null,
    createdAt: 1,
    ...PRODUCT_DEFAULTS,
    ...more,
  }),
});
const refused = (jobId: string) => ({ jobId, error: { code: 'ALREADY_FINISHED' as const, message: 'too late', path: ['id'], rule: null } });
const ALL = { after: '', limit: 1_000 };

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

describe('the journal', () => {
  test('finds the jobs of a bulk operation once, at one moment, and gives them by id', async () => {
    const journal = await openJournal();
    await record(journal, [job('b', { tags: ['x'] }), job('a', { tags: ['x'] }), job('c')]);
    const spec = specOf('o', { filter: { tagsAny: ['x', 'y'] } });
    await record(journal, [{ kind: 'bulkBegun', spec }, job('d', { tags: ['x'] }), { kind: 'bulkBegun', spec }]);
    expect(await readBulk(journal.db, 'o')).toMatchObject({ status: 'RUNNING', matched: 2, done: 0, failed: 0, finished_at: null });
    expect(await readBulkItems(journal.db, 'o', ALL)).toEqual(['a', 'b']);
    expect(await readBulkItems(journal.db, 'o', { after: 'a', limit: 1 })).toEqual(['b']);
  });

  test('keeps how far it is, never backward, and not after its end', async () => {
    const journal = await openJournal();
    const at = (done: number, failed: number): Entry => ({ kind: 'bulkProgress', id: 'o', counts: { done, failed }, errors: [] });
    await record(journal, [job('a'), { kind: 'bulkBegun', spec: specOf('o') }, at(3, 1), at(2, 0)]);
    expect(await readBulk(journal.db, 'o')).toMatchObject({ done: 3, failed: 1 });
    await record(journal, [{ kind: 'bulkEnded', id: 'o', status: 'ABORTED', at: NOW + 5 }, at(9, 9)]);
    await record(journal, [{ kind: 'bulkEnded', id: 'o', status: 'SUCCEEDED', at: NOW + 6 }]);
    expect(await readBulk(journal.db, 'o')).toMatchObject({ status: 'ABORTED', done: 3, failed: 1, finished_at: NOW + 5 });
    expect(await readBulkItems(journal.db, 'o', ALL)).toEqual([]);
  });

  test('keeps one error a job, and no more than it may', async () => {
    const journal = await openJournal();
    const errors = Array.from({ length: MAX_ERRORS + 50 }, (_, index) => refused(`job-${index}`));
    const counts = { done: 0, failed: errors.length };
    await record(journal, [{ kind: 'bulkBegun', spec: specOf('o') }]);
    await record(journal, [{ kind: 'bulkProgress', id: 'o', counts, errors: [refused('job-0'), refused('job-0')] }]);
    expect(await readBulkErrors(journal.db, 'o', 10)).toEqual([
      { operation_id: 'o', job_id: 'job-0', code: 'ALREADY_FINISHED', message: 'too late', path: '["id"]', rule: null },
    ]);
    await record(journal, [{ kind: 'bulkProgress', id: 'o', counts, errors }]);
    expect((await readBulkErrors(journal.db, 'o', 5_000)).length).toBeLessThanOrEqual(MAX_ERRORS);
  });

  test('forgets an operation a week after its end', async () => {
    const journal = await openJournal();
    await record(journal, [
      { kind: 'bulkBegun', spec: specOf('old') },
      { kind: 'bulkBegun', spec: specOf('open') },
      { kind: 'bulkProgress', id: 'old', counts: { done: 0, failed: 1 }, errors: [refused('a')] },
      { kind: 'bulkEnded', id: 'old', status: 'SUCCEEDED', at: NOW },
      { kind: 'bulkBegun', spec: specOf('six days', { startedAt: NOW + 6 * DAY_MS }) },
    ]);
    expect(await readBulk(journal.db, 'old')).toBeDefined();
    await record(journal, [{ kind: 'bulkBegun', spec: specOf('eight days', { startedAt: NOW + 8 * DAY_MS }) }]);
    expect(await readBulk(journal.db, 'old')).toBeUndefined();
    expect(await readBulkErrors(journal.db, 'old', 10)).toEqual([]);
    expect(await readBulk(journal.db, 'open')).toBeDefined();
  });
});

test('a filter has its moments back after the way through Temporal', () => {
  const filter = { createdAfter: new Date(5), finishedBefore: null, status: ['QUEUED' as const], text: '2026-01-01' };
  expect(filterOf(JSON.parse(JSON.stringify(filter)))).toEqual(filter);
});

describe('a bulk operation does to a job', () => {
  /** Jobs that refuse, and what they were asked. */
  function refusing(code: string) {
    const asked: unknown[][] = [];
    const answer =
      (name: string) =>
      async (...how: unknown[]) => {
        asked.push([name, ...how]);
        return { job: null, deletedJobId: null, userErrors: [{ code, message: 'no', path: null, rule: null }] };
      };
    const names = ['abort', 'forceStart', 'setPriority', 'hold', 'release', 'retry', 'delete'];
    return { asked, jobs: Object.fromEntries(names.map((name) => [name, answer(name)])) as unknown as Jobs };
  }

  test.each<[BulkAction, Partial<BulkSpec>, unknown[]]>([
    ['ABORT', {}, ['abort', { id: 'a' }, 'bulk:o']],
    ['ABORT', { graceMs: 0 }, ['abort', { id: 'a', grace: 0 }, 'bulk:o']],
    ['FORCE_START', {}, ['forceStart', { id: 'a' }, 'bulk:o']],
    ['SET_PRIORITY', { priority: 3 }, ['setPriority', { id: 'a', priority: 3 }, 'bulk:o']],
    ['HOLD', {}, ['hold', { id: 'a' }, 'bulk:o']],
    ['RELEASE', {}, ['release', { id: 'a' }, 'bulk:o']],
    ['RETRY', {}, ['retry', { id: 'a', from: 'START' }, 'bulk:o']],
    ['DELETE', {}, ['delete', { id: 'a' }]],
  ])('%s %o as the mutation on it does, and tells why it was refused', async (action, how, expected) => {
    const { asked, jobs } = refusing('UNSUPPORTED');
    expect(await act(jobs, specOf('o', { action, ...how }), 'a')).toEqual({ code: 'UNSUPPORTED', message: 'no', path: null, rule: null });
    expect(asked).toEqual([expected]);
  });

  test('nothing where it is to be deleted and is gone, which is as wished', async () => {
    expect(await act(refusing('NOT_FOUND').jobs, specOf('o', { action: 'DELETE' }), 'a')).toBeUndefined();
    expect(await act(refusing('NOT_FOUND').jobs, specOf('o', { action: 'HOLD' }), 'a')).toMatchObject({ code: 'NOT_FOUND' });
  });
});

test('a bulk operation that has ended in Temporal without telling is ended in the journal', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-journal-'));
  const journal = await openForProcess(join(dir, 'journal.db'), () => {});
  onTestFinished(async () => {
    await journal.stop(1_000);
    rmSync(dir, { recursive: true, force: true });
  });
  const inTemporal: Record<string, string> = { open: 'RUNNING', done: 'COMPLETED', killed: 'TERMINATED' };
  const describe = async (id: string) => {
    if (!inTemporal[id]) throw new WorkflowNotFoundError('gone', id, undefined);
    return { status: { name: inTemporal[id] } };
  };
  const client = { workflow: { getHandle: (id: string) => ({ describe: () => describe(id.replace('bulk:', '')) }) } };
  const ids = [...Object.keys(inTemporal), 'gone'];
  for (const id of ids) await journal.writer.write({ kind: 'bulkBegun', spec: specOf(id) });
  await reconcileBulks({ client: client as unknown as Client, journal });
  await journal.writer.write({ kind: 'bulkBegun', spec: specOf('after') });
  const rows = await Promise.all(ids.map((id) => readBulk(journal.db, id)));
  expect(rows.map((row) => row?.status)).toEqual(['RUNNING', 'SUCCEEDED', 'ABORTED', 'ABORTED']);
});
