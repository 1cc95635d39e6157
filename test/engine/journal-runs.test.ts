import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readNamespace } from '../../src/journal/namespace.ts';
import { openSqlite } from '../../src/journal/sqlite.ts';
import { eventually } from './fixtures/eventually.ts';
import { ordersTo } from './fixtures/orders.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { Millrace } from './millrace.ts';

const FIELDS = `status version failures finishedAt reason { code } attempts { nodes { number outcome startedAt } } events { nodes { kind } }`;

test(
  'a journal that was deleted gets back all runs of a job, also of one whose first run was terminated',
  { timeout: 120_000 },
  async () => {
    const millrace = await Millrace.start({ slots: 1 });
    onTestFinished(() => millrace.stop());
    const temporal = await TemporalView.of(millrace);
    onTestFinished(() => temporal.close());
    const orders = ordersTo(millrace);
    const fails = { type: 'fail', payload: { times: 9 }, retry: { maxAttempts: 2, delay: '10ms' } };
    const failed = await millrace.create(fails);
    await millrace.until(failed, 'FAILED');
    expect((await orders.retry(failed)).codes).toEqual([]);
    await millrace.until(failed, ({ status, attemptCount }) => status === 'FAILED' && attemptCount === 4);
    // Its second run waits: the end of the first one is not the job's.
    const waits = await millrace.create({ ...fails, pool: 'nobody' });
    await temporal.handle(waits).terminate('by the test');
    await millrace.until(waits, 'ABORTED', 40_000);
    expect((await orders.retry(waits)).codes).toEqual([]);
    await millrace.until(waits, 'QUEUED');

    const before = await millrace.job(failed, FIELDS);
    expect(before.attempts.nodes).toHaveLength(4);
    const { namespaceInfo } = await temporal.client.workflowService.describeNamespace({ namespace: millrace.namespace });
    const own = { name: millrace.namespace, id: namespaceInfo!.id };
    expect(await namespaceIn(millrace)).toEqual(own);
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(millrace.dataDir, `journal.db${suffix}`), { force: true });
    // By its version: for a moment the api has the deleted file open still.
    const isBack = async (): Promise<boolean> => {
      const job = await millrace.job(failed, FIELDS);
      return job?.version > before.version && job.finishedAt === before.finishedAt && job.attempts.nodes.length === 4;
    };
    await eventually('all of it is back', isBack, 40_000);
    const { events, attempts, version: _, ...after } = await millrace.job(failed, FIELDS);
    expect({ ...after, attempts: attempts.nodes.map(withoutTime) }).toEqual({
      status: before.status,
      failures: before.failures,
      finishedAt: before.finishedAt,
      reason: before.reason,
      attempts: before.attempts.nodes.map(withoutTime),
    });
    const kinds: string[] = events.nodes.map(({ kind }: { kind: string }) => kind);
    expect(kinds.filter((kind) => ['CREATED', 'RETRIED', 'FINISHED'].includes(kind))).toEqual([
      'CREATED',
      'FINISHED',
      'RETRIED',
      'FINISHED',
    ]);
    await eventually('the other one waits', async () => (await millrace.job(waits, 'status'))?.status === 'QUEUED');
    expect(await namespaceIn(millrace)).toEqual(own);
  },
);

/** Whose jobs the journal keeps, as it says itself. */
async function namespaceIn({ dataDir }: Millrace): Promise<unknown> {
  const journal = openSqlite(join(dataDir, 'journal.db'), 'read');
  try {
    return await readNamespace(journal.db);
  } finally {
    journal.close();
  }
}

/** When it started a history says in other words than a worker. */
const withoutTime = ({ number, outcome }: { number: number; outcome: string }) => ({ number, outcome });
