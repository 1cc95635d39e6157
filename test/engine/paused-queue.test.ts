import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eachAtOnce } from '../../src/activities/each-at-once.ts';
import { gateOfQueue, gateWorkflowIdOf } from '../../src/job/gate.ts';
import { eventually } from './fixtures/eventually.ts';
import { gatedJobs } from './fixtures/gated-jobs.ts';
import { ordersTo, startOrder } from './fixtures/orders.ts';
import { Scratch, TEST_JOBS } from './fixtures/paths.ts';
import { queuesOf } from './fixtures/queues.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { Millrace } from './millrace.ts';

/** What forceStartJob and setJobPriority do to jobs of a paused queue, wherever the pause has met them. */
let millrace: Millrace;
let temporal: TemporalView;
let orders: ReturnType<typeof ordersTo>;
let queues: ReturnType<typeof queuesOf>;
let jobs: ReturnType<typeof gatedJobs>;
const scratch = new Scratch();
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 1, env: { MILLRACE_JOBS: TEST_JOBS } });
  temporal = await TemporalView.of(millrace);
  orders = ordersTo(millrace);
  queues = queuesOf(millrace);
  jobs = gatedJobs(millrace, scratch);
});
afterAll(async () => {
  await temporal.close();
  await millrace.stop();
  scratch.remove();
});

const create = (input: Record<string, unknown>): Promise<string> => millrace.create({ type: 'sleep', payload: { ms: 0 }, ...input });
/** Waits at its queue's gate: not in line, but in a band. */
async function atGate(input: Record<string, unknown>): Promise<string> {
  const id = await create(input);
  await millrace.until(id, ({ status, band }) => status === 'QUEUED' && band !== null);
  return id;
}
/** In line, and then paused there. */
async function pausedInLine(queue: string, count: number): Promise<string[]> {
  const ids = await Promise.all(Array.from({ length: count }, () => create({ queue })));
  await temporal.untilInLine(ids);
  await queues.pause(queue);
  for (const id of ids) await eventually(`${id} is paused in line`, async () => (await temporal.openAttempt(id))?.inLine === false);
  return ids;
}
async function expectPaused(...ids: string[]): Promise<void> {
  for (const id of ids)
    expect(await millrace.job(id, 'status attemptCount waitingFor { kind }')).toEqual({
      status: 'QUEUED',
      attemptCount: 0,
      waitingFor: { kind: 'QUEUE_PAUSED' },
    });
}
/** Temporal has an attempt in its band within 250 ms, after what it had to do before: less than these take, one after the other. */
async function untilMoved(): Promise<void> {
  for (let more = 0; more < 3; more++) await temporal.untilInLine([await create({ queue: 'elsewhere' })]);
}
/** Resumes while the slot is taken, so that they all stand in line before the first of them starts. */
async function orderAfterResume(queue: string, names: Record<string, string>, meanwhile = async (): Promise<unknown> => undefined) {
  const busy = await jobs.running();
  await queues.resume(queue);
  await temporal.untilInLine(Object.values(names));
  await meanwhile();
  await untilMoved();
  busy.open();
  for (const id of Object.values(names)) await millrace.until(id, 'SUCCEEDED');
  return startOrder(millrace, names);
}

describe('at the gate of its paused queue', () => {
  test('a forced job starts and no other, one with a new priority stands in its band, also after the resume', async () => {
    await queues.pause('gate');
    const [regular, urgent, forced] = [await atGate({ queue: 'gate' }), await atGate({ queue: 'gate' }), await atGate({ queue: 'gate' })];
    expect(await orders.setPriority(urgent, 9)).toMatchObject({ codes: [], job: { status: 'QUEUED', priority: 9, band: 7 } });
    expect(await orders.forceStart(forced)).toMatchObject({ codes: [], job: { status: 'QUEUED', forced: true, band: 2 } });
    await millrace.until(forced, 'SUCCEEDED');
    await expectPaused(regular, urgent);
    expect(await orderAfterResume('gate', { regular, urgent })).toEqual(['urgent', 'regular']);
  });

  test('a forced job keeps to its concurrency key', async () => {
    await queues.pause('keyed');
    const concurrency = { key: 'paused', limit: 1 };
    const first = await jobs.running({ concurrency });
    const forced = await create({ queue: 'keyed', concurrency });
    await orders.forceStart(forced);
    await eventually(
      'it waits for the key',
      async () => (await millrace.job(forced, 'waitingFor { kind }')).waitingFor?.kind === 'CONCURRENCY_KEY',
    );
    expect(await millrace.job(forced, 'status attemptCount')).toEqual({ status: 'QUEUED', attemptCount: 0 });
    first.open();
    await millrace.until(forced, 'SUCCEEDED');
  });

  test('a queue timeout runs', async () => {
    await queues.pause('late');
    const late = await create({ queue: 'late', queueTimeout: '300ms' });
    expect(await millrace.until(late, 'FAILED')).toMatchObject({ reason: { code: 'QUEUE_TIMEOUT' }, attemptCount: 0 });
  });
});

