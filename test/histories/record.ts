import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { workflowIdOf } from '../../src/job/ids.ts';
import { eventually } from '../engine/fixtures/eventually.ts';
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

const record = (name: string, id: string): Promise<void> => recordWorkflow(name, workflowIdOf(id));

async function recordWorkflow(name: string, workflowId: string, runId?: string): Promise<void> {
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const object = proto.temporal.api.history.v1.History.toObject(proto.temporal.api.history.v1.History.fromObject(history), { bytes: String, longs: String, enums: String });
  writeFileSync(new URL(`${name}.json`, import.meta.url), withoutMachine(JSON.stringify(object, null, 1)) + '\n');
}

/** Where it was recorded is nobody's business, and no replay looks at it. */
const withoutMachine = (text: string): string => text.replaceAll(pathToFileURL(`${process.cwd()}/`).href, '').replaceAll(`${process.cwd()}/`, '').replaceAll(hostname(), 'host');

const mutate = (field: string, input: Record<string, unknown>) =>
  millrace.client.data(`mutation ($input: ${field[0]!.toUpperCase()}${field.slice(1)}Input!) { ${field}(input: $input) { userErrors { code message } } }`, { input });

/** Does something again and again until the workflow has gone on in a new run. */
async function untilGoneOn(workflowId: string, meanwhile: () => Promise<unknown>): Promise<void> {
  const runId = async (): Promise<string> => (await client.workflow.getHandle(workflowId).describe()).runId;
  const first = await runId();
  do await meanwhile(); while ((await runId()) === first);
}

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

