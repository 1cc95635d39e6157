import { isDeepStrictEqual } from 'node:util';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { isAlive } from '../../src/process/group.ts';
import { eventually } from './fixtures/eventually.ts';
import type { MutationAnswer, Orders } from './fixtures/orders.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import type { TemporalView } from './fixtures/temporal-view.ts';
import { told } from './fixtures/told.ts';
import type { Millrace } from './millrace.ts';

/** What each command does to a job in each status: every cell of the table in ARCHITECTURE.md. */
let millrace: Millrace;
let temporal: TemporalView;
let orders: Orders;
const scratch = shareMillrace({ slots: 4 }, (shared) => ({ millrace, temporal, orders } = shared));

const made: string[] = [];
async function create(input: Record<string, unknown>): Promise<string> {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 0 }, ...input });
  made.push(id);
  return id;
}
/** No job of a cell is left for the next. */
afterEach(async () => {
  for (const id of made.splice(0)) await orders.abort(id, { grace: '0s', rollback: false });
});

/** Nobody serves this pool: what gets in line stays there. */
const NOBODY = { pool: 'nobody' };
/** Fails once, so that what is kept for the next attempt is seen. */
const FAILING = { type: 'fail', payload: { times: 1 }, retry: { delay: '1h', jitter: false } };
const begun = async (input: Record<string, unknown>, status: string): Promise<string> => {
  const id = await create(input);
  await millrace.until(id, status);
  return id;
};
const IN: Record<string, () => Promise<string>> = {
  WAITING: async () => create({ ...NOBODY, dependencies: [await create({ hold: true })] }),
  SCHEDULED: () => create({ ...NOBODY, delay: '1h' }),
  'SCHEDULED for its next try': () => begun(FAILING, 'SCHEDULED'),
  HELD: () => create({ ...NOBODY, hold: true }),
  'HELD, and behind another': async () => create({ ...NOBODY, hold: true, dependencies: [await create({ hold: true })] }),
  QUEUED: async () => {
    const id = await create(NOBODY);
    await temporal.untilInLine([id]);
    return id;
  },
  RUNNING: () => begun({ payload: { ms: 600_000 }, grace: '0s' }, 'RUNNING'),
  ROLLING_BACK: () =>
    begun(
      { type: 'trip.book', payload: { failAt: 'hotel', undoFails: 1_000 }, retry: { maxAttempts: 1_000, delay: '50ms', maxDelay: '50ms' } },
      'ROLLING_BACK',
    ),
  ABORTED: async () => {
    const id = await create({ hold: true });
    await orders.abort(id);
    return id;
  },
  SUCCEEDED: () => begun({}, 'SUCCEEDED'),
  FAILED: () => begun({ type: 'fail', payload: { times: 1, final: true } }, 'FAILED'),
};

type Command = (id: string) => Promise<MutationAnswer>;
const ON: Record<string, Command> = {
  abort: (id) => orders.abort(id, { grace: '0s' }),
  force: (id) => orders.forceStart(id),
  'force past dependencies': (id) => orders.forceStart(id, { ignoreDependencies: true }),
  hold: (id) => orders.hold(id),
  release: (id) => orders.release(id),
  'set priority': (id) => orders.setPriority(id, 7),
  retry: (id) => orders.retry(id),
  'retry from the failed step': (id) => orders.retry(id, { from: 'FAILED_STEP' }),
};

type Cell = { codes?: string[]; job?: Record<string, unknown> };
const is = (status: string, more: Record<string, unknown> = {}): Cell => ({ codes: [], job: { status, ...more } });
const refused = (...codes: string[]): Cell => ({ codes });
const ABORTED = is('ABORTED', { reason: { code: 'ABORTED_BY_USER', message: 'aborted' } });
const OVER = refused('ALREADY_FINISHED');
const OPEN = refused('NOT_FINISHED');

/** However it has ended. */
const FINAL = {
  abort: OVER,
  force: OVER,
  hold: OVER,
  release: OVER,
  'set priority': OVER,
  retry: { codes: [] },
  'retry from the failed step': refused('NOT_RESUMABLE'),
};

