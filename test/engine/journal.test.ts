import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from './fixtures/eventually.ts';
import { holdLock } from './fixtures/hold-lock.ts';
import { mutate } from './fixtures/mutate.ts';
import { API_JOBS } from './fixtures/paths.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import { Subscriber } from './fixtures/subscriber.ts';
import type { TemporalView } from './fixtures/temporal-view.ts';
import type { Millrace } from './millrace.ts';

let millrace: Millrace;
let temporal: TemporalView;
let journal: DatabaseSync;
shareMillrace({ slots: 2, env: { MILLRACE_JOBS: API_JOBS } }, (shared) => ({ millrace, temporal } = shared));
beforeAll(async () => {
  journal = new DatabaseSync(join(millrace.dataDir, 'journal.db'), { timeout: 10_000 });
  await millrace.until(await millrace.create({ type: 'sleep', payload: { ms: 0 } }), 'SUCCEEDED');
});
afterAll(() => journal.close());

const kindsOf = async (millrace: Millrace, id: string): Promise<string[]> =>
  (await millrace.job(id, 'events { nodes { kind } }')).events.nodes.map(({ kind }: { kind: string }) => kind);

describe('while another process has the journal locked', () => {
  test('jobs are created and run to their end, and all of it is on record afterwards', async () => {
    const lock = await holdLock(join(millrace.dataDir, 'journal.db'));
    const jobs = [
      ...Array.from({ length: 6 }, (_, index) => ({ id: `locked-${index}`, type: 'sleep', payload: { ms: 20 }, tags: ['locked'] })),
      { id: 'locked-steps', type: 'test.steps', payload: { count: 4, everyMs: 10 }, tags: ['locked'] },
      { id: 'locked-fail', type: 'fail', payload: { times: 1 }, retry: { delay: '10ms' }, tags: ['locked'] },
      { id: 'locked-crash', type: 'crash', payload: { how: 'exit', times: 1 }, tags: ['locked'] },
    ];
    for (const job of jobs) {
      const began = performance.now();
      expect(await mutate(millrace, 'createJob', job)).toEqual({ job: { id: job.id, status: 'QUEUED' }, userErrors: [] });
      // The lock is held until all of them have their answers.
      expect(performance.now() - began).toBeLessThan(15_000);
    }
    // To the end by what Temporal knows, for the journal cannot know.
    await Promise.all(jobs.map(({ id }) => temporal.handle(id).result()));
    expect(await millrace.job('locked-0')).toBeNull();
    await lock.release();

    for (const { id } of jobs) {
      await eventually(`${id} is on record`, async () => (await millrace.job(id, 'status'))?.status === 'SUCCEEDED');
      const attempts = id === 'locked-fail' || id === 'locked-crash' ? 2 : 1;
      // The worker writes its part by itself, when it has the journal.
      await eventually(`every attempt of ${id} is on record`, async () => {
        const { nodes } = (await millrace.job(id, 'attempts { nodes { outcome } }')).attempts;
        return nodes.length === attempts && nodes.every(({ outcome }: any) => outcome !== null);
      });
      const kinds = await kindsOf(millrace, id);
      const count = (kind: string): number => kinds.filter((each) => each === kind).length;
      expect([count('CREATED'), count('STARTED'), count('ATTEMPT_ENDED'), count('FINISHED')], `${id}: ${kinds.join()}`).toEqual([
        1,
        attempts,
        attempts,
        1,
      ]);
    }
    expect((await millrace.job('locked-crash', 'halts attempts { nodes { outcome exitCode error { message } } }')).attempts.nodes).toEqual([
      { outcome: 'HALTED', exitCode: 1, error: { message: expect.stringContaining('exit code 1') as string } },
      { outcome: 'SUCCEEDED', exitCode: null, error: null },
    ]);
    const { lastAttempt } = await millrace.job('locked-steps', 'lastAttempt { log { nodes { text } } }');
    expect(lastAttempt.log.nodes).toHaveLength(6);
    const { jobCounts } = await millrace.client.data('{ jobCounts(filter: { tagsAny: ["locked"] }) { succeeded total } }');
    expect(jobCounts).toEqual({ succeeded: jobs.length, total: jobs.length });
  });
});

