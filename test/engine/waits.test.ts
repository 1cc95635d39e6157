import { describe, expect, onTestFinished, test } from 'vitest';
import { unpauseForgotten } from '../../src/activities/unpause-forgotten.ts';
import { OUT_OF_LINE } from '../../src/activities/withdraw.ts';
import { activityIdOf, workflowIdOf } from '../../src/job/ids.ts';
import type { Entry } from '../../src/journal/entries.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { eventually } from './fixtures/eventually.ts';
import { type Orders, startOrder } from './fixtures/orders.ts';
import { untilTold } from './fixtures/told.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import type { TemporalView } from './fixtures/temporal-view.ts';
import type { Millrace } from './millrace.ts';

/** One slot: a job that runs keeps all others in line. */
let millrace: Millrace;
let temporal: TemporalView;
let orders: Orders;
const scratch = shareMillrace({ slots: 1 }, (shared) => ({ millrace, temporal, orders } = shared));

const NOW = { type: 'sleep', payload: { ms: 0 } };
const create = (input: Record<string, unknown> = {}): Promise<string> => millrace.create({ ...NOW, ...input });
const waitingFor = async (id: string) => (await millrace.job(id, 'waitingFor { kind message jobIds until placeInLine }')).waitingFor;
const kindsOf = async (id: string): Promise<string[]> =>
  (await millrace.job(id, 'events { nodes { kind } }')).events.nodes.map(({ kind }: { kind: string }) => kind);

/** Fills the only slot; the answer frees it. */
async function occupy(): Promise<() => Promise<unknown>> {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 600_000 }, grace: '0s' });
  await millrace.until(id, 'RUNNING');
  const free = async (): Promise<void> => {
    await orders.abort(id);
    await millrace.until(id, 'ABORTED');
  };
  onTestFinished(free);
  return free;
}
/** A job that is in Temporal's line. The slot must be full. */
async function inLine(input: Record<string, unknown> = {}): Promise<string> {
  const id = await create(input);
  await temporal.untilInLine([id]);
  return id;
}

