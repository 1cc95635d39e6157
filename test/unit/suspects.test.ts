import { TypedSearchAttributes } from '@temporalio/common';
import { expect, test } from 'vitest';
import { Suspects } from '../../src/activities/suspects.ts';
import type { Seen } from '../../src/activities/visibility.ts';
import { workflowIdOf } from '../../src/job/ids.ts';
import { firstRecord } from '../../src/job/record.ts';
import type { JobStatus } from '../../src/job/status.ts';
import { record } from '../../src/journal/record.ts';
import { searchAttributes } from '../../src/workflows/search-attributes.ts';
import { openJournal } from './fixtures/open-journal.ts';
import { specOf } from './fixtures/spec.ts';

const listed = (id: string, status: JobStatus): Seen => ({
  workflowId: workflowIdOf(id),
  status: { name: 'RUNNING' },
  startTime: new Date(),
  typedSearchAttributes: new TypedSearchAttributes([{ key: searchAttributes.status, value: status }]),
});
const ids = (name: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${name}-${index}`);

/** A journal that has these as QUEUED, and a pass over some of them, with what Temporal lists of those that are asked for by name. */
async function lookAt(all: string[]) {
  const database = await openJournal();
  await record(
    database,
    all.map((id) => ({ kind: 'job', record: firstRecord(specOf({ id })) })),
  );
  const list = async function* ({ query }: { query: string }) {
    for (const id of all) if (query.includes(`"${workflowIdOf(id)}"`)) yield listed(id, 'HELD');
  };
  return async (seen: Seen[], before: Parameters<Suspects['behind']>[1]) => {
    const suspects = new Suspects(database as never);
    await suspects.look(seen);
    return suspects.behind({ workflow: { list } } as never, before);
  };
}

test('a row is behind when two passes say so, and is repaired once', async () => {
  const pass = await lookAt(['late']);
  const first = await pass([listed('late', 'HELD')], new Map());
  expect([...first.behind]).toEqual([]);
  const second = await pass([listed('late', 'HELD')], first.doubts);
  expect([...second.behind]).toEqual(['late']);
  const third = await pass([listed('late', 'HELD')], second.doubts);
  expect([...third.behind]).toEqual([]);
  // Temporal's list had been a moment behind, or it is repaired.
  expect((await pass([listed('late', 'QUEUED')], new Map())).doubts.size).toBe(0);
});

test('of many those come first that were doubted before, also where a pass has not come to them', async () => {
  const [old, others] = [ids('old', 80), ids('other', 90)];
  const pass = await lookAt([...old, ...others]);
  const heldAll = (each: string[]): Seen[] => each.map((id) => listed(id, 'HELD'));
  const { doubts } = await pass(heldAll(old), new Map());
  expect([...(await pass(heldAll(others), doubts)).behind].toSorted()).toEqual(old.toSorted());
});

test('what is no job, or agrees, is no suspect; what has a closed run is', async () => {
  const database = await openJournal();
  await record(database, [{ kind: 'job', record: firstRecord(specOf({ id: 'a' })) }]);
  const suspects = new Suspects(database as never);
  const closed: Seen = { ...listed('a', 'QUEUED'), status: { name: 'TERMINATED' } };
  await suspects.look([{ ...listed('x', 'HELD'), workflowId: 'gate:key:x' }, listed('a', 'QUEUED'), listed('unknown', 'QUEUED')]);
  expect([suspects.missing, suspects.closed]).toEqual([new Set(['unknown']), new Set()]);
  await suspects.look([{ ...listed('x', 'HELD'), workflowId: 'gate:key:x' }, closed]);
  expect(suspects.closed).toEqual(new Set(['a']));
});