describe('in line when the pause comes', () => {
  test('a forced job starts and no other, one with a new priority stands in its band, also after the resume', async () => {
    const busy = await jobs.running();
    const [regular, urgent, forced] = await pausedInLine('line', 3);
    expect(await orders.setPriority(urgent!, 9)).toMatchObject({ codes: [], job: { status: 'QUEUED', priority: 9, band: 7 } });
    expect(await orders.forceStart(forced!)).toMatchObject({ codes: [], job: { status: 'QUEUED', forced: true, band: 2 } });
    busy.open();
    await millrace.until(forced!, 'SUCCEEDED');
    await expectPaused(regular!, urgent!);
    expect(await orderAfterResume('line', { regular: regular!, urgent: urgent! })).toEqual(['urgent', 'regular']);
  });

  test('a forced job goes before all that waits in other queues', async () => {
    const busy = await jobs.running();
    const [forced] = await pausedInLine('before', 1);
    const other = await create({ queue: 'elsewhere', priority: 10 });
    await temporal.untilInLine([other]);
    await orders.forceStart(forced!);
    await untilMoved();
    busy.open();
    for (const id of [forced!, other]) await millrace.until(id, 'SUCCEEDED');
    expect(await startOrder(millrace, { forced: forced!, other })).toEqual(['forced', 'other']);
    await queues.resume('before');
  });

  test('a queue timeout runs', async () => {
    const busy = await jobs.running();
    const late = await create({ queue: 'late-in-line', queueTimeout: '8s' });
    await temporal.untilInLine([late]);
    await queues.pause('late-in-line');
    expect(await millrace.until(late, 'FAILED')).toMatchObject({ reason: { code: 'QUEUE_TIMEOUT' }, attemptCount: 0 });
    busy.open();
    await millrace.until(busy.id, 'SUCCEEDED');
  });

  test('after the resume force and priorities count as ever', async () => {
    const busy = await jobs.running();
    const [a, b, c] = await pausedInLine('after', 3);
    busy.open();
    const names = { a: a!, b: b!, c: c! };
    const order = await orderAfterResume('after', names, () => orders.setPriority(b!, 10).then(() => orders.forceStart(c!)));
    expect(order).toEqual(['c', 'b', 'a']);
  });
});

