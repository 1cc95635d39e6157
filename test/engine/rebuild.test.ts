import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { eventually } from './fixtures/eventually.ts';
import { mutate } from './fixtures/mutate.ts';
import { API_JOBS } from './fixtures/paths.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import type { TemporalView } from './fixtures/temporal-view.ts';
import type { Millrace } from './millrace.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

describe('a journal that is gone', () => {
  let millrace: Millrace;
  let temporal: TemporalView;
  shareMillrace({ slots: 2, env: { MILLRACE_JOBS: API_JOBS } }, (shared) => ({ millrace, temporal } = shared));

  const FIELDS = `id type queue pool status priority band forced halts losses failures failedOver effectivePriority attemptCount tags metadata payload result progress version createdAt queuedAt startedAt startsAt finishedAt abortRequestedAt
    reason { code message } error { name message retryable } options { timeout deadline grace maxHalts onDependencyFailure concurrency { key limit } retry { maxAttempts delay backoff maxDelay jitter } }
    dependencies { id status } attempts { nodes { number outcome workerId host startedAt error { message } } }`;

  test('is made again by `millrace journal rebuild`: every job is back, field by field', { timeout: 300_000 }, async () => {
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
      timeout: 120_000,
    });
    expect(stdout).toContain(`15 jobs are back in ${millrace.dataDir}/journal.db`);

    await millrace.startRole('api');
    const after = await all();
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [id, job] of before) {
      const back = after.get(id);
      expect(back.version, id).toBeGreaterThan(job.version);
      expect(comparable(back), id).toEqual(comparable(job));
      // A history says in other words than a worker when it was.
      const isTold = job.startedAt !== null && job.reason?.code !== 'TERMINATED';
      expect(isTold ? Math.abs(Date.parse(back.startedAt) - Date.parse(job.startedAt)) : 0, id).toBeLessThan(30_000);
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
      hasStarted: terminated || startedAt !== null,
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