const TABLE: Record<string, Record<string, Cell>> = {
  WAITING: {
    abort: ABORTED,
    force: is('WAITING', { forced: true }),
    'force past dependencies': is('QUEUED', { forced: true, band: 2 }),
    hold: is('HELD'),
    release: is('WAITING'),
    'set priority': is('WAITING', { priority: 7 }),
    retry: OPEN,
  },
  SCHEDULED: {
    abort: ABORTED,
    force: is('QUEUED', { forced: true, band: 2 }),
    hold: is('HELD'),
    release: is('SCHEDULED'),
    'set priority': is('SCHEDULED', { priority: 7 }),
    retry: OPEN,
  },
  'SCHEDULED for its next try': {
    abort: ABORTED,
    hold: is('HELD'),
    release: is('SCHEDULED'),
    'set priority': is('SCHEDULED', { priority: 7 }),
    retry: OPEN,
  },
  HELD: {
    abort: ABORTED,
    force: is('QUEUED', { forced: true, band: 2 }),
    hold: is('HELD'),
    release: is('QUEUED', { band: 15 }),
    'set priority': is('HELD', { priority: 7 }),
    retry: OPEN,
  },
  'HELD, and behind another': {
    force: is('WAITING', { forced: true }),
    'force past dependencies': is('QUEUED', { forced: true, band: 2 }),
    release: is('WAITING'),
  },
  QUEUED: {
    abort: ABORTED,
    force: is('QUEUED', { forced: true, band: 2 }),
    hold: is('HELD', { band: null }),
    release: is('QUEUED'),
    'set priority': is('QUEUED', { priority: 7, band: 9 }),
    retry: OPEN,
  },
  RUNNING: {
    abort: { codes: [], job: { abortRequestedAt: expect.any(String) as string } },
    force: is('RUNNING', { forced: true }),
    hold: is('RUNNING'),
    release: is('RUNNING'),
    'set priority': is('RUNNING', { priority: 7 }),
    retry: OPEN,
  },
  ROLLING_BACK: {
    abort: is('ROLLING_BACK', { abortRequestedAt: null }),
    force: is('ROLLING_BACK', { forced: false }),
    hold: refused('UNSUPPORTED'),
    release: refused('UNSUPPORTED'),
    'set priority': is('ROLLING_BACK', { priority: 7 }),
    retry: OPEN,
  },
  ABORTED: { ...FINAL, abort: is('ABORTED') },
  SUCCEEDED: FINAL,
  FAILED: FINAL,
};

describe.each(Object.entries(TABLE))('on a job that is %s', (status, cells) => {
  test.each(Object.entries(cells))('%s', async (command, expected) => {
    expect(await ON[command]!(await IN[status]!())).toMatchObject(expected);
  });
});

describe('a job that waits', () => {
  test('tells those that wait for it when it is aborted', async () => {
    const id = await IN['WAITING']!();
    const dependant = await create({ dependencies: [id] });
    const other = await create({ dependencies: [id], onDependencyFailure: 'RUN_ANYWAY' });
    const history = async () => (await temporal.handle(id).fetchHistory()).events ?? [];
    await eventually(
      'both have asked',
      async () => (await history()).filter((event) => event.workflowExecutionSignaledEventAttributes).length === 2,
    );
    expect(await orders.abort(id)).toMatchObject(ABORTED);
    expect(await millrace.until(dependant, 'FAILED')).toMatchObject({
      reason: { code: 'DEPENDENCY_FAILED', message: expect.stringContaining(id) as string },
    });
    await millrace.until(other, 'SUCCEEDED');
    // By itself, and not by the reconciler some seconds later.
    const acts = (await history()).map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name);
    expect(acts).toContain('tellDependants');
  });

  test('keeps force until it is in line, in band 2', async () => {
    const parent = await create({ hold: true });
    const id = await create({ ...NOBODY, dependencies: [parent] });
    expect(await orders.forceStart(id)).toMatchObject({ codes: [], job: { status: 'WAITING', forced: true, band: null } });
    await orders.release(parent);
    expect(await millrace.until(id, 'QUEUED')).toMatchObject({ forced: true, band: 2 });
    await temporal.untilInLine([id], { [id]: 2 });
  });

  test('for others, or for its next try, is ended by its deadline', async () => {
    const deadline = '10s';
    const waiting = await create({ ...NOBODY, dependencies: [await create({ hold: true })], deadline });
    const id = await create({ ...FAILING, deadline });
    await millrace.until(id, 'SCHEDULED');
    expect(await millrace.job(id, 'waitingFor { kind }')).toEqual({ waitingFor: { kind: 'BACKOFF' } });
    expect(await millrace.job(waiting, 'status')).toEqual({ status: 'WAITING' });
    expect(await millrace.until(id, 'FAILED')).toMatchObject({ reason: { code: 'DEADLINE' }, attemptCount: 1 });
    expect(await millrace.until(waiting, 'FAILED')).toMatchObject({ reason: { code: 'DEADLINE' }, attemptCount: 0 });
  });
});

