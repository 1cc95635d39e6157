import { beforeEach, describe, expect, test } from 'vitest';
import type { GatePolicy } from '../../src/job/gate.ts';
import { firstRecord } from '../../src/job/record.ts';
import { type JobSpec, PRODUCT_DEFAULTS } from '../../src/job/spec.ts';
import { record } from '../../src/journal/record.ts';
import { openJournal, type OpenJournal } from './fixtures/open-journal.ts';

let journal: OpenJournal;
beforeEach(async () => void (journal = await openJournal()));

const specOf = (id: string): JobSpec => ({
  ...PRODUCT_DEFAULTS,
  id,
  type: 't',
  payload: null,
  priority: 1,
  tags: [],
  metadata: null,
  createdAt: 1,
  queue: 'q',
});
const policy = (set: Partial<GatePolicy>) =>
  record(journal, [{ kind: 'queuePolicy', queue: 'q', policy: { limit: null, paused: false, ...set } }]);
/** @returns whether it was taken down as started. */
async function start(id: string, unlessKept?: { queue: string; passedGate: boolean }): Promise<boolean> {
  const spec = specOf(id);
  const attempt = { spec, jobId: id, number: 1, workflowId: id, activityId: '1', workerId: 'w', host: 'h', pid: 1, at: 2 };
  await record(journal, [{ kind: 'attemptStarted', attempt: unlessKept ? { ...attempt, unlessKept } : attempt }]);
  const { count } = journal.sqlite.prepare('select count(*) as count from attempt where job_id = ?').get(id) as { count: number };
  return count > 0;
}
const end = (jobId: string) => record(journal, [{ kind: 'attemptEnded', attempt: { jobId, number: 1, at: 3, outcome: 'SUCCEEDED' } }]);
const asked = { queue: 'q', passedGate: true };
const notAsked = { queue: 'q', passedGate: false };

describe('an attempt is taken down as started', () => {
  test('where its queue has no policy, or none any more', async () => {
    expect(await start('a', notAsked)).toBe(true);
    await policy({});
    expect(await start('b', notAsked)).toBe(true);
  });

  test('not where its queue is paused, unless nobody asks', async () => {
    await policy({ paused: true, limit: 5 });
    expect(await start('a', asked)).toBe(false);
    expect(await start('forced')).toBe(true);
  });

  test('where its queue has a limit only when its gate has let it in', async () => {
    await policy({ limit: 2 });
    expect(await start('a', notAsked)).toBe(false);
    expect(await start('b', asked)).toBe(true);
  });

  test('not where as many run as may, whatever its gate has said before', async () => {
    await policy({ limit: 3 });
    for (const id of ['a', 'b']) expect(await start(id, asked)).toBe(true);
    await policy({ limit: 1 });
    expect(await start('c', asked)).toBe(false);
    await end('a');
    expect(await start('c', asked)).toBe(false);
    await end('b');
    expect(await start('c', asked)).toBe(true);
  });

  test('past those that were forced, who do not count', async () => {
    await policy({ limit: 1 });
    await record(journal, [
      { kind: 'job', record: firstRecord(specOf('forced')) },
      { kind: 'job', record: { ...firstRecord(specOf('forced')), rev: 2, key: '2', forced: true, events: [{ kind: 'FORCED' }] } },
    ]);
    // In line since before it was forced, it does not know of that.
    expect(await start('forced', notAsked)).toBe(true);
    expect(await start('a', asked)).toBe(true);
    expect(await start('b', asked)).toBe(false);
  });
});