test('more-memory: passes its memory limit, and runs again with more', async () => {
  const limits = { memoryBytes: '256MiB', onMemoryLimit: { retryWith: 2, upTo: '1GiB' } };
  const id = await millrace.create({ type: 'crash', payload: { how: 'oom', times: 1 }, limits });
  expect(await millrace.untilFinal(id)).toMatchObject({ status: 'SUCCEEDED', halts: 0, attemptCount: 2 });
  await record('more-memory', id);
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

test('waited: for a dependency, a time and on hold, in line and before', async () => {
  const parent = await millrace.create({ type: 'sleep', payload: { ms: 10 }, hold: true });
  const child = await millrace.create({ type: 'sleep', payload: { ms: 10 }, dependencies: [parent], delay: '500ms' });
  await mutate('releaseJob', { id: parent });
  await millrace.untilFinal(child);
  await record('parent', parent);
  await record('child', child);
  const running = await millrace.create({ type: 'cpu.burn', payload: { ms: 60_000 }, grace: '0s', deadline: '3s' });
  await millrace.until(running, 'RUNNING');
  const held = await millrace.create({ type: 'sleep', payload: { ms: 10 } });
  const late = await millrace.create({ type: 'sleep', payload: { ms: 10 }, queueTimeout: '1s' });
  await mutate('holdJob', { id: held });
  await mutate('releaseJob', { id: held });
  for (const id of [late, running, held]) await millrace.untilFinal(id);
  await record('held-in-line', held);
  await record('queue-timeout', late);
  await record('deadline', running);
});

test('steps: done, undone, undone with failures, and gone on with in another run', async () => {
  for (const [name, payload] of [['steps', {}], ['undone', { failAt: 'car', undoFails: 1 }]] as const) {
    const id = await millrace.create({ type: 'trip.book', payload, retry: { delay: '10ms' } });
    await millrace.untilFinal(id);
    await record(name, id);
  }
  const id = await millrace.create({ type: 'trip.book', payload: { failAt: 'hotel' }, rollback: false });
  await millrace.untilFinal(id);
  await mutate('retryJob', { id, from: 'FAILED_STEP', payload: {} });
  await millrace.until(id, 'SUCCEEDED');
  await record('resumed', id);
});

test('forced-step: past its key for one step, and at it for the next', async () => {
  const concurrency = { key: 'forced-step', limit: 1 };
  const kindOf = async (id: string) => (await millrace.job(id, 'waitingFor { kind }')).waitingFor?.kind;
  // It has its turn, and nobody runs it.
  const holder = await millrace.create({ type: 'sleep', payload: { ms: 10 }, pool: 'nobody', concurrency });
  await eventually('it has the key', async () => (await kindOf(holder)) === 'NO_WORKER');
  const id = await millrace.create({ type: 'trip.book', payload: {}, concurrency });
  await eventually('it waits for the key', async () => (await kindOf(id)) === 'CONCURRENCY_KEY');
  await mutate('forceStartJob', { id, ignoreConcurrency: true });
  await eventually('it waits for the key again', async () => (await millrace.job(id, 'attemptCount')).attemptCount === 1 && (await kindOf(id)) === 'CONCURRENCY_KEY');
  await mutate('abortJob', { id: holder });
  await millrace.until(id, 'SUCCEEDED');
  await record('forced-step', id);
});

test('gates: of a key, and of a queue that is limited and paused', async () => {
  const key = { concurrency: { key: 'recorded' } };
  const ids = [];
  for (let job = 0; job < 3; job++) ids.push(await millrace.create({ type: 'sleep', payload: { ms: 50 }, ...key }));
  for (const id of ids) await millrace.untilFinal(id);
  await record('keyed', ids[2]!);
  await recordWorkflow('gate-key', 'gate:key:recorded');
  const running = await millrace.create({ type: 'sleep', payload: { ms: 1_000 }, queue: 'recorded' });
  await millrace.until(running, 'RUNNING');
  const inLine = await millrace.create({ type: 'sleep', payload: { ms: 10 }, queue: 'recorded' });
  await mutate('setQueueLimit', { name: 'recorded', limit: 1 });
  await mutate('pauseQueue', { name: 'recorded' });
  const gated = await millrace.create({ type: 'sleep', payload: { ms: 10 }, queue: 'recorded' });
  await millrace.untilFinal(running);
  await mutate('resumeQueue', { name: 'recorded' });
  for (const id of [inLine, gated]) await millrace.untilFinal(id);
  await record('given-back', inLine);
  await record('queue-gated', gated);
  await recordWorkflow('gate-queue', 'gate:queue:recorded');
});

test('gate-policy: one that writes its policy, counts who runs, and answers then', async () => {
  const running = await millrace.create({ type: 'sleep', payload: { ms: 1_000 }, queue: 'policy' });
  await millrace.until(running, 'RUNNING');
  await mutate('setQueueLimit', { name: 'policy', limit: 1 });
  await mutate('pauseQueue', { name: 'policy' });
  const gated = await millrace.create({ type: 'sleep', payload: { ms: 10 }, queue: 'policy' });
  await mutate('resumeQueue', { name: 'policy' });
  for (const id of [running, gated]) await millrace.untilFinal(id);
  await recordWorkflow('gate-policy', 'gate:queue:policy');
});

test('the workflows that are there by themselves, and one over many jobs', async () => {
  const { bulkJobs } = await millrace.client.data('mutation { bulkJobs(input: { action: HOLD, filter: {} }) { operation { id } } }');
  await client.workflow.getHandle(`bulk:${bulkJobs.operation.id}`).result();
  await recordWorkflow('bulk', `bulk:${bulkJobs.operation.id}`);
  await recordWorkflow('reconciler', 'reconciler');
  await recordWorkflow('ager', 'ager');
});

// Of these it is the last run that is kept: it begins with what the one before has left to it.
test('gone-on: a job that waits, one that is tried again, and one that undoes its steps', { timeout: 300_000 }, async () => {
  const parent = await millrace.create({ type: 'sleep', payload: { ms: 10 }, hold: true });
  const id = await millrace.create({ type: 'trip.book', payload: {}, hold: true, dependencies: [parent], deadline: '1h', concurrency: { key: 'gone-on' } });
  const child = await millrace.create({ type: 'sleep', payload: { ms: 10 }, dependencies: [id] });
  let told = 0;
  await untilGoneOn(workflowIdOf(id), () => mutate('setJobPriority', { id, priority: 3 + (told++ % 2) }));
  await mutate('releaseJob', { id });
  await mutate('releaseJob', { id: parent });
  expect(await millrace.untilFinal(child)).toMatchObject({ status: 'SUCCEEDED' });
  await record('gone-on', id);

  const often = { maxAttempts: 10_000, delay: '1ms', maxDelay: '1ms' };
  const tried = await millrace.create({ type: 'fail', payload: { times: 100 }, retry: often });
  await untilGoneOn(workflowIdOf(tried), () => pause(20));
  await mutate('abortJob', { id: tried });
  await millrace.untilFinal(tried);
  await record('gone-on-trying', tried);
  const undoing = await millrace.create({ type: 'trip.book', payload: { failAt: 'hotel', undoFails: 1_000 }, retry: often });
  await untilGoneOn(workflowIdOf(undoing), () => pause(20));
  await mutate('abortJob', { id: undoing, rollback: false, grace: '0s' });
  await millrace.untilFinal(undoing);
  await record('gone-on-undoing', undoing);
});

test('gone-on-gate: of a key that somebody holds and waits for, and of a queue that is paused', { timeout: 300_000 }, async () => {
  const key = { concurrency: { key: 'long' } };
  const running = await millrace.create({ type: 'cpu.burn', payload: { ms: 600_000 }, grace: '0s', ...key });
  await millrace.until(running, 'RUNNING');
  const waiting = await millrace.create({ type: 'sleep', payload: { ms: 10 }, ...key });
  const inLine = await millrace.create({ type: 'sleep', payload: { ms: 10 }, queue: 'long' });
  await mutate('pauseQueue', { name: 'long' });
  const gated = await millrace.create({ type: 'sleep', payload: { ms: 10 }, queue: 'long' });
  for (const gate of ['gate:key:long', 'gate:queue:long'])
    await untilGoneOn(gate, () => Promise.all(Array.from({ length: 20 }, () => client.workflow.getHandle(gate).signal('leave', 'nobody', 1))));
  await mutate('resumeQueue', { name: 'long' });
  await mutate('abortJob', { id: running });
  for (const id of [waiting, inLine, gated]) expect(await millrace.untilFinal(id)).toMatchObject({ status: 'SUCCEEDED' });
  await recordWorkflow('gone-on-gate-key', 'gate:key:long');
  await recordWorkflow('gone-on-gate-queue', 'gate:queue:long');
});

test('gone-on-reconciler and gone-on-ager: at the end of a shift', async () => {
  for (const name of ['reconciler', 'ager']) {
    const { raw } = await client.workflow.getHandle(name).describe();
    const { activityId } = raw.pendingActivities![0]!;
    await client.activity.complete({ workflowId: name, activityId: activityId! }, undefined);
    await untilGoneOn(name, () => pause(20));
    await expect.poll(async () => (await client.workflow.getHandle(name).describe()).raw.pendingActivities?.length).toBe(1);
    await recordWorkflow(`gone-on-${name}`, name);
  }
});

test('cancelled-told: cancelled in Temporal, and told more while it runs on', async () => {
  const id = await millrace.create({ type: 'cpu.burn', payload: { ms: 600_000 }, grace: '3s' });
  await millrace.until(id, 'RUNNING');
  await client.workflow.getHandle(workflowIdOf(id)).cancel();
  await millrace.until(id, ({ abortRequestedAt }) => abortRequestedAt !== null);
  for (const [field, input] of [['setJobPriority', { id, priority: 8 }], ['holdJob', { id }], ['forceStartJob', { id }]] as const) await mutate(field, input);
  await millrace.untilFinal(id);
  await record('cancelled-told', id);
});

test('asked-again: its gate was terminated; gate-swept: one that is opened while its queue has jobs moved out of line', async () => {
  const key = { concurrency: { key: 'terminated' } };
  const running = await millrace.create({ type: 'cpu.burn', payload: { ms: 600_000 }, grace: '0s', ...key });
  await millrace.until(running, 'RUNNING');
  const waiting = await millrace.create({ type: 'sleep', payload: { ms: 10 }, ...key });
  const inLine = await millrace.create({ type: 'sleep', payload: { ms: 10 }, queue: 'swept' });
  await mutate('pauseQueue', { name: 'swept' });
  await eventually('it is moved out of line', async () => (await client.workflow.getHandle(workflowIdOf(inLine)).describe()).raw.pendingActivities?.[0]?.activityOptions?.taskQueue?.name?.endsWith('/paused') === true);
  for (const gate of ['gate:key:terminated', 'gate:queue:swept']) await client.workflow.getHandle(gate).terminate('recorded');
  await mutate('resumeQueue', { name: 'swept' });
  await mutate('abortJob', { id: running });
  for (const id of [waiting, inLine]) expect(await millrace.untilFinal(id, 60_000)).toMatchObject({ status: 'SUCCEEDED' });
  await record('asked-again', waiting);
  await recordWorkflow('gate-swept', 'gate:queue:swept');
});
