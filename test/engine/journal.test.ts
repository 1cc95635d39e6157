import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from './fixtures/eventually.ts';
import { holdLock } from './fixtures/hold-lock.ts';
import { Subscriber } from './fixtures/subscriber.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { Millrace } from './millrace.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const API_JOBS = fileURLToPath(new URL('fixtures/api-jobs', import.meta.url));

const mutate = (millrace: Millrace, field: string, input: Record<string, unknown>): Promise<any> =>
  millrace.client
    .data(
      `mutation ($input: ${field[0]!.toUpperCase()}${field.slice(1)}Input!) { ${field}(input: $input) { job { id status } userErrors { code message } } }`,
      { input },
    )
    .then((data) => data[field]);
const kindsOf = async (millrace: Millrace, id: string): Promise<string[]> =>
  (await millrace.job(id, 'events { nodes { kind } }')).events.nodes.map(({ kind }: { kind: string }) => kind);

describe('while another process has the journal locked', () => {
  let millrace: Millrace;
  let temporal: TemporalView;
  beforeAll(async () => {
    millrace = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: API_JOBS } });
    temporal = await TemporalView.of(millrace);
    await millrace.until(await millrace.create({ type: 'sleep', payload: { ms: 0 } }), 'SUCCEEDED');
  });
  afterAll(async () => {
    await temporal.close();
    await millrace.stop();
  });

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
      expect(performance.now() - began).toBeLessThan(5_000);
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
  let millrace: Millrace;
  let journal: DatabaseSync;
  beforeAll(async () => {
    millrace = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: API_JOBS } });
    journal = new DatabaseSync(join(millrace.dataDir, 'journal.db'), { timeout: 10_000 });
  });
  afterAll(async () => {
    journal.close();
    await millrace.stop();
  });

  const forget = (id: string): void => {
    journal.exec('begin immediate');
    for (const table of ['attempt', 'event', 'job_tag', 'log_line']) journal.prepare(`delete from ${table} where job_id = ?`).run(id);
    journal.prepare('delete from job where id = ?').run(id);
    journal.exec('commit');
  };

  test('is repaired from Temporal within seconds, says so once, and tells who watches', async () => {
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
    expect((await watching.next())?.data).toEqual({ jobUpdated: { status: 'RUNNING' } });

    const repaired = async (id: string): Promise<boolean> =>
      ((await millrace.job(id, 'events { nodes { kind } }')) as any)?.events.nodes.some(({ kind }: any) => kind === 'RECONCILED') ?? false;
    const began = performance.now();
    for (const id of Object.values(ids)) await eventually(`${id} is repaired`, () => repaired(id), 30_000);
    expect(performance.now() - began).toBeLessThan(20_000);
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
    await eventually('the next pass has been', () => repaired('the-next-pass'), 30_000);
    for (const id of Object.values(ids))
      expect(
        (await kindsOf(millrace, id)).filter((kind) => kind === 'RECONCILED'),
        id,
      ).toHaveLength(1);
  });

  async function createAndEnd(id: string): Promise<string> {
    await millrace.create({ id, type: 'sleep', payload: { ms: 0 } });
    await millrace.until(id, 'SUCCEEDED');
    return id;
  }
});

