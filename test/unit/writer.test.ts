import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { firstRecord } from '../../src/job/record.ts';
import type { Entry, LoggedLine } from '../../src/journal/entries.ts';
import { JOURNAL_VERSION } from '../../src/journal/migrate.ts';
import { startWriter, type JournalWriter } from '../../src/journal/writer.ts';
import { within } from '../../src/process/within.ts';
import { specOf } from './fixtures/spec.ts';
import { temporaryDir } from './fixtures/temporary-dir.ts';

let dir: string;
let file: string;
beforeEach(() => {
  dir = temporaryDir();
  file = join(dir, 'journal.db');
});

function start(): { writer: JournalWriter; troubles: string[]; replaced: string[] } {
  const troubles: string[] = [];
  const replaced: string[] = [];
  const writer = startWriter(file, { onTrouble: (message) => troubles.push(message), onReplaced: (id) => replaced.push(id) });
  onTestFinished(() => writer.stop(0));
  return { writer, troubles, replaced };
}

/** The journal as another process has it. */
function open(): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  onTestFinished(() => {
    if (database.isOpen) database.close();
  });
  return database;
}

const jobEntry = (id: string): Entry => ({
  kind: 'job',
  record: firstRecord(specOf({ id })),
});
const line = (text: string): LoggedLine => ({ at: 1, stream: 'STDOUT', text, dropped: 0 });
const logEntry = (jobId: string, ...texts: string[]): Entry => ({ kind: 'log', jobId, number: 1, lines: texts.map(line) });
/** Cannot be written, ever. */
const poison: Entry = {
  kind: 'attemptStarted',
  attempt: { jobId: 'x', number: 1, workflowId: 'job:x', activityId: 'attempt-1', workerId: null as never, host: 'h', pid: 1, at: 1 },
};
const count = (database: DatabaseSync, table: string): number =>
  Number(database.prepare(`select count(*) as count from ${table}`).get()?.['count']);

test('what is written is committed when the promise resolves', async () => {
  const { writer } = start();
  await writer.write(jobEntry('a'));
  expect(count(open(), 'job')).toBe(1);
});

test('what is told is committed before the writer has stopped, in the order it was told', async () => {
  const { writer } = start();
  for (let index = 0; index < 1_000; index++) writer.tell(logEntry('a', String(index)));
  await writer.stop(10_000);
  const texts = open()
    .prepare('select text from log_line order by seq')
    .all()
    .map(({ text }) => Number(text));
  expect(texts).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
});

test('what is written comes after what was told before it', async () => {
  const { writer } = start();
  writer.tell(logEntry('a', 'first'));
  await writer.write(logEntry('a', 'second'));
  expect(
    open()
      .prepare('select text from log_line order by seq')
      .all()
      .map(({ text }) => text),
  ).toEqual(['first', 'second']);
});

describe('while another process has the journal locked', () => {
  test('telling waits for nobody, and all is written afterwards', async () => {
    const { writer, troubles } = start();
    await writer.journalId;
    const other = open();
    other.exec('begin immediate');
    const began = performance.now();
    for (let index = 0; index < 1_000; index++) writer.tell(jobEntry(`j${index}`));
    const written = writer.write(jobEntry('last'));
    // A second each, if they waited for the lock.
    expect(performance.now() - began).toBeLessThan(10_000);
    await vi.waitFor(() => expect(troubles[0]).toMatch(/locked/), { timeout: 15_000, interval: 20 });
    expect(await within(100, written)).toBe(false);
    other.exec('commit');
    expect(await within(10_000, written)).toBe(true);
    expect(count(other, 'job')).toBe(1_001);
  });

  test('the event loop goes on: the wait is another thread’s', async () => {
    const { writer, troubles } = start();
    await writer.journalId;
    const other = open();
    other.exec('begin immediate');
    const written = writer.write(jobEntry('a'));
    // It is told after a wait of a second for the lock, in which this loop would not turn if the wait were its own. On a machine
    // that stops for that long it turns less than it could.
    let turns = 0;
    for (; troubles.length === 0; turns++) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(turns).toBeGreaterThan(3);
    other.exec('commit');
    await written;
  });

  test('a stop waits no longer than its grace', async () => {
    const { writer } = start();
    await writer.journalId;
    const other = open();
    other.exec('begin immediate');
    writer.tell(jobEntry('a'));
    // The lock would keep it for ever.
    expect(await within(10_000, writer.stop(100))).toBe(true);
    other.exec('commit');
  });

  test('log lines beyond what memory should hold are left out and counted, and nothing else is', async () => {
    const { writer } = start();
    await writer.journalId;
    const other = open();
    other.exec('begin immediate');
    for (let index = 0; index < 60_000; index++) writer.tell(logEntry(index % 2 === 0 ? 'even' : 'odd', 'line', 'line'));
    for (let index = 0; index < 100; index++) writer.tell(jobEntry(`j${index}`));
    other.exec('commit');
    await writer.write(jobEntry('last'));
    writer.tell(logEntry('even', 'after'));
    await writer.write(logEntry('odd', 'after'));
    expect(count(other, 'job')).toBe(101);
    for (const jobId of ['even', 'odd']) {
      const { kept, dropped } = other
        .prepare(`select sum(stream <> 'DROPPED') as kept, sum(dropped) as dropped from log_line where job_id = ?`)
        .get(jobId) as { kept: number; dropped: number };
      expect(dropped).toBeGreaterThan(1_000);
      expect(kept + dropped).toBe(60_001);
      // Where nothing of it comes after them, the count comes by itself.
      expect(other.prepare(`select dropped from log_line where job_id = ? and stream = 'DROPPED'`).all(jobId)).toEqual([{ dropped }]);
    }
  });
});

