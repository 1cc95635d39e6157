import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { firstRecord } from '../../src/job/record.ts';
import { PRODUCT_DEFAULTS } from '../../src/job/spec.ts';
import type { AttemptEnd, AttemptSample, Entry } from '../../src/journal/entries.ts';
import { migrate } from '../../src/journal/migrate.ts';
import { readAttempt } from '../../src/journal/read-jobs.ts';
import { readJobUsage, readUsage } from '../../src/journal/read-usage.ts';
import { record } from '../../src/journal/record.ts';
import { downsample, MAX_SAMPLES } from '../../src/journal/record-usage.ts';
import { openSqlite, type Database } from '../../src/journal/sqlite.ts';

let journal: Database;
beforeEach(async () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-usage-'));
  journal = openSqlite(join(dir, 'journal.db'), 'write');
  await migrate(journal);
  onTestFinished(() => {
    journal.close();
    rmSync(dir, { recursive: true });
  });
});

const started = (number: number, at = 1_000): Entry => ({
  kind: 'attemptStarted',
  attempt: { jobId: 'a', number, workflowId: 'job:a', activityId: `attempt-${number}`, workerId: 'w', host: 'h', pid: 7, at },
});
const used = (number: number, at: number, sample: Partial<AttemptSample> = {}): Entry => ({
  kind: 'usage',
  samples: [{ jobId: 'a', number, at, memoryBytes: 100, cpuPercent: 50, cpuSeconds: 1, ...sample }],
});
const ended = (number: number, fields: Partial<AttemptEnd> = {}): Entry => ({
  kind: 'attemptEnded',
  attempt: { jobId: 'a', number, at: 9_000_000, outcome: 'SUCCEEDED', ...fields },
});
const samplesOf = (number: number) => readUsage(journal.db, { jobId: 'a', number, after: 0, limit: 10_000 });
const attempt = (number: number) => readAttempt(journal.db, 'a', number);

test('where nobody but its job tells of an attempt’s end, its row has what its samples say', async () => {
  await record(journal, [
    started(1),
    used(1, 2_000, { memoryBytes: 300, cpuSeconds: 0.5 }),
    used(1, 3_000, { memoryBytes: 200, cpuSeconds: 1.5 }),
    ended(1, { outcome: 'LOST' }),
  ]);
  expect(await attempt(1)).toMatchObject({ outcome: 'LOST', peak_memory_bytes: 300, cpu_seconds: 1.5 });
  await record(journal, [started(2), ended(2, { outcome: 'LOST' })]);
  expect(await attempt(2)).toMatchObject({ outcome: 'LOST', peak_memory_bytes: null, cpu_seconds: null });
});

test('samples of many attempts are kept at once', async () => {
  await record(journal, [started(1), started(2), ended(2), started(3)]);
  await record(journal, [
    { kind: 'usage', samples: [1, 2, 3].flatMap((number) => (used(number, 2_000) as any).samples as AttemptSample[]) },
  ]);
  expect(await Promise.all([1, 2, 3].map(async (number) => (await samplesOf(number)).length))).toEqual([1, 0, 1]);
});

test('the end of an attempt brings its own figures, also where the workflow was quicker to tell of it', async () => {
  await record(journal, [started(1), used(1, 2_000), ended(1), ended(1, { peakMemoryBytes: 400, cpuSeconds: 2.5 })]);
  expect(await attempt(1)).toMatchObject({ peak_memory_bytes: 400, cpu_seconds: 2.5 });
});

test('a sample that is told twice is kept once, and one that comes after the end, or of no attempt, is not kept', async () => {
  await record(journal, [started(1), used(1, 2_000), used(1, 2_000), ended(1), used(1, 3_000), used(2, 3_000)]);
  expect(await samplesOf(1)).toEqual([{ job_id: 'a', attempt: 1, at: 2_000, memory_bytes: 100, cpu_percent: 50, cpu_seconds: 1 }]);
  expect(await samplesOf(2)).toEqual([]);
});

test('of an attempt that has ended a bounded number of samples is left, and the peak among them', async () => {
  const samples = Array.from({ length: 1_000 }, (_, index) => used(1, 2_000 + index, { memoryBytes: index === 517 ? 999 : 100 }));
  await record(journal, [started(1), started(2), ...samples, used(2, 2_000)]);
  expect(await samplesOf(1)).toHaveLength(1_000);
  await record(journal, [ended(1)]);
  const left = await samplesOf(1);
  expect(left).toHaveLength(MAX_SAMPLES);
  expect(Math.max(...left.map(({ memory_bytes }) => memory_bytes))).toBe(999);
  expect(left.at(-1)!.at).toBe(2_999);
  expect(await samplesOf(2)).toHaveLength(1);
});

test('thinned out, each stands for as many as the next: its last time, the highest memory, the mean CPU', () => {
  const samples = [1, 2, 3, 4].map((n) => ({ at: n, memory_bytes: n === 1 ? 9 : n, cpu_percent: 10 * n, cpu_seconds: n / 2 }));
  expect(downsample(samples, 2)).toEqual([
    { at: 2, memory_bytes: 9, cpu_percent: 15, cpu_seconds: 1 },
    { at: 4, memory_bytes: 4, cpu_percent: 35, cpu_seconds: 2 },
  ]);
  expect(downsample(samples, 4)).toEqual(samples);
  expect(downsample(samples, 3).map(({ at }) => at)).toEqual([1, 2, 4]);
});

test('a job’s samples are read over all its attempts, from any of them on', async () => {
  await record(journal, [started(1), used(1, 2_000), used(1, 3_000), ended(1), started(2, 4_000), used(2, 5_000), used(2, 6_000)]);
  const read = async (after: { attempt: number; at: number }, limit = 10) =>
    (await readJobUsage(journal.db, { jobId: 'a', after, limit })).map(({ attempt: number, at }) => [number, at]);
  expect(await read({ attempt: 0, at: 0 })).toEqual([
    [1, 2_000],
    [1, 3_000],
    [2, 5_000],
    [2, 6_000],
  ]);
  expect(await read({ attempt: 1, at: 2_500 }, 2)).toEqual([
    [1, 3_000],
    [2, 5_000],
  ]);
  expect(await read({ attempt: 2, at: 6_000 })).toEqual([]);
});

test('the samples of a deleted job are gone with it', async () => {
  const spec = { id: 'a', type: 't', payload: null, priority: 1, tags: [], metadata: null, createdAt: 1_000, ...PRODUCT_DEFAULTS };
  await record(journal, [{ kind: 'job', record: firstRecord(spec) }, started(1), used(1, 2_000)]);
  expect(await samplesOf(1)).toHaveLength(1);
  await record(journal, [{ kind: 'deleted', jobId: 'a', createdAt: 1_000, at: 3_000 }, used(1, 4_000)]);
  expect(await samplesOf(1)).toEqual([]);
});
