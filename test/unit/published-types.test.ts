import { beforeEach, expect, test } from 'vitest';
import type { Entry, WorkerState } from '../../src/journal/entries.ts';
import { readJobTypes, SILENT_MS } from '../../src/journal/read-workers.ts';
import { record } from '../../src/journal/record.ts';
import { openJournal, type OpenJournal } from './fixtures/open-journal.ts';

let journal: OpenJournal;
beforeEach(async () => void (journal = await openJournal()));

const publish = (workerId: string, at: number, types: string[], { pool = 'default', description = workerId } = {}): Entry => ({
  kind: 'jobTypes',
  pool,
  workerId,
  at,
  types: types.map((name) => ({ name, description, payloadSchema: {}, defaults: {} })),
});
const alive = (id: string, at: number, status: WorkerState['status'] = 'RUNNING'): Entry => ({
  kind: 'worker',
  worker: {
    id,
    host: id,
    pool: 'default',
    pid: 1,
    slots: 1,
    busy: 0,
    status,
    jobTypes: [],
    problems: [],
    startedAt: 0,
    at,
    drainsUntil: null,
    cpuPercent: null,
    memoryBytes: null,
  },
});
const tell = (...entries: Entry[]): Promise<void> => record(journal, entries);
const known = async () =>
  Object.fromEntries(
    Array.from((await readJobTypes(journal.db)).values(), ({ name, description, pools }) => [name, [description, ...pools]]),
  );
const LATER = SILENT_MS + 1_000;

test('a type is known as long as any worker of its pool has it that lives, whoever publishes', async () => {
  await tell(publish('old', 0, ['kept', 'gone']), publish('new', 0, ['kept']));
  expect(Object.keys(await known())).toEqual(['gone', 'kept']);
  await tell(alive('old', LATER), publish('new', LATER, ['kept', 'fresh']));
  expect(Object.keys(await known())).toEqual(['fresh', 'gone', 'kept']);
  await tell(publish('old', LATER, ['kept']));
  expect(Object.keys(await known())).toEqual(['fresh', 'kept']);
});

test('two workers that start at the same time keep each other’s, before either has said that it lives', async () => {
  await tell(publish('a', 0, ['a.only']), publish('b', 5, ['b.only']));
  expect(Object.keys(await known())).toEqual(['a.only', 'b.only']);
});

test.each([
  ['has stopped', alive('old', LATER, 'STOPPED')],
  ['is silent', alive('old', 0)],
])('what only a worker had that %s is known until another one of its pool publishes', async (_, sign) => {
  await tell(publish('old', 0, ['gone', 'kept']), sign);
  expect(Object.keys(await known())).toEqual(['gone', 'kept']);
  await tell(publish('elsewhere', LATER, ['other'], { pool: 'gpu' }));
  expect(Object.keys(await known())).toEqual(['gone', 'kept', 'other']);
  await tell(publish('new', LATER, ['kept']));
  expect(await known()).toEqual({ kept: ['new', 'default'], other: ['elsewhere', 'gpu'] });
});

test('what was published last is what a type is, in whatever pool, and it has the pools of all', async () => {
  await tell(publish('a', 0, ['x'], { pool: 'small' }), publish('b', 2, ['x'], { pool: 'big' }), publish('c', 1, ['x'], { pool: 'small' }));
  expect(await known()).toEqual({ x: ['b', 'big', 'small'] });
  await tell(publish('a', 3, ['x'], { pool: 'small', description: 'again' }));
  expect(await known()).toEqual({ x: ['again', 'big', 'small'] });
});

test('told twice, it is the same', async () => {
  await tell(publish('a', 0, ['x']), alive('a', LATER), publish('b', LATER, ['y']));
  const before = await known();
  await tell(publish('b', LATER, ['y']));
  expect(await known()).toEqual(before);
});
