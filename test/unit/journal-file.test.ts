import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { firstRecord } from '../../src/job/record.ts';
import type { Entry } from '../../src/journal/entries.ts';
import { JOURNAL_VERSION, JournalTooNew, migrate } from '../../src/journal/migrate.ts';
import { lastEventSeq } from '../../src/journal/read-events.ts';
import { record } from '../../src/journal/record.ts';
import { openSqlite } from '../../src/journal/sqlite.ts';
import { openJournal, type OpenJournal } from './fixtures/open-journal.ts';
import { created, LIFE, spec, started, toldTo, worker } from './fixtures/told.ts';

let journal: OpenJournal;
beforeEach(async () => void (journal = await openJournal()));
const { tell, rows, job } = toldTo(() => journal);

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
    const other = openSqlite(journal.file, 'write', 50);
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
    expect(await migrate(journal)).toBe(journal.id);
    const other = openSqlite(`${journal.file}.other`, 'write');
    onTestFinished(other.close);
    expect(await migrate(other)).not.toBe(journal.id);
  });

  test('of a newer program is refused with both versions named, and is not touched', async () => {
    journal.sqlite.exec(`update meta set value = '99' where key = 'version'`);
    await expect(migrate(journal)).rejects.toThrow(JournalTooNew);
    await expect(migrate(journal)).rejects.toThrow(new RegExp(`version 99, this program knows up to ${JOURNAL_VERSION}`));
    expect(rows(`select value from meta where key = 'version'`)).toEqual([{ value: '99' }]);
    expect(journal.sqlite.isTransaction).toBe(false);
  });

  test('is made once by several processes that start at the same moment', async () => {
    const shared = join(journal.file, '../shared.db');
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
