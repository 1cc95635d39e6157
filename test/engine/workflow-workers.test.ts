import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { WorkflowWorkers } from '../../src/cli/workflow-workers.ts';
import { readConfig } from '../../src/config.ts';
import { connectNative } from '../../src/temporal/connect-native.ts';
import { prepareCluster } from '../../src/temporal/prepare.ts';
import { eventually } from './fixtures/eventually.ts';

const ROOM = 5;
const taskQueue = 'two-workers';
const namespace = `test-${randomBytes(4).toString('hex')}`;
const address = inject('temporalAddress');
let client: Client;
let workers: WorkflowWorkers;
let stop: (() => Promise<void>) | undefined;

beforeAll(async () => {
  const workflowsPath = fileURLToPath(new URL('./fixtures/workflows/wait.ts', import.meta.url));
  const silent = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: silent });
  const config = readConfig({ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace });
  const connect = () => connectNative(config, taskQueue, console.log, (services) => prepareCluster(services, namespace));
  const [own, connection] = [await connect(), await Connection.connect({ address })];
  client = new Client({ connection, namespace });
  workers = await WorkflowWorkers.start({ namespace, taskQueue, workflowBundle }, own, connect, ROOM);
  stop = async () => {
    workers.shutDown();
    await workers.ended;
    await Promise.all([connection.close(), own.close()]);
  };
});
afterAll(() => stop?.());

const begin = () => client.workflow.start('waitWorkflow', { taskQueue, workflowId: randomBytes(4).toString('hex') });

test('the second is not there before it may be wanted', async () => {
  expect(workers.kept).toEqual([0]);
});

test('of more workflows than there is room for, the first worker keeps those that came first; all of them go on', async () => {
  const handles: Awaited<ReturnType<typeof begin>>[] = [];
  for (let count = 1; count <= 2 * ROOM; count++) {
    handles.push(await begin());
    await eventually(`${count} are kept`, () => workers.kept.reduce((sum, each) => sum + each, 0) === count);
  }
  const [first, second] = workers.kept as [number, number];
  // It has what it had asked for already when its last room was taken.
  expect(first).toBeGreaterThanOrEqual(ROOM);
  expect(second).toBeGreaterThan(0);
  // Of so many the second has to drop some.
  for (let more = 0; more < 2 * ROOM; more++) handles.push(await begin());
  // Each has had its first task by then: one that has not would take the room that the first is to have.
  const haveBegun = async (): Promise<boolean> =>
    (await Promise.all(handles.map((handle) => handle.describe()))).every(({ raw }) => raw.pendingWorkflowTask === null);
  await eventually('all of them wait', haveBegun);
  await eventually('the second has no room for all', () => workers.kept[0] === first && workers.kept[1] === ROOM);
  const finish = (some: typeof handles) => Promise.all(some.map(async (handle) => handle.signal('go').then(() => handle.result())));
  await finish(handles.slice(0, ROOM));
  await eventually('the first has kept them until their end', () => workers.kept[0] === first - ROOM);
  expect(workers.kept[1]).toBe(ROOM);
  await finish(handles.slice(ROOM));
});