describe('a job on hold', () => {
  test('does not run, says so, and runs when it is released', async () => {
    const id = await create({ hold: true });
    expect(await millrace.job(id, 'status band queuedAt')).toEqual({ status: 'HELD', band: null, queuedAt: null });
    expect(await waitingFor(id)).toMatchObject({ kind: 'HOLD' });
    expect(await orders.hold(id)).toMatchObject({ codes: [], job: { status: 'HELD' } });
    expect((await orders.release(id)).codes).toEqual([]);
    await millrace.until(id, 'SUCCEEDED');
    await untilTold(millrace, id, ['CREATED', 'HELD', 'RELEASED', 'QUEUED', 'STARTED', 'ATTEMPT_ENDED', 'FINISHED']);
  });

  test('is aborted in the answer', async () => {
    const id = await create({ hold: true });
    expect(await orders.abort(id)).toMatchObject({ codes: [], job: { status: 'ABORTED', reason: { code: 'ABORTED_BY_USER' } } });
  });

  test('is let go by force, in band 2', async () => {
    const free = await occupy();
    const id = await create({ hold: true, delay: '1h' });
    expect(await orders.forceStart(id)).toMatchObject({ codes: [], job: { status: 'QUEUED', forced: true, band: 2 } });
    await free();
    await millrace.until(id, 'SUCCEEDED');
  });

  test('keeps a priority it is given', async () => {
    const id = await create({ hold: true });
    expect(await orders.setPriority(id, 7)).toMatchObject({ codes: [], job: { status: 'HELD', priority: 7 } });
    await orders.abort(id);
  });

  test('leaves the line, and comes back at the tail of its band', async () => {
    const free = await occupy();
    const names: Record<string, string> = {};
    for (const name of ['held', 'one', 'two']) names[name] = await inLine();
    expect(await orders.hold(names['held']!)).toMatchObject({ codes: [], job: { status: 'HELD', band: null } });
    expect(await temporal.openAttempt(names['held']!)).toBeUndefined();
    expect(await orders.release(names['held']!)).toMatchObject({ codes: [], job: { status: 'QUEUED' } });
    await temporal.untilInLine([names['held']!]);
    await free();
    for (const id of Object.values(names)) await millrace.until(id, 'SUCCEEDED');
    expect(await startOrder(millrace, names)).toEqual(['one', 'two', 'held']);
    expect(await millrace.job(names['held']!, 'attemptCount halts losses failures')).toEqual({
      attemptCount: 1,
      halts: 0,
      losses: 0,
      failures: 0,
    });
  });

  test('that runs goes on, and is held when it comes back', async () => {
    const gate = scratch.path();
    const id = await millrace.create({ type: 'test.marks', payload: { file: scratch.path(), gate, ends: ['exit'] } });
    await millrace.until(id, 'RUNNING');
    expect(await orders.hold(id)).toMatchObject({ codes: [], job: { status: 'RUNNING' } });
    scratch.open(gate);
    await millrace.until(id, 'HELD');
    expect(await millrace.job(id, 'halts')).toEqual({ halts: 1 });
    await orders.release(id);
    await millrace.until(id, 'SUCCEEDED');
  });

  test('that runs may be released before it comes back', async () => {
    const gate = scratch.path();
    const id = await millrace.create({ type: 'test.marks', payload: { file: scratch.path(), gate, ends: ['exit'] } });
    await millrace.until(id, 'RUNNING');
    await orders.hold(id);
    expect(await orders.release(id)).toMatchObject({ codes: [], job: { status: 'RUNNING' } });
    scratch.open(gate);
    expect(await millrace.until(id, 'SUCCEEDED')).toMatchObject({ halts: 1, attemptCount: 2 });
  });

  test('keeps a bounded history however often it is told something', { timeout: 120_000 }, async () => {
    const parent = await create({ hold: true });
    const id = await create({ hold: true, dependencies: [parent], priority: 2 });
    const first = (await temporal.handle(id).describe()).runId;
    let told = 0;
    await eventually(
      'it goes on in a new run',
      async () => {
        for (let at = 0; at < 10; at++) await temporal.handle(id).executeUpdate('setPriority', { args: [3 + (told++ % 2)] });
        return (await temporal.handle(id).describe()).runId !== first;
      },
      100_000,
    );
    expect((await temporal.handle(id).describe()).historyLength).toBeLessThan(1_100);
    expect(await orders.setPriority(id, 9)).toMatchObject({ codes: [], job: { status: 'HELD', priority: 9 } });
    expect(await orders.release(id)).toMatchObject({ codes: [], job: { status: 'WAITING' } });
    await orders.release(parent);
    expect(await millrace.until(id, 'SUCCEEDED')).toMatchObject({ priority: 9, attemptCount: 1 });
  });

  test('that was lost with its server has left an attempt paused, which goes on', async () => {
    const free = await occupy();
    const [lost, others] = [await inLine(), await inLine()];
    const { client } = temporal;
    const pause = (id: string, reason: string) =>
      client.workflowService.pauseActivity({
        namespace: millrace.namespace,
        execution: { workflowId: workflowIdOf(id) },
        id: activityIdOf(1),
        identity: 'the test',
        reason,
      });
    await pause(lost, OUT_OF_LINE);
    await pause(others, 'to look at it');
    const told: Entry[] = [];
    const journal = { writer: { tell: (entry: Entry) => told.push(entry) } } as unknown as Journal;
    const isPaused = async (id: string): Promise<boolean> => (await temporal.openAttempt(id))?.inLine === false;
    await eventually('it is in line again', async () => {
      // A hold under way is left alone.
      await unpauseForgotten({ client, journal });
      expect(await isPaused(lost)).toBe(true);
      await unpauseForgotten({ client, journal }, Date.now() + 61_000);
      return !(await isPaused(lost));
    });
    expect(told).toEqual([{ kind: 'lineResumed', moved: [{ jobId: lost, at: expect.any(Number) as number }] }]);
    expect(await isPaused(others)).toBe(true);
    await orders.abort(others);
    await free();
    await millrace.until(lost, 'SUCCEEDED');
  });

  test('in any order with priorities and force ends where the last one leaves it', async () => {
    const free = await occupy();
    const id = await inLine();
    await Promise.all([orders.hold(id), orders.setPriority(id, 4), orders.release(id), orders.hold(id), orders.setPriority(id, 5)]);
    expect(await orders.setPriority(id, 6)).toMatchObject({ codes: [], job: { priority: 6 } });
    expect(await orders.hold(id)).toMatchObject({ codes: [], job: { status: 'HELD', priority: 6 } });
    await orders.release(id);
    await temporal.untilInLine([id], { [id]: 10 });
    await free();
    await millrace.until(id, 'SUCCEEDED');
  });
});

