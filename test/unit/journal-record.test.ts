import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { firstRecord } from '../../src/job/record.ts';
import { PRODUCT_DEFAULTS, type JobRecord, type JobSpec } from '../../src/job/spec.ts';
import type { AttemptEnd, AttemptStart, Entry, WorkerState } from '../../src/journal/entries.ts';
import { JOURNAL_VERSION, JournalTooNew, migrate } from '../../src/journal/migrate.ts';
import { lastEventSeq } from '../../src/journal/read-events.ts';
import { record } from '../../src/journal/record.ts';
import { openSqlite, type Database } from '../../src/journal/sqlite.ts';

let file: string;
let journal: Database;
let id: string;
beforeEach(async () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-record-'));
  file = join(dir, 'journal.db');
  journal = openSqlite(file, 'write');
  id = await migrate(journal);
  onTestFinished(() => {
    journal.close();
    rmSync(dir, { recursive: true });
  });
});

const tell = (...entries: Entry[]): Promise<void> => record(journal, entries);
const rows = (text: string, ...values: string[]): Record<string, any>[] =>
  journal.sqlite.prepare(text).all(...values) as Record<string, any>[];
const job = (jobId = 'a'): Record<string, any> => rows('select * from job where id = ?', jobId)[0]!;
const attempts = (jobId = 'a'): Record<string, any>[] => rows('select * from attempt where job_id = ? order by number', jobId);
const kinds = (jobId = 'a'): string[] =>
  rows('select kind from event where job_id = ? order by seq', jobId).map(({ kind }) => kind as string);
/** All of the journal but what every sign of life changes. */
const everything = (): unknown =>
  ['job', 'job_tag', 'attempt', 'event', 'job_type', 'worker'].map((table) => rows(`select * from ${table} order by 1, 2`));

const spec: JobSpec = {
  id: 'a',
  type: 'cpu.burn',
  payload: { ms: 5 },
  priority: 3,
  tags: ['x', 'y'],
  metadata: { by: 'test' },
  createdAt: 1_000,
  ...PRODUCT_DEFAULTS,
};
const created: Entry = { kind: 'job', record: firstRecord(spec) };
const said = (rev: number, fields: Partial<JobRecord>): Entry => ({
  kind: 'job',
  record: {
    jobId: 'a',
    rev,
    key: String(rev),
    at: 1_000 * rev,
    status: 'QUEUED',
    priority: 3,
    effectivePriority: 3,
    band: 13,
    forced: false,
    halts: 0,
    losses: 0,
    failures: 0,
    attemptsEnded: 0,
    events: [],
    ...fields,
  },
});
const started = (number: number, at = 1_500, fields: Partial<AttemptStart> = {}): Entry => ({
  kind: 'attemptStarted',
  attempt: {
    jobId: 'a',
    number,
    workflowId: 'job:a',
    activityId: `attempt-${number}`,
    workerId: 'w1',
    host: 'h',
    pid: 100 + number,
    at,
    ...fields,
  },
});
const ended = (number: number, fields: Partial<AttemptEnd> = {}): Entry => ({
  kind: 'attemptEnded',
  attempt: { jobId: 'a', number, at: 1_900, outcome: 'SUCCEEDED', result: { burnedMs: 5 }, ...fields },
});
const error = { name: 'Error', message: 'boom', retryable: true };
const worker: WorkerState = {
  id: 'w1',
  host: 'h',
  pool: 'default',
  pid: 1,
  slots: 2,
  busy: 1,
  status: 'RUNNING',
  jobTypes: ['cpu.burn'],
  problems: [],
  startedAt: 1,
  at: 2,
  drainsUntil: null,
  cpuPercent: 10,
  memoryBytes: 5,
};

