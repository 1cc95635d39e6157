import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type MutationAnswer, ordersTo } from './fixtures/orders.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { Millrace } from './millrace.ts';

/** What each command does to a job in each status: every cell of the table in ARCHITECTURE.md. */
let millrace: Millrace;
let temporal: TemporalView;
let orders: ReturnType<typeof ordersTo>;
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 4 });
  temporal = await TemporalView.of(millrace);
  orders = ordersTo(millrace);
});
afterAll(async () => {
  await temporal.close();
  await millrace.stop();
});

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
const begun = async (input: Record<string, unknown>, status: string): Promise<string> => {
  const id = await create(input);
  await millrace.until(id, status);
  return id;
};
const IN: Record<string, () => Promise<string>> = {
  WAITING: async () => create({ ...NOBODY, dependencies: [await create({ hold: true })] }),
  SCHEDULED: () => create({ ...NOBODY, delay: '1h' }),
  HELD: () => create({ ...NOBODY, hold: true }),
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
  HELD: {
    abort: ABORTED,
    force: is('QUEUED', { forced: true, band: 2 }),
    hold: is('HELD'),
    release: is('QUEUED', { band: 15 }),
    'set priority': is('HELD', { priority: 7 }),
    retry: OPEN,
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
  ABORTED: {
    abort: is('ABORTED'),
    force: OVER,
    hold: OVER,
    release: OVER,
    'set priority': OVER,
    retry: { codes: [] },
    'retry from the failed step': refused('NOT_RESUMABLE'),
  },
  SUCCEEDED: { abort: OVER, force: OVER, hold: OVER, release: OVER, 'set priority': OVER, retry: { codes: [] } },
  FAILED: {
    abort: OVER,
    force: OVER,
    hold: OVER,
    release: OVER,
    'set priority': OVER,
    retry: { codes: [] },
    'retry from the failed step': refused('NOT_RESUMABLE'),
  },
};

describe.each(Object.entries(TABLE))('on a job that is %s', (status, cells) => {
  test.each(Object.entries(cells))('%s', async (command, expected) => {
    expect(await ON[command]!(await IN[status]!())).toMatchObject(expected);
  });
});

describe('what is asked of a job that runs', () => {
  /** Fails once, so that what is kept for the next attempt is seen. */
  const failing = { type: 'fail', payload: { times: 1 }, retry: { delay: '1h', jitter: false } };

  test('force holds for a requeue, not for a retry', async () => {
    const id = await create(failing);
    await orders.forceStart(id);
    await millrace.until(id, 'SCHEDULED');
    expect(await millrace.job(id, 'forced')).toEqual({ forced: false });
  });

  test('a handler that has ended first wins over an abort', async () => {
    const id = await create({});
    await millrace.until(id, 'SUCCEEDED');
    expect((await orders.abort(id)).codes).toEqual(['ALREADY_FINISHED']);
    expect((await millrace.job(id, 'status')).status).toBe('SUCCEEDED');
  });

  test('a deadline undoes what is done, and is off then', async () => {
    const id = await create({
      type: 'trip.book',
      payload: { ms: 1_000, undoFails: 2 },
      deadline: '3s',
      grace: '0s',
      retry: { delay: '50ms' },
    });
    expect(await millrace.until(id, 'FAILED')).toMatchObject({ reason: { code: 'DEADLINE' } });
    expect(await millrace.job(id, 'rollback steps { status }')).toMatchObject({ rollback: 'DONE', steps: [{ status: 'UNDONE' }, {}, {}] });
  });
});
