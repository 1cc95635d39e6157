import { DefaultLogger, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { reconcileOnce } from '../../src/activities/reconcile.ts';
import { readConfig } from '../../src/config.ts';
import { workflowIdOf } from '../../src/job/ids.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { workflowBundle } from '../../src/temporal/bundle.ts';
import { eventually } from './fixtures/eventually.ts';
import { Feed } from './fixtures/feed.ts';
import { ordersTo } from './fixtures/orders.ts';
import { TEST_JOBS } from './fixtures/paths.ts';
import { type Received, Subscriber } from './fixtures/subscriber.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { untilTold } from './fixtures/told.ts';
import { Millrace } from './millrace.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

let millrace: Millrace;
let temporal: TemporalView;
beforeAll(async () => {
  millrace = await Millrace.start({ env: { MILLRACE_JOBS: TEST_JOBS } });
  temporal = await TemporalView.of(millrace);
});
afterAll(async () => {
  await temporal.close();
  await millrace.stop();
});

async function deleteJob(id: string): Promise<{ deletedJobId: string | null; codes: string[] }> {
  const { deleteJob: answer } = await millrace.client.data(
    'mutation ($id: ID!) { deleteJob(input: { id: $id }) { deletedJobId userErrors { code } } }',
    { id },
  );
  return { deletedJobId: answer.deletedJobId, codes: answer.userErrors.map(({ code }: any) => code) };
}

async function succeeded(input: Record<string, unknown> = {}): Promise<string> {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 0 }, tags: ['gone'], ...input });
  await millrace.until(id, 'SUCCEEDED');
  return id;
}

test('a final job is forgotten, with every run of it in Temporal, and its id is free again', async () => {
  const feed = await Feed.follow(millrace);
  onTestFinished(() => feed.stop());
  const id = await succeeded();
  await ordersTo(millrace).retry(id);
  await feed.until('RETRIED', [id]);
  const { version } = await millrace.until(id, 'SUCCEEDED');
  const updates = new Subscriber(
    millrace.url,
    'subscription { jobsUpdated(filter: { tagsAll: ["gone"] }) { isSnapshot removed changed { id } } }',
  );
  expect((await updates.next())!.data!['jobsUpdated']).toMatchObject({ isSnapshot: true, changed: [{ id }] });

  expect(await deleteJob(id)).toEqual({ deletedJobId: id, codes: [] });
  expect(await millrace.job(id)).toBeNull();
  // What its worker told of its end may come after its workflow's word; nothing comes after this.
  const isRemoved = (all: Received[]): boolean => all.at(-1)?.data!['jobsUpdated'].removed.length > 0;
  const last = (await updates.collect(isRemoved)).at(-1)!;
  expect(last.data!['jobsUpdated']).toEqual({ isSnapshot: false, removed: [id], changed: [] });
  updates.cut();
  await feed.until('DELETED', [id]);
  await expect(temporal.handle(id).describe()).rejects.toThrow(/not found/i);
  expect(await deleteJob(id)).toEqual({ deletedJobId: null, codes: ['NOT_FOUND'] });

  await millrace.create({ id, type: 'sleep', payload: { ms: 1 } });
  const again = await millrace.until(id, 'SUCCEEDED');
  expect(again).toMatchObject({ attemptCount: 1 });
  expect(again.version).toBeGreaterThan(version);
  expect(await millrace.job(id, 'tags')).toEqual({ tags: [] });
  await untilTold(millrace, id, ['CREATED', 'QUEUED', 'STARTED', 'ATTEMPT_ENDED', 'FINISHED']);
});

test('a job that is not final is not deleted, nor one that never was', async () => {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 0 }, hold: true });
  expect(await deleteJob(id)).toEqual({ deletedJobId: null, codes: ['NOT_FINISHED'] });
  expect(await millrace.job(id, 'status')).toEqual({ status: 'HELD' });
  expect(await deleteJob('nobody')).toEqual({ deletedJobId: null, codes: ['NOT_FOUND'] });
  expect(await deleteJob('no/id')).toEqual({ deletedJobId: null, codes: ['NOT_FOUND'] });
});

test('a deleted job does not come back by a reconciler that finds it in a visibility that is out of date', async () => {
  const id = await succeeded();
  expect((await deleteJob(id)).codes).toEqual([]);
  const config = readConfig(millrace.env);
  const journal = await openJournal(config.journalFile, () => {});
  const { workflow } = temporal.client;
  const stale = {
    workflow: {
      async *list() {
        yield { workflowId: workflowIdOf(id), status: { name: 'COMPLETED' }, startTime: new Date() };
      },
      getHandle: workflow.getHandle.bind(workflow),
    },
  };
  const deps = { client: stale as never, journal, bundle: await workflowBundle(config.cacheDir) };
  // Stopped, it has written all that it was told.
  const { repaired } = await reconcileOnce(deps, { since: 0, after: '', most: Infinity, doubts: new Map() }).finally(() =>
    journal.stop(5_000),
  );
  expect(repaired).toContain(id);
  expect(await millrace.job(id)).toBeNull();
});

test('a job that others waited for is deleted once they know of its end, and they keep its id', async () => {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 50 } });
  const waiting = await millrace.create({ type: 'sleep', payload: { ms: 0 }, dependencies: [id] });
  await millrace.until(id, 'SUCCEEDED');
  await eventually('all who wait know of its end, and it is deleted', async () => (await deleteJob(id)).codes.length === 0);
  await millrace.until(waiting, 'SUCCEEDED');
  expect(await millrace.job(waiting, 'dependencies { id status job { id } }')).toEqual({ dependencies: [{ id, status: null, job: null }] });
});