/** A job that fails, halts, and succeeds at its third attempt, with all that is told of it on the way. */
const LIFE: Entry[] = [
  { kind: 'worker', worker },
  {
    kind: 'jobTypes',
    pool: 'default',
    workerId: 'w1',
    at: 1_000,
    types: [{ name: 'cpu.burn', description: null, payloadSchema: {}, defaults: {} }],
  },
  created,
  started(1),
  { kind: 'progress', jobId: 'a', number: 1, fraction: 0.2, at: 1_600 },
  { kind: 'progress', jobId: 'a', number: 1, fraction: 0.7, at: 1_700 },
  ended(1, { outcome: 'FAILED', code: 'HANDLER_ERROR', error }),
  said(2, {
    status: 'SCHEDULED',
    band: null,
    failures: 1,
    attemptsEnded: 1,
    startsAt: 2_500,
    error,
    ended: { number: 1, outcome: 'FAILED', error },
    events: [{ kind: 'RETRY_SCHEDULED' }],
  }),
  said(3, { failures: 1, attemptsEnded: 1, error, events: [{ kind: 'QUEUED' }] }),
  said(4, { failures: 1, attemptsEnded: 1, error, priority: 9, band: 7, events: [{ kind: 'PRIORITY_SET', detail: { priority: 9 } }] }),
  started(2, 4_500),
  ended(2, { at: 4_900, outcome: 'HALTED', code: 'HALTED', error, exitCode: 7, signal: null }),
  said(5, {
    failures: 1,
    halts: 1,
    attemptsEnded: 2,
    priority: 9,
    band: 3,
    error,
    ended: { number: 2, outcome: 'HALTED', error },
    events: [{ kind: 'HALTED' }, { kind: 'QUEUED' }],
  }),
  started(3, 5_500),
  { kind: 'abortGrace', jobId: 'a', graceMs: 250 },
  said(6, {
    failures: 1,
    halts: 1,
    attemptsEnded: 2,
    priority: 9,
    band: 7,
    error,
    abortRequestedAt: 6_000,
    events: [{ kind: 'ABORT_REQUESTED' }],
  }),
  ended(3, { at: 6_500, outcome: 'ABORTED', code: 'ABORTED_BY_USER', error, signal: 'SIGKILL', killMs: 12.5, killedPids: [103, 104] }),
  said(7, {
    status: 'ABORTED',
    band: null,
    failures: 1,
    halts: 1,
    attemptsEnded: 3,
    priority: 9,
    error,
    abortRequestedAt: 6_000,
    finishedAt: 7_000,
    reason: { code: 'ABORTED_BY_USER', message: 'enough' },
    ended: { number: 3, outcome: 'ABORTED' },
    events: [{ kind: 'FINISHED' }],
  }),
  { kind: 'terminated', jobId: 'a', at: 8_000, code: 'TERMINATED', message: 'too late: it is final' },
];

describe('a job’s row', () => {
  test('is what its records and its attempts say together', async () => {
    for (const entry of LIFE) await tell(entry);
    expect(job()).toMatchObject({
      status: 'ABORTED',
      workflow_status: 'ABORTED',
      rev: 7,
      attempts_ended: 3,
      last_started: 3,
      priority: 9,
      band: null,
      failures: 1,
      halts: 1,
      payload: '{"ms":5}',
      tags: '["x","y"]',
      metadata: '{"by":"test"}',
      reason_code: 'ABORTED_BY_USER',
      reason_message: 'enough',
      abort_grace_ms: 250,
      created_at: 1_000,
      queued_at: 1_000,
      started_at: 1_500,
      starts_at: 2_500,
      finished_at: 7_000,
    });
    expect(
      attempts().map(({ outcome, exit_code, signal, kill_ms, killed_pids }) => [outcome, exit_code, signal, kill_ms, killed_pids]),
    ).toEqual([
      ['FAILED', null, null, null, '[]'],
      ['HALTED', 7, null, null, '[]'],
      ['ABORTED', null, 'SIGKILL', 12.5, '[103,104]'],
    ]);
    expect(rows('select tag from job_tag order by tag')).toEqual([{ tag: 'x' }, { tag: 'y' }]);
  });

  test('shows RUNNING from an attempt’s start until its workflow has taken note of its end', async () => {
    await tell(created);
    expect(job()['status']).toBe('QUEUED');
    await tell(started(1));
    expect(job()['status']).toBe('RUNNING');
    await tell(ended(1));
    expect(job()['status']).toBe('RUNNING');
    await tell(
      said(2, { status: 'SUCCEEDED', band: null, attemptsEnded: 1, finishedAt: 2_000, ended: { number: 1, outcome: 'SUCCEEDED' } }),
    );
    expect(job()['status']).toBe('SUCCEEDED');
  });

  test('is RUNNING also where the worker was quicker to tell of the attempt than anybody of the job', async () => {
    await tell(started(1));
    expect(job()).toBeUndefined();
    await tell(created);
    expect(job()).toMatchObject({ status: 'RUNNING', last_started: 1, started_at: 1_500 });
  });

  test('begins each attempt without the progress of the one before', async () => {
    await tell(created, started(1), { kind: 'progress', jobId: 'a', number: 1, fraction: 0.9, at: 1 });
    expect(job()['progress']).toBe(0.9);
    await tell(
      ended(1, { outcome: 'FAILED', error, code: 'HANDLER_ERROR' }),
      said(2, { failures: 1, attemptsEnded: 1, ended: { number: 1, outcome: 'FAILED', error } }),
      started(2, 2_500),
    );
    expect(job()['progress']).toBeNull();
  });

  test('is made by any record that tells of the whole job, where the first one is late', async () => {
    const second = said(2, {
      status: 'SUCCEEDED',
      band: null,
      attemptsEnded: 1,
      finishedAt: 2_000,
      ended: { number: 1, outcome: 'SUCCEEDED' },
      events: [{ kind: 'FINISHED' }],
    });
    if (second.kind === 'job') second.record.spec = spec;
    await tell(created, started(1), second);
    const inOrder = { ...job(), version: 0 };
    journal.sqlite.exec('delete from job; delete from attempt; delete from event; delete from job_tag');
    await tell(started(1), second, created);
    expect({ ...job(), version: 0 }).toEqual(inOrder);
    expect(kinds().sort()).toEqual(['ATTEMPT_ENDED', 'CREATED', 'FINISHED', 'QUEUED', 'STARTED']);
    expect(rows('select tag from job_tag order by tag')).toEqual([{ tag: 'x' }, { tag: 'y' }]);
  });

  test('that no first record has made waits for the reconciler: nothing is made up', async () => {
    await tell(said(3, { status: 'FAILED', finishedAt: 3_000 }));
    expect(job()).toBeUndefined();
    expect(kinds()).toEqual([]);
  });
});

