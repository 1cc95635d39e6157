import { setTimeout as pause } from 'node:timers/promises';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { EventRow } from '../../src/journal/read-events.ts';
import { record } from '../../src/journal/record.ts';
import { openSqlite, type Database } from '../../src/journal/sqlite.ts';
import { followJournal, type Tail } from '../../src/journal/tail.ts';
import { firstRecord } from '../../src/job/record.ts';
import { openJournal } from './fixtures/open-journal.ts';
import { specOf } from './fixtures/spec.ts';

/** A journal with one process that writes and one that follows; `polls` counts how often it has looked. */
let writer: Database;
let reader: Database;
let tail: Tail;
let polls: number;
/** What each read of the feed waits for. */
let beforeRead: () => Promise<void>;

beforeEach(async () => {
  const opened = await openJournal();
  writer = opened;
  reader = openSqlite(opened.file, 'read');
  polls = 0;
  beforeRead = async () => {};
  const { sqlite } = reader;
  const followed = {
    ...reader,
    db: delayed(reader.db),
    sqlite: {
      prepare: (text: string) => {
        const statement = sqlite.prepare(text);
        return {
          get() {
            if (text.includes('data_version')) polls += 1;
            return statement.get();
          },
        };
      },
    } as never,
  };
  tail = followJournal(() => followed);
  onTestFinished(() => reader.close());
});

function delayed<T extends object>(query: T): T {
  return new Proxy(query, {
    get(target, key) {
      const value = Reflect.get(target, key) as unknown;
      if (typeof value !== 'function') return value;
      const call = value.bind(target) as (...args: unknown[]) => object;
      return key === 'execute' ? () => beforeRead().then(call) : (...args: unknown[]) => delayed(call(...args));
    },
  });
}

const createJob = (id: string): Promise<void> =>
  record(writer, [{ kind: 'job', record: firstRecord(specOf({ id, createdAt: Date.now() })) }]);

/** What a listener is told, in order; `next` resolves with what has come by then, at least one. */
function listen(): { heard: EventRow[]; stop(): void; next(): Promise<EventRow[]> } {
  const heard: EventRow[] = [];
  let wake = (): void => {};
  const stop = tail.listen((events) => {
    heard.push(...events);
    wake();
  });
  onTestFinished(stop);
  return {
    heard,
    stop,
    async next() {
      if (heard.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return heard.splice(0);
    },
  };
}

const idsOf = (events: EventRow[]): string[] => events.filter(({ kind }) => kind === 'CREATED').map(({ job_id }) => job_id);

test('a listener hears of what is written after it has begun, and of nothing before', async () => {
  await createJob('before');
  const listener = listen();
  await createJob('after');
  expect(idsOf(await listener.next())).toEqual(['after']);
});

test('all listeners hear of the same events, in the order they were written', async () => {
  const listeners = [listen(), listen(), listen()];
  for (const id of ['a', 'b', 'c']) await createJob(id);
  for (const listener of listeners) {
    const heard: EventRow[] = [];
    while (idsOf(heard).length < 3) heard.push(...(await listener.next()));
    expect(idsOf(heard)).toEqual(['a', 'b', 'c']);
    expect(heard.map(({ seq }) => seq)).toEqual(heard.map(({ seq }) => seq).sort((a, b) => a - b));
  }
});

test('more events than one read takes arrive all of them', async () => {
  const listener = listen();
  const entries = Array.from({ length: 1_500 }, (_, index) => index).map((index) => ({
    kind: 'job' as const,
    record: firstRecord(specOf({ id: `many-${index}` })),
  }));
  await record(writer, entries);
  const heard: EventRow[] = [];
  while (heard.length < 3_000) heard.push(...(await listener.next()));
  expect(new Set(heard.map(({ seq }) => seq)).size).toBe(3_000);
});

test('a commit without events wakes as well: logs and workers have none', async () => {
  const woken = new Promise<EventRow[]>((resolve) => onTestFinished(tail.listen(resolve)));
  await record(writer, [
    {
      kind: 'jobTypes',
      pool: 'default',
      workerId: 'w1',
      at: 1_000,
      types: [{ name: 'sleep', description: null, payloadSchema: {}, defaults: {} }],
    },
  ]);
  expect(await woken).toEqual([]);
});

test('the journal is polled only while somebody listens', async () => {
  expect(polls).toBe(0);
  const first = listen();
  const second = listen();
  await createJob('a');
  await Promise.all([first.next(), second.next()]);
  first.stop();
  await createJob('b');
  expect(idsOf(await second.next())).toEqual(['b']);
  second.stop();
  const after = polls;
  await pause(200);
  expect(polls).toBe(after);
});

test('a listener that leaves twice takes nobody with it', async () => {
  const first = listen();
  const second = listen();
  first.stop();
  first.stop();
  await createJob('a');
  expect(idsOf(await second.next())).toEqual(['a']);
});

test('who comes while a poll for those who have left is under way is heard, and polled for once', async () => {
  const reads: (() => void)[] = [];
  const begun = new Promise<void>((begin) => {
    beforeRead = () => {
      begin();
      return new Promise((resolve) => reads.push(resolve));
    };
  });
  const leaving = listen();
  await createJob('a');
  await begun;
  leaving.stop();
  const listener = listen();
  beforeRead = async () => {};
  for (const go of reads) go();
  const before = polls;
  await pause(500);
  // One poll each 25 ms; a second loop would double it.
  expect(polls - before).toBeLessThanOrEqual(22);
  expect(leaving.heard).toEqual([]);
  await createJob('b');
  expect(idsOf(await listener.next())).toEqual(['b']);
});

test('a journal that cannot be read for a moment is read on where it was', async () => {
  const listener = listen();
  await createJob('a');
  await listener.next();
  writer.sqlite.exec('alter table event rename to event_gone');
  const failing = polls;
  while (polls < failing + 3) await pause(5);
  writer.sqlite.exec('alter table event_gone rename to event');
  await createJob('b');
  expect(idsOf(await listener.next())).toEqual(['b']);
});