describe('a journal that has lost something', () => {
  const forget = (id: string): void => {
    journal.exec('begin immediate');
    for (const table of ['attempt', 'event', 'job_tag', 'log_line']) journal.prepare(`delete from ${table} where job_id = ?`).run(id);
    journal.prepare('delete from job where id = ?').run(id);
    journal.exec('commit');
  };

  test('is repaired from Temporal within seconds, says so once, and tells who watches', { timeout: 180_000 }, async () => {
    const create = (input: Record<string, unknown>) =>
      millrace.create({ type: 'sleep', payload: { ms: 0 }, tags: ['kept', 'x'], metadata: { a: 1 }, ...input });
    const ids = {
      gone: await create({ id: 'gone' }),
      goneInLine: await create({ id: 'gone-in-line', pool: 'nobody', priority: 3 }),
      lastLost: await create({ id: 'last-lost' }),
      endLost: await create({ id: 'end-lost', type: 'test.anything', payload: { back: 1 } }),
    };
    await mutate(millrace, 'setJobPriority', { id: ids.goneInLine, priority: 8 });
    await Promise.all([
      millrace.until(ids.gone, 'SUCCEEDED'),
      millrace.until(ids.lastLost, 'SUCCEEDED'),
      millrace.until(ids.endLost, 'SUCCEEDED'),
    ]);
    const fields = `id status priority band payload result tags metadata queuedAt createdAt finishedAt attemptCount attempts { nodes { number outcome workerId } } version`;
    const before = new Map(await Promise.all(Object.values(ids).map(async (id) => [id, await millrace.job(id, fields)] as const)));

    forget(ids.gone);
    forget(ids.goneInLine);
    // As if the last record had never been written: the job seems to wait, or to run, for ever.
    journal
      .prepare(
        `update job set status = 'QUEUED', workflow_status = 'QUEUED', rev = 1, attempts_ended = 0, finished_at = null, result = null, band = 15 where id = ?`,
      )
      .run(ids.lastLost);
    journal.prepare(`delete from event where job_id = ? and kind in ('ATTEMPT_ENDED', 'FINISHED')`).run(ids.endLost);
    journal.prepare(`update attempt set finished_at = null, outcome = null where job_id = ?`).run(ids.endLost);
    journal
      .prepare(
        `update job set status = 'RUNNING', workflow_status = 'QUEUED', rev = 1, attempts_ended = 0, finished_at = null, result = null where id = ?`,
      )
      .run(ids.endLost);
    const watching = new Subscriber(millrace.url, 'subscription ($id: ID!) { jobUpdated(id: $id) { status } }', { id: ids.endLost });
    onTestFinished(() => watching.cut());

    const repaired = async (id: string): Promise<boolean> =>
      ((await millrace.job(id, 'events { nodes { kind } }')) as any)?.events.nodes.some(({ kind }: any) => kind === 'RECONCILED') ?? false;
    const began = performance.now();
    for (const id of Object.values(ids)) await eventually(`${id} is repaired`, () => repaired(id), 60_000);
    // By the first pass that begins after it, or the one after that: they are 10 s apart.
    expect(performance.now() - began).toBeLessThan(40_000);
    expect((await watching.collect(() => false)).at(-1)?.data).toEqual({ jobUpdated: { status: 'SUCCEEDED' } });
    for (const [id, job] of before) {
      const after = await millrace.job(id, fields);
      expect(after.version, id).toBeGreaterThan(job.version);
      expect({ ...after, version: 0 }, id).toEqual({ ...job, version: 0 });
    }
    expect(await kindsOf(millrace, ids.gone)).toEqual(['STARTED', 'CREATED', 'QUEUED', 'ATTEMPT_ENDED', 'FINISHED', 'RECONCILED']);
    expect(await kindsOf(millrace, ids.endLost)).toEqual(['CREATED', 'QUEUED', 'STARTED', 'ATTEMPT_ENDED', 'FINISHED', 'RECONCILED']);

    // A pass later nothing is left to repair. A job that ends meanwhile tells that there has been one.
    forget(await createAndEnd('the-next-pass'));
    await eventually('the next pass has been', () => repaired('the-next-pass'), 60_000);
    for (const id of Object.values(ids))
      expect(
        (await kindsOf(millrace, id)).filter((kind) => kind === 'RECONCILED'),
        id,
      ).toHaveLength(1);
  });

  test('is repaired of what an open job has come to', { timeout: 120_000 }, async () => {
    const id = await millrace.create({ id: 'hold-lost', type: 'sleep', payload: { ms: 0 }, pool: 'nobody' });
    await mutate(millrace, 'holdJob', { id });
    const before = await millrace.until(id, 'HELD');
    journal.prepare(`update job set status = 'QUEUED', workflow_status = 'QUEUED', rev = 1, held = 0, band = 15 where id = ?`).run(id);
    // Two passes say the same of it.
    await millrace.until(id, 'HELD', 60_000);
    expect({ ...(await millrace.until(id, 'HELD')), version: 0 }).toEqual({ ...before, version: 0 });
    const kinds = await kindsOf(millrace, id);
    expect(kinds.filter((kind) => kind === 'HELD')).toHaveLength(1);
    expect(kinds.at(-1)).toBe('RECONCILED');
  });

  async function createAndEnd(id: string): Promise<string> {
    await millrace.create({ id, type: 'sleep', payload: { ms: 0 } });
    await millrace.until(id, 'SUCCEEDED');
    return id;
  }
});