describe('a journal that is gone', () => {
  let millrace: Millrace;
  let temporal: TemporalView;
  beforeAll(async () => {
    millrace = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: API_JOBS } });
    temporal = await TemporalView.of(millrace);
  });
  afterAll(async () => {
    await temporal.close();
    await millrace.stop();
  });

  const FIELDS = `id type queue pool status priority band forced halts losses failures failedOver effectivePriority attemptCount tags metadata payload result progress version createdAt queuedAt startedAt startsAt finishedAt abortRequestedAt
    reason { code message } error { name message retryable } options { timeout deadline grace maxHalts onDependencyFailure concurrency { key limit } retry { maxAttempts delay backoff maxDelay jitter } }
    dependencies { id status } attempts { nodes { number outcome workerId host startedAt error { message } } }`;

  test('is made again by `millrace journal rebuild`: every job is back, field by field', { timeout: 180_000 }, async () => {
    const create = (id: string, input: Record<string, unknown>) => millrace.create({ id, type: 'sleep', payload: { ms: 0 }, ...input });
    const running = { payload: { ms: 600_000 }, grace: '0s' };
    await create('succeeded', {
      type: 'test.anything',
      payload: { any: ['thing', 1, null] },
      queue: 'email',
      priority: 4,
      tags: ['b', 'a'],
      metadata: { by: 'test' },
      timeout: '1h',
      retry: { maxAttempts: 7, delay: '2s', backoff: 3, maxDelay: '1d', jitter: false },
      maxHalts: 2,
    });
    await create('failed', { type: 'fail', payload: { times: 9 }, retry: { maxAttempts: 2, delay: '10ms' } });
    await create('halted', { type: 'crash', payload: { how: 'kill', times: 1 } });
    await create('halted-for-good', { type: 'crash', payload: { how: 'exit', times: 9 }, maxHalts: 0 });
    await create('timed-out', { ...running, timeout: '100ms', retry: { maxAttempts: 1 } });
    for (const id of ['succeeded', 'failed', 'halted', 'halted-for-good', 'timed-out']) await millrace.untilFinal(id);
    await create('aborted-running', running);
    await create('terminated', running);
    await Promise.all([millrace.until('aborted-running', 'RUNNING'), millrace.until('terminated', 'RUNNING')]);
    await create('aborted-in-line', { pool: 'nobody' });
    await mutate(millrace, 'abortJob', { id: 'aborted-in-line', message: 'not needed' });
    await mutate(millrace, 'abortJob', { id: 'aborted-running', message: 'enough' });
    await temporal.handle('terminated').terminate('by the test');
    await Promise.all([millrace.until('aborted-running', 'ABORTED'), millrace.until('terminated', 'ABORTED', 40_000)]);
    await create('in-line', { pool: 'nobody', priority: 2 });
    await mutate(millrace, 'setJobPriority', { id: 'in-line', priority: 9 });
    await create('forced', { pool: 'nobody' });
    await mutate(millrace, 'forceStartJob', { id: 'forced' });
    await create('waits-for-its-retry', { type: 'fail', payload: { times: 1 }, retry: { delay: '1h', jitter: false } });
    await millrace.until('waits-for-its-retry', 'SCHEDULED');
    await create('held', { hold: true, deadline: '1h' });
    await create('waits-for-others', {
      dependencies: ['succeeded', 'held'],
      onDependencyFailure: 'RUN_ANYWAY',
      concurrency: { key: 'kept' },
    });
    await create('run-again', { payload: { ms: 1 } });
    await millrace.until('run-again', 'SUCCEEDED');
    await mutate(millrace, 'retryJob', { id: 'run-again', payload: { ms: 2 } });
    await millrace.until('run-again', 'SUCCEEDED');
    await millrace.client.data('mutation { pauseQueue(input: { name: "kept" }) { userErrors { code } } }');
    // Its workflow has had no first step yet.
    await millrace.role('orchestrator').stop();
    await create('just-created', { tags: ['new'], priority: 5 });

    const all = async (): Promise<Map<string, any>> => {
      const { jobs } = await millrace.client.data(`{ jobs(first: 100) { nodes { ${FIELDS} } } }`);
      return new Map(jobs.nodes.map((job: any) => [job.id, job]));
    };
    const before = await all();
    expect(before.size).toBe(15);
    expect(before.get('terminated')).toMatchObject({
      status: 'ABORTED',
      reason: { code: 'TERMINATED', message: expect.stringContaining('by the test') as string },
    });
    await Promise.all([millrace.role('api').stop(), millrace.role('worker').stop()]);

    for (const suffix of ['', '-wal', '-shm']) rmSync(join(millrace.dataDir, `journal.db${suffix}`), { force: true });
    expect(existsSync(join(millrace.dataDir, 'journal.db'))).toBe(false);
    const { stdout } = await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'journal', 'rebuild'], {
      env: millrace.env,
      timeout: 60_000,
    });
    expect(stdout).toContain(`15 jobs are back in ${millrace.dataDir}/journal.db`);

    await millrace.startRole('api');
    const after = await all();
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [id, job] of before) {
      const back = after.get(id);
      expect(back.version, id).toBeGreaterThan(job.version);
      expect(comparable(back), id).toEqual(comparable(job));
    }

    // And they go on from where they were.
    await Promise.all([millrace.startRole('orchestrator'), millrace.startRole('worker')]);
    const paused = async (): Promise<boolean> => (await millrace.client.data('{ queue(name: "kept") { paused } }')).queue.paused;
    await eventually('the queue is known to be paused again', paused);
    expect(await millrace.untilFinal('just-created')).toMatchObject({ status: 'SUCCEEDED', attemptCount: 1 });
    await mutate(millrace, 'forceStartJob', { id: 'waits-for-its-retry' });
    expect(await millrace.untilFinal('waits-for-its-retry')).toMatchObject({ status: 'SUCCEEDED', attemptCount: 2, failures: 1 });
    expect(await mutate(millrace, 'abortJob', { id: 'in-line' })).toEqual({ job: { id: 'in-line', status: 'ABORTED' }, userErrors: [] });
  });

  /** What comes back. Measured by the worker and so only in its own words: moments to the ms, and an attempt that no history knows of. */
  function comparable({ version: _, startedAt, attempts, ...job }: any): unknown {
    const terminated = job.reason?.code === 'TERMINATED';
    return {
      ...job,
      attemptCount: terminated ? null : job.attemptCount,
      startedInTime: terminated || startedAt === null ? null : Math.round(new Date(startedAt).getTime() / 60_000),
      attempts: terminated
        ? null
        : attempts.nodes.map(({ number, outcome, workerId, host, error }: any) => ({
            number,
            outcome,
            workerId,
            host,
            error: outcome === 'ABORTED' ? null : error,
          })),
    };
  }
});