describe('what is told again changes nothing', () => {
  test.each(LIFE.map((entry, index) => [index, entry] as const))('entry %i, at once', async (index, entry) => {
    for (const before of LIFE.slice(0, index + 1)) await tell(before);
    const once = everything();
    await tell(entry);
    expect(everything()).toEqual(once);
  });

  test('all of a life once more, in order', async () => {
    await tell(...LIFE);
    const once = everything();
    await tell(...LIFE);
    expect(everything()).toEqual(once);
  });

  test('all of a life once more, backwards', async () => {
    await tell(...LIFE);
    const once = everything();
    for (const entry of LIFE.toReversed()) await tell(entry);
    expect(everything()).toEqual(once);
  });

  test('all of a life once more, in any order', async () => {
    await tell(...LIFE);
    const once = everything();
    for (let round = 1; round <= 20; round++) {
      // A linear congruential generator: any order, the same in every run.
      let seed = round;
      const random = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31);
      const shuffled = LIFE.map((entry) => ({ entry, at: random() }))
        .sort((left, right) => left.at - right.at)
        .map(({ entry }) => entry);
      await tell(...shuffled);
      expect(everything()).toEqual(once);
    }
  });
});

describe('a record that comes late', () => {
  test('does not take the job back, and keeps its events', async () => {
    await tell(created, said(3, { priority: 9, band: 7, events: [{ kind: 'PRIORITY_SET' }] }));
    await tell(said(2, { priority: 5, band: 11, events: [{ kind: 'FORCED' }] }));
    expect(job()).toMatchObject({ rev: 3, priority: 9, band: 7 });
    expect(kinds()).toEqual(['CREATED', 'QUEUED', 'PRIORITY_SET', 'FORCED']);
  });

  test('after the same without its events keeps them: the api may be quicker than the workflow', async () => {
    await tell(created, said(2, { abortRequestedAt: 2_000, events: [] }));
    await tell(said(2, { abortRequestedAt: 2_000, events: [{ kind: 'ABORT_REQUESTED' }] }));
    expect(kinds()).toEqual(['CREATED', 'QUEUED', 'ABORT_REQUESTED']);
    expect(job()['version']).toBe(rows('select max(seq) as seq from event')[0]!['seq']);
  });
});