describe('a start time', () => {
  test('keeps the job out of the line until it has come', async () => {
    const far = await create({ delay: '1h' });
    const waits = await millrace.job(far, 'status createdAt startsAt');
    expect(waits.status).toBe('SCHEDULED');
    expect(Date.parse(waits.startsAt) - Date.parse(waits.createdAt)).toBe(3_600_000);
    expect(await waitingFor(far)).toMatchObject({ kind: 'START_TIME', until: waits.startsAt });
    await orders.abort(far);
    const id = await create({ delay: '4s' });
    await millrace.until(id, 'SUCCEEDED');
    const { startsAt, queuedAt } = await millrace.job(id, 'startsAt queuedAt');
    expect(Date.parse(queuedAt)).toBeGreaterThanOrEqual(Date.parse(startsAt));
    await untilTold(millrace, id, ['CREATED', 'SCHEDULED', 'QUEUED', 'STARTED', 'ATTEMPT_ENDED', 'FINISHED']);
  });

  test('that many have in common leaves each of them a whole feed: in line before it has started, where the journal has its 50 ms', async () => {
    const startAt = new Date(Date.now() + 6_000).toISOString();
    const ids = await Promise.all(Array.from({ length: 40 }, () => create({ startAt })));
    for (const id of ids) expect(await millrace.until(id, 'SUCCEEDED')).toMatchObject({ attemptCount: 1 });
    for (const id of ids) await untilTold(millrace, id, ['CREATED', 'SCHEDULED', 'QUEUED', 'STARTED', 'ATTEMPT_ENDED', 'FINISHED']);
    const feeds = await Promise.all(ids.map(kindsOf));
    // They start one after the other: a journal that stops for a moment has some of them in another order, and not many.
    expect(feeds.filter((kinds) => kinds.indexOf('QUEUED') < kinds.indexOf('STARTED')).length).toBeGreaterThanOrEqual(36);
  });

  test('that is given as a moment is that moment: it says so while it waits, and does not start before', async () => {
    const far = new Date(Date.now() + 3_600_000).toISOString();
    const id = await create({ startAt: far });
    expect(await millrace.job(id, 'status startsAt')).toEqual({ status: 'SCHEDULED', startsAt: far });
    expect(await waitingFor(id)).toMatchObject({ kind: 'START_TIME', until: far, placeInLine: null });
    expect((await orders.abort(id)).codes).toEqual([]);
    const startAt = new Date(Date.now() + 1_500).toISOString();
    const { startedAt, queuedAt } = await millrace.until(await create({ startAt }), 'SUCCEEDED');
    expect(Date.parse(queuedAt)).toBeGreaterThanOrEqual(Date.parse(startAt));
    expect(Date.parse(startedAt)).toBeGreaterThanOrEqual(Date.parse(startAt));
  });

  test('in the past is now', async () => {
    const id = await create({ startAt: '2020-01-01T00:00:00.000Z' });
    expect(await millrace.until(id, 'SUCCEEDED')).toMatchObject({ attemptCount: 1 });
  });

  test('is skipped by force', async () => {
    const id = await create({ delay: '1h' });
    expect(await orders.forceStart(id)).toMatchObject({ codes: [], job: { forced: true } });
    await millrace.until(id, 'SUCCEEDED');
  });

  test('is kept through a hold', async () => {
    const id = await create({ delay: '1h' });
    expect(await orders.hold(id)).toMatchObject({ job: { status: 'HELD' } });
    expect(await orders.release(id)).toMatchObject({ job: { status: 'SCHEDULED' } });
    expect(await orders.setPriority(id, 3)).toMatchObject({ job: { status: 'SCHEDULED', priority: 3 } });
    expect(await orders.abort(id)).toMatchObject({ job: { status: 'ABORTED' } });
  });
});