describe('a forced job of a paused queue', () => {
  test('runs again past the pause when it has halted', async () => {
    await queues.pause('halts');
    const id = await create({ queue: 'halts', type: 'test.marks', payload: { file: scratch.path(), ends: ['exit'] } });
    await orders.forceStart(id);
    expect(await millrace.until(id, 'SUCCEEDED')).toMatchObject({ halts: 1, attemptCount: 2, forced: true });
  });

  test('runs again past the pause when it was lost with its worker', async () => {
    await queues.pause('lost');
    const lost = jobs.create({ queue: 'lost' });
    const id = await lost.created;
    await orders.forceStart(id);
    await millrace.until(id, 'RUNNING');
    await millrace.role('worker').kill();
    await millrace.startRole('worker');
    lost.open();
    expect(await millrace.until(id, 'SUCCEEDED')).toMatchObject({ losses: 1, attemptCount: 2, forced: true });
  });

  test('waits for the queue again when it has failed', async () => {
    await queues.pause('fails');
    const id = await create({ queue: 'fails', type: 'fail', payload: { times: 1 }, retry: { delay: '10ms', jitter: false } });
    await orders.forceStart(id);
    await millrace.until(id, ({ status, failures }) => status === 'QUEUED' && failures === 1);
    expect(await millrace.job(id, 'forced waitingFor { kind }')).toEqual({ forced: false, waitingFor: { kind: 'QUEUE_PAUSED' } });
    await queues.resume('fails');
    expect(await millrace.until(id, 'SUCCEEDED')).toMatchObject({ failures: 1, attemptCount: 2 });
  });

  test('starts from a hold and before its time, and behind its dependencies when they have ended', async () => {
    await queues.pause('waits');
    const parent = await create({ hold: true });
    const held = await create({ queue: 'waits', hold: true });
    const scheduled = await create({ queue: 'waits', delay: '1h' });
    const waiting = await create({ queue: 'waits', dependencies: [parent] });
    for (const [id, status] of [
      [held, 'HELD'],
      [scheduled, 'SCHEDULED'],
      [waiting, 'WAITING'],
    ] as const)
      expect(await orders.setPriority(id, 4)).toMatchObject({ codes: [], job: { status, priority: 4 } });
    for (const id of [held, scheduled]) {
      expect(await orders.forceStart(id)).toMatchObject({ codes: [], job: { forced: true } });
      await millrace.until(id, 'SUCCEEDED');
    }
    expect(await orders.forceStart(waiting)).toMatchObject({ codes: [], job: { status: 'WAITING', forced: true } });
    await orders.release(parent);
    await millrace.until(waiting, 'SUCCEEDED');
  });

  test('also passes a limit', async () => {
    await queues.setLimit('full', 1);
    const busy = await jobs.running({ queue: 'full' });
    const [next, forced] = [await atGate({ queue: 'full' }), await atGate({ queue: 'full' })];
    await eventually('both wait for the limit', async () =>
      (await Promise.all([next, forced].map((id) => millrace.job(id, 'waitingFor { kind }')))).every(
        ({ waitingFor }) => waitingFor?.kind === 'QUEUE_LIMIT',
      ),
    );
    await orders.forceStart(forced);
    await temporal.untilInLine([forced], { [forced]: 2 });
    await untilMoved();
    expect((await millrace.job(next, 'waitingFor { kind }')).waitingFor).toEqual({ kind: 'QUEUE_LIMIT' });
    busy.open();
    for (const id of [forced, next]) await millrace.until(id, 'SUCCEEDED');
    expect(await startOrder(millrace, { next, forced })).toEqual(['forced', 'next']);
  });
});

test('a gate with a long history lets jobs in and answers while its queue is swept, and sweeps on in its next run', async () => {
  const busy = await jobs.running();
  const [moved] = await pausedInLine('long', 1);
  const gate = temporal.client.workflow.getHandle(gateWorkflowIdOf(gateOfQueue('long')));
  const { runId } = await gate.describe();
  // A task queue of that name there cannot be: the way back is tried again and again.
  setPool(moved!, 'x'.repeat(2_000));
  await queues.resume('long');
  await eventually('it goes on in a new run', async () => {
    await eachAtOnce(Array.from({ length: 100 }), () => gate.signal('leave', 'nobody', 0));
    return (await gate.describe()).runId !== runId;
  });
  expect(await queues.setLimit('long', 1)).toMatchObject({ queue: { paused: false, limit: 1 } });
  busy.open();
  await millrace.until(await create({ queue: 'long' }), 'SUCCEEDED');
  expect(await queues.pause('long')).toMatchObject({ queue: { paused: true } });
  expect(await queues.resume('long')).toMatchObject({ queue: { paused: false } });
  expect(await millrace.job(moved!, 'status attemptCount')).toEqual({ status: 'QUEUED', attemptCount: 0 });
  setPool(moved!, 'default');
  await millrace.until(moved!, 'SUCCEEDED');
});

/** As the journal has it, by which a sweep finds a job. */
function setPool(id: string, pool: string): void {
  const journal = new DatabaseSync(join(millrace.dataDir, 'journal.db'), { timeout: 5_000 });
  journal.prepare('update job set pool = ? where id = ?').run(pool, id);
  journal.close();
}