test('an entry that cannot be written takes nothing of its batch with it, and is named', async () => {
  const { writer, troubles } = start();
  writer.tell(jobEntry('before'));
  writer.tell(poison);
  await writer.write(jobEntry('after'));
  expect(count(open(), 'job')).toBe(2);
  expect(troubles).toEqual([expect.stringMatching(/left out a attemptStarted entry: NOT NULL/)]);
});

test('who waits for an entry that cannot be written does not wait for ever', async () => {
  const { writer } = start();
  expect(await within(10_000, writer.write(poison))).toBe(true);
});

describe('a file is refused with its name and the reason, and not waited for', () => {
  const refusal = async (): Promise<string> => {
    const { writer } = start();
    expect(await within(10_000, writer.journalId)).toBe(true);
    return writer.journalId.then(
      () => 'not refused',
      (error: Error) => error.message,
    );
  };

  test('that is no journal', async () => {
    writeFileSync(file, 'hello '.repeat(1_000));
    expect(await refusal()).toMatch(/^the journal .*journal\.db cannot be used: file is not a database/);
  });

  test('that a newer program has written', async () => {
    const { writer } = start();
    await writer.journalId;
    open().exec(`update meta set value = '99' where key = 'version'`);
    expect(await refusal()).toMatch(new RegExp(`version 99, this program knows up to ${JOURNAL_VERSION}`));
  });

  test('that is a directory', async () => {
    mkdirSync(file);
    expect(await refusal()).toMatch(/^the journal .*journal\.db cannot be used: unable to open/);
  });

  test('whose directory cannot be made', async () => {
    writeFileSync(join(dir, 'plain'), '');
    file = join(dir, 'plain', 'sub', 'journal.db');
    expect(await refusal()).toMatch(/^the journal .*journal\.db cannot be used: ENOTDIR/);
  });
});

test('a journal that is locked at the start is waited for', async () => {
  const { writer: first } = start();
  const id = await first.journalId;
  const other = open();
  other.exec('begin immediate');
  const { writer, troubles } = start();
  await vi.waitFor(() => expect(troubles[0]).toMatch(/locked/), { timeout: 15_000, interval: 20 });
  other.exec('commit');
  expect(await writer.journalId).toBe(id);
});

describe('a journal that is deleted while it is open', () => {
  test.each([
    ['with the files beside it', ['', '-wal', '-shm']],
    ['alone', ['']],
  ])('%s is made anew once, by all who have it open, and has what is written then', async (_, suffixes) => {
    const writers = [start(), start(), start()];
    const before = await Promise.all(writers.map(({ writer }) => writer.journalId));
    await writers[0]!.writer.write(jobEntry('before'));
    for (const suffix of suffixes) rmSync(file + suffix);
    await Promise.all(writers.map(({ writer }, index) => writer.write(jobEntry(`after-${index}`))));
    await vi.waitFor(() => expect(writers.map(({ replaced }) => replaced.length)).toEqual([1, 1, 1]), { timeout: 15_000, interval: 20 });
    expect(new Set(writers.flatMap(({ replaced }) => replaced)).size).toBe(1);
    expect(before).not.toContain(writers[0]!.replaced[0]);
    const made = open();
    expect(made.prepare('select id from job order by id').all()).toEqual([{ id: 'after-0' }, { id: 'after-1' }, { id: 'after-2' }]);
    expect(made.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' });
  });

  test('is noticed by who writes nothing', async () => {
    const { writer, replaced } = start();
    const id = await writer.journalId;
    rmSync(dir, { recursive: true });
    await vi.waitFor(() => expect(replaced).toHaveLength(1), { timeout: 15_000, interval: 20 });
    expect(replaced).not.toContain(id);
  });

  test('gives later seqs than any before, so that no version falls and no cursor of a log passes what is new', async () => {
    const { writer } = start();
    const seqs = (): Record<string, unknown> =>
      open().prepare('select (select max(seq) from event) as event, (select max(seq) from log_line) as line').get()!;
    const write = async (): Promise<void> => {
      for (let index = 0; index < 50; index++) writer.tell(jobEntry(`j${index}`));
      await writer.write(logEntry('a', 'one', 'two'));
    };
    await write();
    const before = seqs();
    rmSync(file);
    await write();
    const after = seqs();
    expect(after['event']).toBeGreaterThan(Number(before['event']));
    expect(after['line']).toBeGreaterThan(Number(before['line']));
  });
});
