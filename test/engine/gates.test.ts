import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { eventually } from './fixtures/eventually.ts';
import { gatedJobs } from './fixtures/gated-jobs.ts';
import { type Orders, startOrder, untilAllFinal } from './fixtures/orders.ts';
import { queuesOf } from './fixtures/queues.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import { mostAtOnce, spansOf, startsBeyond } from './fixtures/spans.ts';
import type { TemporalView } from './fixtures/temporal-view.ts';
import type { Millrace } from './millrace.ts';

let millrace: Millrace;
let temporal: TemporalView;
let orders: Orders;
let queues: ReturnType<typeof queuesOf>;
let gated: ReturnType<typeof gatedJobs>['create'];
let running: ReturnType<typeof gatedJobs>['running'];
const scratch = shareMillrace({ slots: 4 }, (shared) => {
  ({ millrace, temporal, orders } = shared);
  queues = queuesOf(millrace);
  ({ create: gated, running } = gatedJobs(millrace, scratch));
});

const waitingFor = async (id: string) => (await millrace.job(id, 'waitingFor { kind key placeInLine }')).waitingFor;
async function waiting(input: Record<string, unknown>, kind: string): Promise<string> {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 0 }, ...input });
  await eventually(`${id} waits for ${kind}`, async () => (await waitingFor(id))?.kind === kind);
  return id;
}

