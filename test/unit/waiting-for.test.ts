import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Loaders } from '../../src/api/loaders.ts';
import { waitingFor } from '../../src/api/waiting-for.ts';
import { firstRecord } from '../../src/job/record.ts';
import { PRODUCT_DEFAULTS } from '../../src/job/spec.ts';
import { type Journal, openJournal } from '../../src/journal/journal.ts';
import { type JobRow, readJobsById } from '../../src/journal/read-jobs.ts';

let dir: string;
let journal: Journal;
let row: JobRow;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-waiting-'));
  journal = await openJournal(join(dir, 'journal.db'), () => {});
  const createdAt = Date.now();
  const spec = { id: 'a', type: 'sleep', payload: null, priority: 1, tags: [], metadata: null, createdAt, ...PRODUCT_DEFAULTS };
  await journal.writer.write({ kind: 'job', record: firstRecord({ ...spec, queue: 'mail' }) });
  await journal.writer.write({
    kind: 'worker',
    worker: {
      id: 'w',
      host: 'h',
      pool: 'default',
      pid: 1,
      slots: 1,
      busy: 1,
      status: 'RUNNING',
      jobTypes: ['sleep'],
      problems: [],
      startedAt: createdAt,
      at: createdAt + 60_000,
      drainsUntil: null,
      cpuPercent: null,
      memoryBytes: null,
    },
  });
  row = (await readJobsById(journal.db, ['a']))[0]!;
});
afterAll(async () => {
  await journal.stop(1_000);
  rmSync(dir, { recursive: true });
});

const why = (more: Partial<JobRow> = {}) => waitingFor({ ...row, ...more }, journal, {} as Loaders);
const limit = (limit: number | null) => journal.writer.write({ kind: 'queuePolicy', queue: 'mail', policy: { limit, paused: false } });

test('a job in line says its place, when it starts, and what moves it forward where anything does', async () => {
  expect(await why()).toMatchObject({
    kind: 'LINE',
    message: expect.stringMatching(/^number 1 in the line .* it starts when .*setJobPriority or forceStartJob/) as string,
  });
  expect((await why({ forced: 1 }))?.message).toMatch(/it starts when a worker has a slot for it; it has been forced already$/);
});

test('a job at the gate of a key says when its turn comes, and what goes past', async () => {
  expect(await why({ gate: 'key:tenant-1' })).toMatchObject({
    kind: 'CONCURRENCY_KEY',
    key: 'key:tenant-1',
    message: expect.stringMatching(/when one that is in ends; forceStartJob with ignoreConcurrency/) as string,
  });
});

test('a job that waits for others names at most 100 of them, as the schema says, and how many there are', async () => {
  const ids = Array.from({ length: 1_000 }, (_, index) => `d-${index}`);
  const ended = new Set(ids.slice(0, 7));
  const loaders = {
    dependencies: { load: async () => ids },
    // Of one that the journal does not know it has not been told either.
    job: { load: async (id: string) => (id === 'd-7' ? undefined : { ...row, id, status: ended.has(id) ? 'SUCCEEDED' : 'RUNNING' }) },
  } as unknown as Loaders;
  expect(await waitingFor({ ...row, status: 'WAITING' }, journal, loaders)).toMatchObject({
    kind: 'DEPENDENCIES',
    jobIds: ids.slice(7, 107),
    message: `waits for 993 jobs to end: ${ids.slice(7, 17).join(', ')}`,
  });
  const schema = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8');
  expect(schema).toMatch(/"The jobs it waits for, of DEPENDENCIES; at most 100\."\n +jobIds/);
});

test('a job that its queue keeps says its limit and what lets it go on, and nothing of a limit that was lifted', async () => {
  await limit(3);
  const kept = await why({ gate: 'queue:mail' });
  expect(kept).toMatchObject({ kind: 'QUEUE_LIMIT', key: 'mail' });
  expect(kept?.message).toMatch(/its limit of 3 allows: it goes on when one of them ends; setQueueLimit or forceStartJob/);
  expect((await why({ gate: 'queue:mail', forced: 1 }))?.message).toMatch(/does not hold it any more/);
  await limit(null);
  expect((await why({ gate: 'queue:mail' }))?.message).toMatch(/does not hold it any more/);
});

describe('while a job undoes its steps', () => {
  const undoing = (more: Partial<JobRow> = {}) =>
    why({ status: 'ROLLING_BACK', band: 1, starts_at: later, last_started: 3, attempts_ended: 3, ...more });
  const later = Date.now() + 60_000;

  test('nothing keeps an undo that runs', async () => {
    expect(await undoing({ last_started: 4 })).toBeNull();
  });

  test('an undo that has failed waits for its next try, and in line for none, whatever a try before it waited for', async () => {
    expect(await undoing({ band: null })).toMatchObject({ kind: 'BACKOFF', until: later });
    expect(await undoing()).toMatchObject({ kind: 'LINE', until: null });
  });

  test('an undo waits for a key and for a worker, and for no paused queue; nothing moves it forward', async () => {
    expect(await undoing({ gate: 'key:tenant-1' })).toMatchObject({
      kind: 'CONCURRENCY_KEY',
      key: 'key:tenant-1',
      message: expect.stringMatching(/when one that is in ends$/) as string,
    });
    expect(await undoing({ pool: 'nobody' })).toMatchObject({ kind: 'NO_WORKER' });
    await journal.writer.write({ kind: 'queuePolicy', queue: 'mail', policy: { limit: null, paused: true } });
    expect(await why()).toMatchObject({ kind: 'QUEUE_PAUSED' });
    expect(await undoing()).toMatchObject({
      kind: 'LINE',
      message: expect.stringMatching(/undos go before all others$/) as string,
    });
  });
});