describe('an attempt', () => {
  test('only moves from started to ended', async () => {
    await tell(created, started(1), ended(1, { outcome: 'FAILED', error, code: 'HANDLER_ERROR' }));
    await tell(
      ended(1, { outcome: 'SUCCEEDED', at: 9_000 }),
      started(1),
      started(1, 1_400, { pid: null }),
      started(1, 1_700, { pid: null }),
    );
    expect(attempts()).toMatchObject([{ outcome: 'FAILED', finished_at: 1_900, started_at: 1_500, worker_id: 'w1' }]);
    expect(kinds().filter((kind) => kind === 'ATTEMPT_ENDED')).toHaveLength(1);
  });

  test('has what was noted on it, also where the workflow was quicker to tell of its end', async () => {
    await tell(created, started(1), ended(1, { outcome: 'SUCCEEDED', annotations: { a: [1] } }));
    await tell(started(2, 2_500), said(2, { attemptsEnded: 2, ended: { number: 2, outcome: 'SUCCEEDED' } }));
    await tell(ended(2, { at: 2_900, outcome: 'SUCCEEDED', annotations: { b: 2 } }), ended(2, { at: 2_900, outcome: 'SUCCEEDED' }));
    expect(attempts().map(({ annotations }) => annotations)).toEqual(['{"a":[1]}', '{"b":2}']);
  });

  test('that starts after its end begins anew: its job was reset in Temporal', async () => {
    await tell(created, started(1), ended(1, { outcome: 'FAILED', error, code: 'HANDLER_ERROR' }));
    await tell(started(1, 9_500, { workerId: 'w2' }));
    expect(attempts()).toMatchObject([{ outcome: null, finished_at: null, started_at: 9_500, worker_id: 'w2', error: null, code: null }]);
    await tell(ended(1, { outcome: 'SUCCEEDED', at: 9_900 }));
    expect(attempts()).toMatchObject([{ outcome: 'SUCCEEDED', finished_at: 9_900 }]);
    expect(kinds().filter((kind) => kind === 'ATTEMPT_ENDED')).toHaveLength(2);
  });

  test('that starts anew before the end of the first is known is not closed by it', async () => {
    await tell(created, started(1), started(1, 1_700, { workerId: 'w2' }));
    await tell(ended(1, { startedAt: 1_500, outcome: 'LOST', code: 'LOST', error, at: 1_800 }));
    expect(attempts()).toMatchObject([{ outcome: null, worker_id: 'w2' }]);
    await tell(ended(1, { startedAt: 1_700 }));
    expect(attempts()).toMatchObject([{ outcome: 'SUCCEEDED', worker_id: 'w2', error: null }]);
  });

  test('that is told of before its job makes the row, so that the feed begins with CREATED', async () => {
    await tell(started(1, 1_500, { spec }), created);
    expect(kinds()).toEqual(['CREATED', 'QUEUED', 'STARTED']);
    expect(job()).toMatchObject({ status: 'RUNNING', last_started: 1 });
  });

  test('that its workflow has ended first still gets what only its worker knows', async () => {
    await tell(created, started(1), said(2, { halts: 1, attemptsEnded: 1, ended: { number: 1, outcome: 'HALTED', error } }));
    const events = kinds();
    await tell(ended(1, { outcome: 'HALTED', code: 'HALTED', error, exitCode: 137, signal: 'SIGKILL' }));
    expect(attempts()).toMatchObject([{ outcome: 'HALTED', finished_at: 2_000, exit_code: 137, signal: 'SIGKILL', code: 'HALTED' }]);
    expect(kinds()).toEqual(events);
  });

  test('keeps what its workflow said where its worker saw another end', async () => {
    await tell(created, started(1), said(2, { losses: 1, attemptsEnded: 1, ended: { number: 1, outcome: 'LOST', error } }));
    await tell(ended(1, { outcome: 'ABORTED', code: 'ABORTED_BY_USER', signal: 'SIGTERM', killMs: 3 }));
    expect(attempts()).toMatchObject([{ outcome: 'LOST', signal: null, code: null }]);
  });
});

describe('progress', () => {
  test('may go back and come again: each is one event', async () => {
    await tell(created, started(1));
    for (const [at, fraction] of [0.5, 0.2, 0.5].entries()) await tell({ kind: 'progress', jobId: 'a', number: 1, fraction, at });
    expect(job()['progress']).toBe(0.5);
    expect(kinds().filter((kind) => kind === 'PROGRESSED')).toHaveLength(3);
  });

  test('of an attempt that is not the last one counts for nothing', async () => {
    await tell(created, started(1), ended(1, { outcome: 'LOST', error, code: 'LOST' }), started(2));
    await tell({ kind: 'progress', jobId: 'a', number: 1, fraction: 0.9, at: 1 });
    expect(job()['progress']).toBeNull();
  });
});

