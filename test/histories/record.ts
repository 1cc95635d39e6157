import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { pathToFileURL } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { workflowIdOf } from '../../src/job/ids.ts';
import { Millrace } from '../engine/millrace.ts';

/**
 * Records one history for every path a job can take: `npm run record-histories`. Replayed by test/unit/replay.test.ts, so
 * that a change of the workflows that would break jobs under way is seen. Recorded ones are kept; new paths are added.
 */
let millrace: Millrace;
let client: Client;
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 1 });
  client = new Client({ connection: await Connection.connect({ address: inject('temporalAddress') }), namespace: millrace.namespace });
});
afterAll(async () => {
  await client.connection.close();
  await millrace.stop();
});

async function record(name: string, id: string): Promise<void> {
  const history = await client.workflow.getHandle(workflowIdOf(id)).fetchHistory();
  const object = proto.temporal.api.history.v1.History.toObject(proto.temporal.api.history.v1.History.fromObject(history), { bytes: String, longs: String, enums: String });
  writeFileSync(new URL(`${name}.json`, import.meta.url), withoutMachine(JSON.stringify(object, null, 1)) + '\n');
}

/** Where it was recorded is nobody's business, and no replay looks at it. */
const withoutMachine = (text: string): string => text.replaceAll(pathToFileURL(`${process.cwd()}/`).href, '').replaceAll(`${process.cwd()}/`, '').replaceAll(hostname(), 'host');

const mutate = (field: string, input: Record<string, unknown>) =>
  millrace.client.data(`mutation ($input: ${field[0]!.toUpperCase()}${field.slice(1)}Input!) { ${field}(input: $input) { userErrors { code message } } }`, { input });

test('plain: succeeds at once', async () => {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 10 }, tags: ['a'] });
  await millrace.untilFinal(id);
  await record('plain', id);
});

test('retried: fails twice, then succeeds', async () => {
  const id = await millrace.create({ type: 'fail', payload: { times: 2 }, retry: { delay: '50ms' } });
  await millrace.untilFinal(id);
  await record('retried', id);
});

test('failed: an error that is not retried', async () => {
  const id = await millrace.create({ type: 'fail', payload: { times: 1, final: true } });
  expect(await millrace.untilFinal(id)).toMatchObject({ status: 'FAILED' });
  await record('failed', id);
});

test('halted: its process dies twice', async () => {
  const id = await millrace.create({ type: 'crash', payload: { how: 'kill', times: 2 } });
  await millrace.untilFinal(id);
  await record('halted', id);
});

test('timed-out: killed for its timeout, no retry left', async () => {
  const id = await millrace.create({ type: 'cpu.burn', payload: { ms: 60_000 }, timeout: '100ms', grace: '0s', retry: { maxAttempts: 1 } });
  await millrace.untilFinal(id);
  await record('timed-out', id);
});

test('aborted-running, aborted-queued and re-prioritised: three in one line', async () => {
  const running = await millrace.create({ type: 'cpu.burn', payload: { ms: 60_000 } });
  await millrace.until(running, 'RUNNING');
  const queued = await millrace.create({ type: 'sleep', payload: { ms: 10 } });
  const bumped = await millrace.create({ type: 'sleep', payload: { ms: 10 } });
  const forced = await millrace.create({ type: 'sleep', payload: { ms: 10 } });
  await mutate('setJobPriority', { id: bumped, priority: 7 });
  await mutate('setJobPriority', { id: bumped, priority: 9 });
  await mutate('forceStartJob', { id: forced });
  await mutate('abortJob', { id: queued, message: 'not needed' });
  await mutate('abortJob', { id: running, grace: '0s' });
  for (const id of [running, queued, bumped, forced]) await millrace.untilFinal(id);
  await record('aborted-running', running);
  await record('aborted-queued', queued);
  await record('re-prioritised', bumped);
  await record('forced', forced);
});

test('forced out of a retry, and cancelled in Temporal', async () => {
  const id = await millrace.create({ type: 'fail', payload: { times: 1 }, retry: { delay: '1h', jitter: false } });
  await millrace.until(id, 'SCHEDULED');
  await mutate('forceStartJob', { id });
  await millrace.untilFinal(id);
  await record('forced-retry', id);
  const other = await millrace.create({ type: 'cpu.burn', payload: { ms: 60_000 }, grace: '0s' });
  await millrace.until(other, 'RUNNING');
  await client.workflow.getHandle(workflowIdOf(other)).cancel();
  await millrace.untilFinal(other);
  await record('cancelled', other);
});

test('lost: its worker is killed', async () => {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 3_000 } });
  await millrace.until(id, 'RUNNING');
  await millrace.role('worker').kill();
  await millrace.startRole('worker');
  expect(await millrace.untilFinal(id)).toMatchObject({ status: 'SUCCEEDED', losses: 1 });
  await record('lost', id);
});

test('aged: moved up in line, then run', async () => {
  const running = await millrace.create({ type: 'cpu.burn', payload: { ms: 60_000 }, grace: '0s' });
  await millrace.until(running, 'RUNNING');
  const id = await millrace.create({ type: 'sleep', payload: { ms: 10 }, ageAfter: '1s' });
  await millrace.until(id, ({ effectivePriority }) => effectivePriority === 3);
  await mutate('abortJob', { id: running });
  await millrace.untilFinal(id);
  await record('aged', id);
});