describe('the clocks', () => {
  test('in line for longer than its queue timeout, a job fails with QUEUE_TIMEOUT', async () => {
    const free = await occupy();
    const id = await create({ queueTimeout: '500ms' });
    const job = await millrace.until(id, 'FAILED');
    expect(job).toMatchObject({ reason: { code: 'QUEUE_TIMEOUT' } });
    expect(await millrace.job(id, 'attemptCount')).toEqual({ attemptCount: 0 });
    await free();
  });

  test('a queue timeout does not run on hold', async () => {
    const id = await create({ queueTimeout: '8s', hold: true });
    const later = await create({ delay: '8500ms' });
    await millrace.until(later, 'SUCCEEDED');
    expect(await millrace.job(id, 'status')).toEqual({ status: 'HELD' });
    await orders.release(id);
    await millrace.until(id, 'SUCCEEDED');
  });

  test.each(['hold', 'delay', 'line'])('a deadline ends a job in %s with DEADLINE', async (where) => {
    const free = await occupy();
    const id = await create({ deadline: '700ms', ...(where === 'hold' ? { hold: true } : where === 'delay' ? { delay: '1h' } : {}) });
    expect(await millrace.until(id, 'FAILED')).toMatchObject({ reason: { code: 'DEADLINE' } });
    await free();
  });

  test('a deadline kills what runs', async () => {
    const id = await millrace.create({ type: 'cpu.burn', payload: { ms: 600_000 }, deadline: '8s', grace: '0s' });
    expect(await millrace.until(id, 'FAILED')).toMatchObject({ reason: { code: 'DEADLINE' } });
    // What only its worker knows of the kill may come a moment later.
    await eventually(
      'the receipt is there',
      async () => (await millrace.job(id, 'lastAttempt { signal }')).lastAttempt.signal === 'SIGKILL',
    );
    expect((await millrace.job(id, 'lastAttempt { outcome }')).lastAttempt).toEqual({ outcome: 'ABORTED' });
  });
});

describe('the place in line', () => {
  test('is by band, then by age, and says so for each', async () => {
    const free = await occupy();
    const first = await inLine();
    const second = await inLine();
    const urgent = await inLine({ priority: 5 });
    const places = async () => Promise.all([first, second, urgent].map(async (id) => (await waitingFor(id)).placeInLine));
    expect(await places()).toEqual([2, 3, 1]);
    await orders.setPriority(second, 9);
    expect(await places()).toEqual([3, 1, 2]);
    expect(await waitingFor(first)).toMatchObject({ kind: 'LINE' });
    await free();
    for (const id of [first, second, urgent]) await millrace.until(id, 'SUCCEEDED');
    expect(await waitingFor(first)).toBeNull();
  });

  test('where no worker of the pool is there, that is what it waits for', async () => {
    const id = await create({ pool: 'nobody' });
    expect(await waitingFor(id)).toMatchObject({ kind: 'NO_WORKER', placeInLine: 1 });
    await orders.abort(id);
  });
});