describe('a termination', () => {
  test('ends the job and the attempts that were open, as aborted', async () => {
    await tell(created, started(1), { kind: 'terminated', jobId: 'a', at: 5_000, code: 'TERMINATED', message: 'terminated in Temporal' });
    expect(job()).toMatchObject({ status: 'ABORTED', reason_code: 'TERMINATED', finished_at: 5_000, band: null });
    expect(attempts()).toMatchObject([{ outcome: 'ABORTED', finished_at: 5_000 }]);
    expect(kinds().at(-1)).toBe('FINISHED');
  });

  test('by a fault is a failure', async () => {
    await tell(created, { kind: 'terminated', jobId: 'a', at: 5_000, code: 'INTERNAL', message: 'its workflow timed out in Temporal' });
    expect(job()).toMatchObject({ status: 'FAILED', reason_code: 'INTERNAL' });
  });

  test('of a job that is final, or of none, changes nothing', async () => {
    await tell(created, said(2, { status: 'SUCCEEDED', finishedAt: 2_000 }));
    const before = everything();
    await tell(
      { kind: 'terminated', jobId: 'a', at: 5_000, code: 'TERMINATED', message: 'x' },
      { kind: 'terminated', jobId: 'b', at: 5_000, code: 'TERMINATED', message: 'x' },
    );
    expect(everything()).toEqual(before);
  });
});

describe('what is told again from Temporal', () => {
  const final = said(2, {
    status: 'SUCCEEDED',
    band: null,
    attemptsEnded: 1,
    finishedAt: 2_000,
    ended: { number: 1, outcome: 'SUCCEEDED' },
    events: [{ kind: 'FINISHED' }],
  });
  const again: Entry = { kind: 'reconciled', jobId: 'a', at: 9_000, entries: [started(1), created, final] };

  test('repairs a job that was missing, and says so once', async () => {
    await tell(again, again);
    expect(job()).toMatchObject({ status: 'SUCCEEDED', finished_at: 2_000, last_started: 1 });
    expect(kinds().filter((kind) => kind === 'RECONCILED')).toHaveLength(1);
    expect(kinds().at(-1)).toBe('RECONCILED');
  });

  test('repairs a job whose last record was lost, and says so once', async () => {
    await tell(created, started(1));
    await tell(again, again);
    expect(job()['status']).toBe('SUCCEEDED');
    expect(kinds()).toEqual(['CREATED', 'QUEUED', 'STARTED', 'ATTEMPT_ENDED', 'FINISHED', 'RECONCILED']);
    expect(job()['version']).toBe(rows('select max(seq) as seq from event')[0]!['seq']);
  });

  test('says nothing where the journal had it all', async () => {
    await tell(created, started(1), final);
    const before = everything();
    await tell(again);
    expect(everything()).toEqual(before);
  });
});

describe('the feed', () => {
  test('begins at the time in µs, so that the versions of a journal made anew do not fall', async () => {
    const now = Date.now() * 1_000;
    expect(await lastEventSeq(journal.db)).toBeLessThanOrEqual(now);
    expect(await lastEventSeq(journal.db)).toBeGreaterThan(now - 60_000_000);
    await tell(created);
    expect(rows('select min(seq) as seq from event')[0]!['seq']).toBe((await lastEventSeq(journal.db)) - 1);
    expect(job()['version']).toBe(await lastEventSeq(journal.db));
  });

  test('has a place to come back to before anything has happened', async () => {
    const before = await lastEventSeq(journal.db);
    await tell(created);
    expect(rows('select min(seq) as seq from event')[0]!['seq']).toBe(before + 1);
  });

  test('gives a job a version that only grows', async () => {
    let version = 0;
    for (const entry of LIFE) {
      await tell(entry);
      const now = (job() as Record<string, any> | undefined)?.['version'] ?? 0;
      expect(now).toBeGreaterThanOrEqual(version);
      version = now;
    }
    expect(version).toBe(rows('select max(seq) as seq from event')[0]!['seq']);
  });

  test('never gives a place twice, also when events are gone', async () => {
    await tell(created);
    const last = await lastEventSeq(journal.db);
    journal.sqlite.exec('delete from event');
    expect(await lastEventSeq(journal.db)).toBe(last);
    await tell(started(1));
    expect(rows('select seq from event')).toEqual([{ seq: last + 1 }]);
  });
});