describe('what is asked of a job that runs', () => {
  test('force holds for a requeue, not for a retry', async () => {
    const gate = scratch.path();
    const payload = { file: scratch.path(), gate, ends: ['fail'] };
    const id = await begun({ type: 'test.marks', payload, retry: FAILING.retry }, 'RUNNING');
    expect(await orders.forceStart(id)).toMatchObject({ codes: [], job: { status: 'RUNNING', forced: true } });
    scratch.open(gate);
    await millrace.until(id, 'SCHEDULED');
    expect(await millrace.job(id, 'forced')).toEqual({ forced: false });
  });

  test('an abort leaves it RUNNING until its process is gone', async () => {
    const gate = scratch.path();
    onTestFinished(() => scratch.open(gate));
    // It does not hear that it is asked to stop.
    const id = await begun({ type: 'test.pulse', payload: { file: scratch.path(), gate } }, 'RUNNING');
    const { pid } = (await millrace.job(id, 'lastAttempt { pid }')).lastAttempt;
    expect(await orders.abort(id, { grace: '10m' })).toMatchObject({
      codes: [],
      job: { status: 'RUNNING', abortRequestedAt: expect.any(String) as string },
    });
    expect(await millrace.job(id, 'status')).toEqual({ status: 'RUNNING' });
    scratch.open(gate);
    await millrace.until(id, 'ABORTED');
    expect(isAlive(pid)).toBe(false);
    await eventually('its worker has told', async () => (await millrace.job(id, 'lastAttempt { outcome }')).lastAttempt.outcome !== null);
    const { events } = await millrace.job(id, 'events { nodes { kind status } }');
    const asked = events.nodes.findIndex(({ kind }: any) => kind === 'ABORT_REQUESTED');
    expect(told(events.nodes.slice(asked))).toEqual(told(['ABORT_REQUESTED', 'ATTEMPT_ENDED', 'FINISHED']));
    expect(events.nodes.filter(({ status }: any) => status !== 'RUNNING').map(({ kind }: any) => kind)).toContain('FINISHED');
  });

  test('a handler that has ended first wins over an abort, whichever its job hears of first', async () => {
    const gate = scratch.path();
    const id = await begun({ type: 'test.marks', payload: { file: scratch.path(), gate } }, 'RUNNING');
    // Its workflow is told of both at once.
    const orchestrator = millrace.role('orchestrator');
    orchestrator.signal('SIGSTOP');
    // Past the api, whose patience may be shorter than a machine that is busy takes. It is refused where the job hears of its end first.
    const asked = temporal
      .handle(id)
      .executeUpdate('abort', { args: [{}] })
      .then(() => 'taken')
      .catch((error: any) => error.cause?.type ?? error.name);
    scratch.open(gate);
    try {
      await eventually('its attempt has ended', async () => (await temporal.openAttempt(id)) === undefined);
    } finally {
      orchestrator.signal('SIGCONT');
    }
    expect(['taken', 'ALREADY_FINISHED', 'WorkflowNotFoundError']).toContain(await asked);
    expect(await millrace.untilFinal(id)).toMatchObject({ status: 'SUCCEEDED', attempts: { nodes: [{ outcome: 'SUCCEEDED' }] } });
  });

  test('force past a key is for one step, and not for the undos of an abort', async () => {
    const concurrency = { key: 'forced-steps', limit: 1 };
    const holder = await begun({ payload: { ms: 600_000 }, grace: '0s', concurrency }, 'RUNNING');
    const gate = scratch.path();
    onTestFinished(() => scratch.open(gate));
    const id = await create({ type: 'test.relay', payload: { file: scratch.path(), gate }, concurrency });
    const untilAtKey = (status: string, attemptCount: number): Promise<void> =>
      eventually(`it is ${status} at the key after ${attemptCount} attempts`, async () => {
        const job = await millrace.job(id, 'status attemptCount forced waitingFor { kind }');
        return isDeepStrictEqual(job, {
          status,
          attemptCount,
          forced: false,
          waitingFor: { kind: 'CONCURRENCY_KEY' },
        });
      });
    for (const steps of [0, 1]) {
      await untilAtKey('QUEUED', steps);
      await orders.forceStart(id, { ignoreConcurrency: true });
    }
    // Its second step, which does not end by itself.
    await millrace.until(id, ({ status, attemptCount }) => status === 'RUNNING' && attemptCount === 2);
    await orders.abort(id, { grace: '0s' });
    await untilAtKey('ROLLING_BACK', 2);
    await orders.abort(holder);
    await millrace.until(id, 'ABORTED');
    expect(await millrace.job(id, 'rollback attemptCount')).toEqual({ rollback: 'DONE', attemptCount: 3 });
  });

  test('a deadline undoes what is done, and is off then', async () => {
    // Its first step takes no time, and its second one does not end by itself.
    const payload = { file: scratch.path(), gate: scratch.path(), undoFails: 2 };
    const id = await create({ type: 'test.relay', payload, deadline: '10s', grace: '0s', retry: { delay: '50ms' } });
    expect(await millrace.until(id, 'FAILED')).toMatchObject({ reason: { code: 'DEADLINE' } });
    const { rollback, steps } = await millrace.job(id, 'rollback steps { status }');
    expect(rollback).toBe('DONE');
    expect(steps[0]).toEqual({ status: 'UNDONE' });
  });
});