describe('a concurrency key', () => {
  const key = (name: string, limit = 1) => ({ concurrency: { key: name, limit } });

  test('lets one at a time in, in band order, then by age; a priority moves who waits', async () => {
    const first = await running(key('one'));
    const names: Record<string, string> = {};
    for (const name of ['a', 'b', 'c']) names[name] = await waiting(key('one'), 'CONCURRENCY_KEY');
    names['urgent'] = await waiting({ ...key('one'), priority: 5 }, 'CONCURRENCY_KEY');
    expect(await waitingFor(names['a']!)).toMatchObject({ kind: 'CONCURRENCY_KEY', key: 'key:one' });
    await orders.setPriority(names['c']!, 9);
    await eventually('the gate has moved it', async () => (await temporal.gate('key:one')).waiting[0] === names['c']);
    first.open();
    for (const id of Object.values(names)) await millrace.until(id, 'SUCCEEDED');
    expect(await startOrder(millrace, names)).toEqual(['c', 'urgent', 'a', 'b']);
  });

  test('lets n at a time in', async () => {
    const jobs = Array.from({ length: 9 }, () => gated({ tags: ['three'], ...key('three', 3) }));
    const ids = await Promise.all(jobs.map(({ created }) => created));
    // None of them ends before all have asked: there are slots for four, and a place for three.
    // There is no gate before the first has.
    const atGate = () => temporal.gate('key:three').catch(() => undefined);
    await eventually('all have asked', async () => (await atGate())?.waiting.length === 6);
    const { held } = await temporal.gate('key:three');
    expect(held).toHaveLength(3);
    for (const id of held) await millrace.until(id, 'RUNNING');
    for (const job of jobs) job.open();
    await untilAllFinal(millrace, 'three', ids.length);
    expect(mostAtOnce(await spansOf(millrace, ids))).toBe(3);
  });

  test('is given back by one that is aborted, that fails, that waits for its retry, that is put on hold', async () => {
    /** Whose turn comes with what is done to the one before it. */
    const next = () => waiting(key('back'), 'CONCURRENCY_KEY');
    const one = await running(key('back'));
    const two = await next();
    await orders.abort(one.id);
    await millrace.until(two, 'SUCCEEDED');

    const gate = scratch.path();
    const failing = await running({ ...key('back'), payload: { file: scratch.path(), gate, ends: ['fail'] }, retry: { maxAttempts: 1 } });
    const three = await next();
    scratch.open(gate);
    await millrace.until(failing.id, 'FAILED');
    await millrace.until(three, 'SUCCEEDED');

    const again = await millrace.create({ type: 'fail', payload: { times: 1 }, retry: { delay: '1h', jitter: false }, ...key('back') });
    await millrace.until(again, 'SCHEDULED');
    await millrace.until(await millrace.create({ type: 'sleep', payload: { ms: 0 }, ...key('back') }), 'SUCCEEDED');
    await orders.forceStart(again);
    expect(await millrace.until(again, 'SUCCEEDED')).toMatchObject({ failures: 1 });

    // It stands in a line that nobody serves, and holds the key there.
    const held = await millrace.create({ type: 'sleep', payload: { ms: 0 }, pool: 'nobody', ...key('back') });
    await temporal.untilInLine([held]);
    const four = await next();
    expect(await orders.hold(held)).toMatchObject({ codes: [], job: { status: 'HELD' } });
    await millrace.until(four, 'SUCCEEDED');
    await orders.abort(held);
  });

  test('of one that leaves the wait goes to the next', async () => {
    const one = await running(key('leave'));
    const [two, three, four] = [
      await waiting(key('leave'), 'CONCURRENCY_KEY'),
      await waiting(key('leave'), 'CONCURRENCY_KEY'),
      await waiting(key('leave'), 'CONCURRENCY_KEY'),
    ];
    expect(await orders.abort(two)).toMatchObject({ codes: [], job: { status: 'ABORTED' } });
    expect(await orders.hold(three)).toMatchObject({ codes: [], job: { status: 'HELD' } });
    one.open();
    await millrace.until(four, 'SUCCEEDED');
    await orders.release(three);
    await millrace.until(three, 'SUCCEEDED');
  });

  test('is not waited for longer than the queue timeout', async () => {
    const one = await running(key('late'));
    const late = await millrace.create({ type: 'sleep', payload: { ms: 0 }, queueTimeout: '500ms', ...key('late') });
    expect(await millrace.until(late, 'FAILED')).toMatchObject({ reason: { code: 'QUEUE_TIMEOUT' }, attemptCount: 0 });
    one.open();
    await millrace.until(one.id, 'SUCCEEDED');
  });

  test('goes to a forced job before all others that wait for it', async () => {
    const one = await running(key('first'));
    const names: Record<string, string> = {};
    for (const name of ['a', 'b', 'forced']) names[name] = await waiting(key('first'), 'CONCURRENCY_KEY');
    names['urgent'] = await waiting({ ...key('first'), priority: 10 }, 'CONCURRENCY_KEY');
    await orders.forceStart(names['forced']!);
    await eventually('the gate has moved it', async () => (await temporal.gate('key:first')).waiting[0] === names['forced']);
    one.open();
    for (const id of Object.values(names)) await millrace.until(id, 'SUCCEEDED');
    expect(await startOrder(millrace, names)).toEqual(['forced', 'urgent', 'a', 'b']);
  });

  test('is waited for by a forced job, unless told', async () => {
    const one = await running(key('force'));
    const forced = await waiting(key('force'), 'CONCURRENCY_KEY');
    expect(await orders.forceStart(forced)).toMatchObject({ job: { status: 'QUEUED', forced: true, band: 2 } });
    expect(await waitingFor(forced)).toMatchObject({ kind: 'CONCURRENCY_KEY' });
    await orders.forceStart(forced, { ignoreConcurrency: true });
    await millrace.until(forced, 'SUCCEEDED');
    one.open();
    await millrace.until(one.id, 'SUCCEEDED');
  });

  test('an exclusive type runs one job at a time, and others beside it', async () => {
    const ids = await Promise.all(
      Array.from({ length: 4 }, () => millrace.create({ type: 'sleep', payload: { ms: 100 }, exclusive: true, tags: ['exclusive'] })),
    );
    await untilAllFinal(millrace, 'exclusive', ids.length);
    expect(mostAtOnce(await spansOf(millrace, ids))).toBe(1);
  });

  test('is kept by a job of many tries that halts, so that never two are in', async () => {
    const file = scratch.path();
    const ids = await Promise.all(
      Array.from({ length: 4 }, () =>
        millrace.create({
          type: 'test.marks',
          payload: { file, ms: [50], ends: ['exit', 'fail'] },
          retry: { delay: '10ms' },
          tags: ['halts'],
          ...key('halts'),
        }),
      ),
    );
    await untilAllFinal(millrace, 'halts', ids.length);
    expect(mostAtOnce(await spansOf(millrace, ids))).toBe(1);
    expect(readFileSync(file, 'utf8').match(/^end/gm)).toHaveLength(4);
  });
});

