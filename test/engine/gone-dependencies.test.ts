import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WorkflowNotFoundError } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { reconcileOnce } from '../../src/activities/reconcile.ts';
import { readConfig } from '../../src/config.ts';
import { workflowIdOf } from '../../src/job/ids.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { workflowBundle } from '../../src/temporal/bundle.ts';
import { eventually } from './fixtures/eventually.ts';
import { ordersTo } from './fixtures/orders.ts';
import { TEST_JOBS } from './fixtures/paths.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { Millrace } from './millrace.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

/** Jobs that depend on one that Temporal, the journal, or both do not know any more: none of them waits for ever. */
let millrace: Millrace;
let temporal: TemporalView;
let orders: ReturnType<typeof ordersTo>;
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: TEST_JOBS } });
  temporal = await TemporalView.of(millrace);
  orders = ordersTo(millrace);
});
afterAll(async () => {
  await temporal.close();
  await millrace.stop();
});

const create = (input: Record<string, unknown> = {}): Promise<string> => millrace.create({ type: 'test.echo', ...input });
async function ended(status: string, input: Record<string, unknown>): Promise<string> {
  const id = await create(input);
  await millrace.until(id, status);
  return id;
}
/** One of each policy. */
const dependantsOf = async (id: string) => ({
  failing: await create({ dependencies: [id] }),
  running: await create({ dependencies: [id], onDependencyFailure: 'RUN_ANYWAY' }),
});

async function deleteHistory(id: string): Promise<void> {
  const workflowExecution = { workflowId: workflowIdOf(id) };
  await temporal.client.workflowService.deleteWorkflowExecution({ namespace: millrace.namespace, workflowExecution });
  const isGone = () =>
    temporal
      .handle(id)
      .describe()
      .then(
        () => false,
        (error: Error) => error instanceof WorkflowNotFoundError,
      );
  await eventually(`Temporal has no ${id}`, isGone, 45_000);
}
function deleteRow(id: string): void {
  const journal = new DatabaseSync(join(millrace.dataDir, 'journal.db'), { timeout: 5_000 });
  journal.prepare('delete from job where id = ?').run(id);
  journal.close();
}

test('deleted in Temporal while it was open, it is ABORTED, and they go by their policy', { timeout: 120_000 }, async () => {
  const id = await create({ hold: true });
  const { failing, running } = await dependantsOf(id);
  await millrace.until(running, 'WAITING');
  await deleteHistory(id);
  expect(await millrace.until(id, 'ABORTED', 40_000)).toMatchObject({ reason: { code: 'TERMINATED' } });
  expect(await millrace.until(failing, 'FAILED', 40_000)).toMatchObject({
    reason: { code: 'DEPENDENCY_FAILED', message: expect.stringContaining(id) as string },
  });
  expect(await millrace.until(running, 'SUCCEEDED', 40_000)).toMatchObject({ attemptCount: 1 });
});

test('known nowhere any more, it counts as failed', { timeout: 120_000 }, async () => {
  const id = await create({ hold: true });
  const { failing, running } = await dependantsOf(id);
  await millrace.until(running, 'WAITING');
  await deleteHistory(id);
  deleteRow(id);
  expect(await millrace.until(failing, 'FAILED', 40_000)).toMatchObject({ reason: { code: 'DEPENDENCY_FAILED' } });
  expect(await millrace.until(running, 'SUCCEEDED', 40_000)).toMatchObject({ attemptCount: 1 });
});

test('known to the journal alone, it counts as it ended, and its result is there', { timeout: 120_000 }, async () => {
  const good = await ended('SUCCEEDED', { payload: { a: 1 } });
  const bad = await ended('FAILED', { type: 'fail', payload: { times: 1, final: true } });
  for (const id of [good, bad]) await deleteHistory(id);
  expect(await millrace.until(await create({ dependencies: [good] }), 'SUCCEEDED')).toMatchObject({
    result: { dependencies: { [good]: { status: 'SUCCEEDED', result: { payload: { a: 1 } } } } },
  });
  expect(await millrace.until(await create({ dependencies: [bad] }), 'FAILED')).toMatchObject({ reason: { code: 'DEPENDENCY_FAILED' } });
});

test('known to Temporal alone, it counts as it ended or is waited for, and its result is there', async () => {
  const good = await ended('SUCCEEDED', { payload: { a: 1 } });
  deleteRow(good);
  expect(await millrace.until(await create({ dependencies: [good] }), 'SUCCEEDED')).toMatchObject({
    result: { dependencies: { [good]: { status: 'SUCCEEDED', result: { payload: { a: 1 } } } } },
  });
  const open = await create({ hold: true });
  const id = await create({ dependencies: [open] });
  deleteRow(open);
  expect(await millrace.job(id, 'status waitingFor { kind jobIds }')).toEqual({
    status: 'WAITING',
    waitingFor: { kind: 'DEPENDENCIES', jobIds: [open] },
  });
  await temporal.handle(open).executeUpdate('release');
  await millrace.until(id, 'SUCCEEDED');
});

test('it cannot be deleted while one waits, also one that knows of its end', async () => {
  const deleteJob = async (id: string) => {
    const query = 'mutation ($id: ID!) { deleteJob(input: { id: $id }) { deletedJobId userErrors { code } } }';
    return (await millrace.client.data(query, { id })).deleteJob;
  };
  const id = await ended('SUCCEEDED', {});
  const waiting = await create({ dependencies: [id], hold: true });
  await eventually('it knows', async () =>
    (await millrace.job(waiting, 'events { nodes { kind } }')).events.nodes.some(
      ({ kind }: { kind: string }) => kind === 'DEPENDENCY_ENDED',
    ),
  );
  expect(await deleteJob(id)).toEqual({ deletedJobId: null, userErrors: [{ code: 'NOT_FINISHED' }] });
  await orders.release(waiting);
  expect(await millrace.until(waiting, 'SUCCEEDED')).toMatchObject({ result: { dependencies: { [id]: { status: 'SUCCEEDED' } } } });
  expect(await deleteJob(id)).toEqual({ deletedJobId: id, userErrors: [] });
});

test('forced past, it is not among what the handler is given', async () => {
  const id = await create({ hold: true });
  const forced = await create({ dependencies: [id] });
  await orders.forceStart(forced, { ignoreDependencies: true });
  expect((await millrace.until(forced, 'SUCCEEDED')).result.dependencies).toEqual({});
});

test('held after it was forced past it, it is told of its end once and not for ever', async () => {
  const id = await create({ hold: true });
  const forced = await create({ dependencies: [id], pool: 'nobody' });
  await orders.forceStart(forced, { ignoreDependencies: true });
  await orders.hold(forced);
  await millrace.until(forced, 'HELD');
  await orders.abort(id);
  await millrace.until(id, 'ABORTED');
  const config = readConfig(millrace.env);
  const journal = await openJournal(config.journalFile, () => {});
  const deps = { client: temporal.client, journal, bundle: await workflowBundle(config.cacheDir) };
  onTestFinished(() => journal.stop(5_000));
  for (let pass = 0; pass < 4; pass++) {
    await reconcileOnce(deps, { since: Date.now(), after: '', most: 0, doubts: new Map() });
    await journal.writer.write({ kind: 'linePaused', jobIds: [], paused: false });
  }
  const { events } = await temporal.handle(forced).fetchHistory();
  const told = events?.filter((event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'dependencyEnded');
  // By the one that has ended, by the first of these passes, and by the orchestrator's own.
  expect(told?.length).toBeLessThanOrEqual(3);
});