describe('a batch', () => {
  test('is written whole or not at all', async () => {
    await expect(tell(created, { kind: 'worker', worker: { ...worker, host: null as never } })).rejects.toThrow(/NOT NULL/);
    expect(job()).toBeUndefined();
    await tell(created);
    expect(job()).toBeDefined();
  });

  test('that the disk has no room for fails as just that, and can be written later', async () => {
    const { page_count: pages } = rows('pragma page_count')[0] as { page_count: number };
    journal.sqlite.exec(`pragma max_page_count = ${pages}`);
    const large: Entry = { kind: 'job', record: firstRecord({ ...spec, payload: 'x'.repeat(200_000) }) };
    await expect(tell(large)).rejects.toMatchObject({ errcode: 13 });
    journal.sqlite.exec('pragma max_page_count = 1000000');
    await tell(large);
    expect(job()).toBeDefined();
  });

  test('waits for another process’ lock, and fails as locked when that takes too long', async () => {
    const other = openSqlite(file, 'write', 50);
    onTestFinished(other.close);
    journal.sqlite.exec('begin immediate');
    await expect(record(other, [created])).rejects.toMatchObject({ errcode: 5 });
    journal.sqlite.exec('commit');
    await record(other, [created]);
    expect(job()).toBeDefined();
  });
});

describe('the file', () => {
  test('keeps its id, and another file has another', async () => {
    expect(await migrate(journal)).toBe(id);
    const other = openSqlite(`${file}.other`, 'write');
    onTestFinished(other.close);
    expect(await migrate(other)).not.toBe(id);
  });

  test('of a newer program is refused with both versions named, and is not touched', async () => {
    journal.sqlite.exec(`update meta set value = '99' where key = 'version'`);
    await expect(migrate(journal)).rejects.toThrow(JournalTooNew);
    await expect(migrate(journal)).rejects.toThrow(new RegExp(`version 99, this program knows up to ${JOURNAL_VERSION}`));
    expect(rows(`select value from meta where key = 'version'`)).toEqual([{ value: '99' }]);
    expect(journal.sqlite.isTransaction).toBe(false);
  });

  test('is made once by several processes that start at the same moment', async () => {
    const shared = join(file, '../shared.db');
    const code = `
      const { openSqlite } = await import(process.argv[1] + 'sqlite.ts');
      const { migrate } = await import(process.argv[1] + 'migrate.ts');
      process.stdout.write('ready\\n');
      await new Promise((resolve) => process.stdin.once('data', resolve));
      for (;;) {
        try {
          const database = openSqlite(${JSON.stringify(shared)}, 'write', 5_000);
          process.stdout.write(await migrate(database) + '\\n');
          break;
        } catch (error) {
          if ((error.errcode & 0xff) !== 5) throw error;
        }
      }
      process.exit(0);`;
    const folder = new URL('../../src/journal/', import.meta.url).href;
    const starters = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code, folder], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    );
    const lines = starters.map(() => [] as string[]);
    await Promise.all(
      starters.map(
        ({ stdout }, index) =>
          new Promise<void>((ready) => {
            stdout.setEncoding('utf8').on('data', (text: string) => {
              lines[index]!.push(...text.trim().split('\n'));
              ready();
            });
          }),
      ),
    );
    const exits = starters.map((starter) => once(starter, 'close') as Promise<[number]>);
    for (const { stdin } of starters) stdin.write('go\n');
    const codes = (await Promise.all(exits)).map(([exitCode]) => exitCode);
    expect(codes).toEqual([0, 0, 0, 0]);
    const ids = new Set(lines.map((said) => said[1]));
    expect(ids.size).toBe(1);
    const made = new DatabaseSync(shared, { readOnly: true });
    onTestFinished(() => made.close());
    expect(made.prepare('select key, value from meta order by key').all()).toEqual([
      { key: 'id', value: [...ids][0] },
      { key: 'misses_before', value: expect.any(String) as string },
      { key: 'version', value: String(JOURNAL_VERSION) },
    ]);
    expect(made.prepare(`select count(*) as count from sqlite_sequence where name = 'event'`).get()).toEqual({ count: 1 });
  });
});