describe('a queue', () => {
  const queue = async (name: string) =>
    (
      await millrace.client.data(
        'query ($name: String!) { queue(name: $name) { name paused limit counts { queued running total } stats(window: "1h") { finished failed failureRate perMinute runMsP50 waitMsP95 } } }',
        { name },
      )
    ).queue;
  test('that is paused starts nothing, also not what is in line; what runs goes on; another queue goes on', async () => {
    const busy = await Promise.all(Array.from({ length: 4 }, () => running({ queue: 'mail' })));
    const inLine = await Promise.all(
      Array.from({ length: 6 }, () => millrace.create({ type: 'sleep', payload: { ms: 0 }, queue: 'mail', priority: 9 })),
    );
    await temporal.untilInLine(inLine);
    expect(await queues.pause('mail')).toEqual({ queue: { name: 'mail', paused: true, limit: null }, userErrors: [] });
    const later = await millrace.create({ type: 'sleep', payload: { ms: 0 }, queue: 'mail' });
    for (const job of busy) job.open();
    for (const job of busy) await millrace.until(job.id, 'SUCCEEDED');
    const other = await millrace.create({ type: 'sleep', payload: { ms: 0 }, queue: 'other' });
    await millrace.until(other, 'SUCCEEDED');
    for (const id of [...inLine, later]) {
      expect(await millrace.job(id, 'status attemptCount')).toEqual({ status: 'QUEUED', attemptCount: 0 });
      expect(await waitingFor(id)).toMatchObject({ kind: 'QUEUE_PAUSED', key: 'mail' });
    }
    const forced = inLine.shift()!;
    await orders.forceStart(forced);
    await millrace.until(forced, 'SUCCEEDED');
    expect(await orders.abort(inLine.shift()!)).toMatchObject({ codes: [], job: { status: 'ABORTED' } });
    expect(await orders.hold(inLine[0]!)).toMatchObject({ codes: [], job: { status: 'HELD' } });
    expect((await queue('mail')).paused).toBe(true);
    expect(await queues.resume('mail')).toMatchObject({ queue: { paused: false } });
    await orders.release(inLine[0]!);
    for (const id of [...inLine, later]) await millrace.until(id, 'SUCCEEDED');
    expect(await queue('mail')).toMatchObject({ counts: { queued: 0, total: 11 }, stats: { finished: 11, failed: 0, failureRate: 0 } });
  });

  test('with a limit runs so many at once, those that ran before included; without one all', async () => {
    const before = await running({ queue: 'few' });
    const inLine = Array.from({ length: 3 }, () => gated({ queue: 'few' }));
    expect(await queues.setLimit('few', 4)).toMatchObject({ queue: { limit: 4 } });
    for (const job of inLine) await millrace.until(await job.created, 'RUNNING');
    await queues.setLimit('few', 1);
    for (const job of [before, ...inLine]) job.open();
    const ids = await Promise.all(
      Array.from({ length: 5 }, () => millrace.create({ type: 'sleep', payload: { ms: 80 }, queue: 'few', tags: ['few'] })),
    );
    await untilAllFinal(millrace, 'few', ids.length);
    expect(mostAtOnce(await spansOf(millrace, ids))).toBe(1);
    const one = await running({ queue: 'few' });
    const next = await waiting({ queue: 'few' }, 'QUEUE_LIMIT');
    expect(await queues.setLimit('few', null)).toMatchObject({ queue: { limit: null } });
    await millrace.until(next, 'SUCCEEDED');
    one.open();
  });

  test('that is given a limit while its jobs start starts none beyond it from the answer on', { timeout: 180_000 }, async () => {
    for (let round = 1; round <= 6; round++) {
      const tag = `round-${round}`;
      const ids = await createAtOnce(14, { payload: { ms: 200 }, queue: 'race', tags: [tag] });
      // At another moment each time: some run, some have been let in and are in line, some are about to start.
      await millrace.until(ids[round]!, hasStarted);
      if (round % 2 === 0) await queues.setLimit('race', 4);
      await queues.setLimit('race', 1);
      const answeredAt = Date.now();
      await untilAllFinal(millrace, tag, ids.length);
      expect(startsBeyond(1, answeredAt, await spansOf(millrace, ids))).toEqual([]);
      await queues.setLimit('race', null);
    }
  });

  test('that is paused while its jobs start starts none from the answer on', { timeout: 180_000 }, async () => {
    for (let round = 1; round <= 4; round++) {
      const tag = `pause-${round}`;
      const ids = await createAtOnce(14, { payload: { ms: 100 }, queue: 'halted', tags: [tag] });
      await millrace.until(ids[round * 2]!, hasStarted);
      await queues.pause('halted');
      const answeredAt = Date.now();
      const other = await millrace.create({ type: 'sleep', payload: { ms: 300 }, queue: 'other' });
      await millrace.until(other, 'SUCCEEDED');
      expect((await spansOf(millrace, ids)).filter(({ from }) => from > answeredAt)).toEqual([]);
      await queues.resume('halted');
      await untilAllFinal(millrace, tag, ids.length);
    }
  });

  test('says how many of its jobs end and fail, and for how long they wait and run', async () => {
    const jobs = [{}, { payload: { ms: 400 } }, { payload: { ms: 100 } }, { type: 'fail', payload: { times: 1, final: true } }];
    const ids = await Promise.all(
      jobs.map((job) => millrace.create({ type: 'sleep', payload: { ms: 0 }, queue: 'measured', tags: ['measured'], ...job })),
    );
    await untilAllFinal(millrace, 'measured', ids.length);
    const ended = await Promise.all(ids.map((id) => millrace.job(id, 'queuedAt startedAt finishedAt')));
    const between = (from: string, to: string) => ended.map((job) => Date.parse(job[to]) - Date.parse(job[from])).toSorted((a, b) => a - b);
    expect((await queue('measured')).stats).toEqual({
      finished: 4,
      failed: 1,
      failureRate: 0.25,
      perMinute: 4 / 60,
      runMsP50: between('startedAt', 'finishedAt')[1],
      waitMsP95: between('queuedAt', 'startedAt')[3],
    });
    const short = await millrace.client.data('{ queue(name: "measured") { stats(window: "1s") { finished perMinute } } }');
    expect(short.queue.stats.perMinute).toBe(60 * short.queue.stats.finished);
  });

  test('is refused a limit of 0 and a name that can be none', async () => {
    expect((await queues.setLimit('few', 0)).userErrors).toEqual([{ code: 'INVALID_ARGUMENT', path: ['limit'] }]);
    expect((await queues.pause('a b')).userErrors).toEqual([{ code: 'INVALID_ARGUMENT', path: ['name'] }]);
  });

  test('stands in the list of queues', async () => {
    const { queues: listed } = await millrace.client.data('{ queues { nodes { name paused limit } pageInfo { hasNextPage } } }');
    expect(listed.nodes.map(({ name }: { name: string }) => name)).toEqual([
      'default',
      'few',
      'halted',
      'mail',
      'measured',
      'other',
      'race',
    ]);
  });
});

/** It may have ended by the time that we hear of it. */
const hasStarted = ({ attemptCount }: { attemptCount: number }): boolean => attemptCount > 0;

/** By one request, so that they start side by side. */
async function createAtOnce(count: number, input: Record<string, unknown>): Promise<string[]> {
  const { createJobs } = await millrace.client.data(
    'mutation ($jobs: [CreateJobInput!]!) { createJobs(input: { jobs: $jobs }) { results { job { id } } } }',
    { jobs: Array.from({ length: count }, () => ({ type: 'sleep', ...input })) },
  );
  return createJobs.results.map(({ job }: { job: { id: string } }) => job.id);
}
