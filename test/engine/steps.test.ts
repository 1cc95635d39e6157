import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from './fixtures/eventually.ts';
import { gatedJobs } from './fixtures/gated-jobs.ts';
import { type Orders, startOrder } from './fixtures/orders.ts';
import { scripted } from './fixtures/scripted.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import type { TemporalView } from './fixtures/temporal-view.ts';
import { untilTold } from './fixtures/told.ts';
import type { Millrace } from './millrace.ts';

/** Of the types that ship trip.book has the steps flight, hotel and car, each with its undo. */
let millrace: Millrace;
let temporal: TemporalView;
let orders: Orders;
let jobs: ReturnType<typeof gatedJobs>;
const scratch = shareMillrace({ slots: 1 }, (shared) => {
  ({ millrace, temporal, orders } = shared);
  jobs = gatedJobs(millrace, scratch);
});

type Payload = { failAt?: string; undoFails?: number; file?: string };
const book = (payload: Payload, input: Record<string, unknown> = {}): Promise<string> =>
  millrace.create({ type: 'trip.book', payload, retry: { delay: '10ms' }, ...input });
const noted = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);
/** A job of three steps that runs its second one, which does not end before `open`. */
async function atSecond(
  input: Record<string, unknown> = {},
  payload: { isDeaf?: boolean } = {},
): Promise<{ id: string; file: string; open: () => void }> {
  const [file, gate] = [scratch.path(), scratch.path()];
  const open = (): void => scratch.open(gate);
  onTestFinished(open);
  const id = await millrace.create({ type: 'test.relay', payload: { file, gate, ...payload }, retry: { delay: '10ms' }, ...input });
  await eventually('its second step runs', async () => (await millrace.job(id, STEPS)).steps[1].status === 'RUNNING');
  await eventually('its handler has begun', () => noted(file).length === 2);
  return { id, file, open };
}
const STEPS = 'status rollback reason { code message } result steps { name status attemptCount error { message } result }';
const statuses = (job: any): string[] => job.steps.map(({ status }: { status: string }) => status);

describe('a job of many steps', () => {
  test('runs them in order, each in an attempt of its own that sees what came before', async () => {
    const file = scratch.path();
    const id = await book({ file });
    await millrace.until(id, 'SUCCEEDED');
    expect(noted(file)).toEqual(['book flight', 'book hotel', 'book car']);
    const job = await millrace.job(id, `${STEPS} attempts { nodes { number step undo outcome } } events { nodes { kind detail } }`);
    expect(job.result).toEqual({ flight: { booking: `flight-${id}` }, hotel: { booking: `hotel-${id}` }, car: { booking: `car-${id}` } });
    expect(statuses(job)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
    expect(job.rollback).toBeNull();
    expect(job.attempts.nodes).toEqual(
      ['flight', 'hotel', 'car'].map((step, index) => ({ number: index + 1, step, undo: false, outcome: 'SUCCEEDED' })),
    );
    // What a worker and what the workflow tell of different steps may cross, of one step it cannot.
    const told: string[] = job.events.nodes
      .filter(({ kind }: any) => kind.startsWith('STEP_'))
      .map(({ kind, detail }: any) => `${detail.step} ${kind}`);
    for (const step of ['flight', 'hotel', 'car'])
      expect(told.filter((each) => each.startsWith(step))).toEqual([`${step} STEP_STARTED`, `${step} STEP_ENDED`]);
  });

  test('gives each step the results of those before it', async () => {
    const id = await millrace.create({ type: 'test.relay', payload: { file: scratch.path() } });
    const first = { seen: {} };
    const second = { seen: { first } };
    expect(await millrace.until(id, 'SUCCEEDED')).toMatchObject({ result: { first, second, third: { seen: { first, second } } } });
  });

  test('undoes what is done, last first, when a step fails for good', async () => {
    const file = scratch.path();
    const id = await book({ file, failAt: 'car' });
    await millrace.until(id, 'FAILED');
    expect(noted(file)).toEqual(['book flight', 'book hotel', 'cancel hotel', 'cancel flight']);
    const job = await millrace.job(id, `${STEPS} events { nodes { kind status } }`);
    expect(job).toMatchObject({
      rollback: 'DONE',
      reason: { code: 'HANDLER_ERROR', message: expect.stringContaining('no car is left') as string },
    });
    expect(statuses(job)).toEqual(['UNDONE', 'UNDONE', 'FAILED']);
    expect(job.events.nodes.some(({ status }: any) => status === 'ROLLING_BACK')).toBe(true);
  });

  test('tries an undo that fails again', async () => {
    const file = scratch.path();
    const id = await book({ file, failAt: 'hotel', undoFails: 2 });
    await millrace.until(id, 'FAILED');
    expect(noted(file)).toEqual(['book flight', 'cancel flight']);
    expect(statuses(await millrace.job(id, STEPS))).toEqual(['UNDONE', 'FAILED', 'PENDING']);
  });

  test('shows an undo that fails for good, names what remains, and undoes the others', async () => {
    const id = await book({ failAt: 'car', undoFails: 5 }, { retry: { maxAttempts: 1, delay: '10ms' } });
    await millrace.until(id, 'FAILED');
    const job = await millrace.job(id, STEPS);
    expect(job).toMatchObject({
      rollback: 'INCOMPLETE',
      reason: { code: 'HANDLER_ERROR', message: expect.stringContaining('not undone: flight, hotel') as string },
    });
    expect(statuses(job)).toEqual(['UNDO_FAILED', 'UNDO_FAILED', 'FAILED']);
    expect(job.steps[0].error.message).toContain('cannot be cancelled');
  });

  test('keeps what is done where no rollback is wanted, and goes on from the failed step with another payload', async () => {
    const file = scratch.path();
    const id = await book({ file, failAt: 'hotel' }, { rollback: false });
    const failed = await millrace.until(id, 'FAILED');
    expect(await millrace.job(id, STEPS)).toMatchObject({ rollback: 'SKIPPED' });
    expect((await orders.retry(id, { from: 'FAILED_STEP', payload: { file: 7 } })).codes).toEqual(['BAD_PAYLOAD']);
    const { job, codes } = await orders.retry(id, { from: 'FAILED_STEP', payload: { file } });
    expect(codes).toEqual([]);
    expect(job!['version']).toBeGreaterThan(failed.version);
    await millrace.until(id, 'SUCCEEDED');
    expect(noted(file)).toEqual(['book flight', 'book hotel', 'book car']);
    expect(await millrace.job(id, 'payload attemptCount')).toEqual({ payload: { file }, attemptCount: 4 });
  });

  test('is aborted by way of its undos', async () => {
    const { id, file } = await atSecond();
    await orders.abort(id, { grace: '0s', message: 'ill' });
    const aborted = await millrace.until(id, 'ABORTED');
    expect(aborted).toMatchObject({ reason: { code: 'ABORTED_BY_USER', message: 'ill' } });
    expect(noted(file)).toEqual(['first', 'second', 'undo first, done: first']);
  });

  test.each(['by the abort', 'when it was created'])('is aborted without them where that is asked for %s', async (when) => {
    const [ofJob, ofAbort] = when === 'by the abort' ? [{}, { rollback: false }] : [{ rollback: false }, {}];
    const { id, file } = await atSecond(ofJob);
    await orders.abort(id, { grace: '0s', ...ofAbort });
    await millrace.until(id, 'ABORTED');
    expect(noted(file)).toEqual(['first', 'second']);
    expect(await millrace.job(id, 'rollback')).toEqual({ rollback: 'SKIPPED' });
  });

  test('keeps what is done where a second abort asks for that before its process is gone', async () => {
    const { id, file } = await atSecond({}, { isDeaf: true });
    await orders.abort(id, { grace: '1h', message: 'ill' });
    await orders.abort(id, { grace: '0s', rollback: false });
    expect(await millrace.until(id, 'ABORTED')).toMatchObject({ reason: { message: 'ill' } });
    expect(noted(file)).toEqual(['first', 'second']);
    expect(await millrace.job(id, 'rollback')).toEqual({ rollback: 'SKIPPED' });
  });

  test('goes on with the step it was in when its process dies', async () => {
    const { id, file, open } = await atSecond();
    process.kill((await millrace.job(id, 'lastAttempt { pid }')).lastAttempt.pid, 'SIGKILL');
    await millrace.until(id, ({ halts }) => halts === 1);
    open();
    await millrace.until(id, 'SUCCEEDED');
    expect(noted(file)).toEqual(['first', 'second', 'second', 'third']);
    expect(await millrace.job(id, 'halts attemptCount')).toEqual({ halts: 1, attemptCount: 4 });
  });

  test('that has begun is finished before new ones are started, the last step first', async () => {
    const serve = () => millrace.servePool('steps', 1, { MILLRACE_DRAIN_TIMEOUT: '10m' });
    const one = { pool: 'steps', priority: 10 };
    type Scripted = Awaited<ReturnType<typeof scripted>>;
    const statusOfWorker = async (): Promise<string> =>
      (await millrace.client.data('{ workers(pool: "steps") { status } }')).workers.at(-1).status;
    /** Its next step is in line then, and nobody there to take it. */
    const stopAfter = async ({ id, end }: Scripted, step: number): Promise<void> => {
      for (let before = 1; before < step; before++) end(before);
      const worker = await serve();
      await millrace.until(id, ({ status, attemptCount }) => status === 'RUNNING' && attemptCount === step);
      const stopped = worker.stop();
      await eventually('it takes nothing new', async () => (await statusOfWorker()) === 'DRAINING');
      end(step);
      await stopped;
      await temporal.untilInLine([id]);
    };
    const second = await scripted(millrace, scratch, one);
    await stopAfter(second, 1);
    await orders.hold(second.id);
    const first = await scripted(millrace, scratch, one);
    await stopAfter(first, 2);
    await orders.release(second.id);
    const names = {
      second: second.id,
      first: first.id,
      new: await millrace.create({ type: 'sleep', payload: { ms: 0 }, ...one }),
    };
    await temporal.untilInLine(Object.values(names));
    first.end(3);
    for (const step of [2, 3]) second.end(step);
    const worker = await serve();
    for (const id of Object.values(names)) await millrace.until(id, 'SUCCEEDED');
    await worker.stop();
    const order = await startOrder(millrace, names);
    expect(order.filter((name) => ['first 3', 'second 2', 'new'].includes(name))).toEqual(['first 3', 'second 2', 'new']);
  });
});

describe('while a job undoes its steps', () => {
  test('abort, force and a deadline change nothing, hold is UNSUPPORTED, a priority is kept', async () => {
    const deadlineMs = 10_000;
    const { id, end } = await scripted(millrace, scratch, { deadline: `${deadlineMs}ms` });
    end(1);
    end(2, 'fail for good');
    const { createdAt } = await millrace.until(id, 'ROLLING_BACK');
    expect(await orders.abort(id)).toMatchObject({ codes: [], job: { status: 'ROLLING_BACK', abortRequestedAt: null } });
    expect(await orders.forceStart(id)).toMatchObject({ codes: [], job: { status: 'ROLLING_BACK', forced: false } });
    expect((await orders.hold(id)).codes).toEqual(['UNSUPPORTED']);
    expect((await orders.release(id)).codes).toEqual(['UNSUPPORTED']);
    expect(await orders.setPriority(id, 6)).toMatchObject({ codes: [], job: { status: 'ROLLING_BACK', priority: 6 } });
    await eventually('its deadline is over', () => Date.now() > Date.parse(createdAt) + deadlineMs + 1_000);
    end(3);
    expect(await millrace.until(id, 'FAILED')).toMatchObject({ reason: { code: 'HANDLER_ERROR' } });
    expect(await millrace.job(id, 'rollback')).toEqual({ rollback: 'DONE' });
  });

  test('an undo that waits in line for longer than the queue timeout runs all the same', async () => {
    const { id, end } = await scripted(millrace, scratch, { retry: { delay: '300ms' }, queueTimeout: '6s' });
    end(1);
    end(2, 'fail for good');
    await millrace.until(id, ({ status, attemptCount }) => status === 'ROLLING_BACK' && attemptCount === 3);
    // It gets the slot between two tries of the undo, which from then on waits in line.
    const other = jobs.create({ priority: 10 });
    await temporal.untilInLine([await other.created]);
    end(3, 'fail');
    await millrace.until(await other.created, 'RUNNING');
    await temporal.untilInLine([id]);
    const late = await millrace.create({ type: 'sleep', payload: { ms: 0 }, queueTimeout: '6s' });
    expect(await millrace.until(late, 'FAILED')).toMatchObject({ reason: { code: 'QUEUE_TIMEOUT' } });
    expect(await millrace.job(id, 'status')).toEqual({ status: 'ROLLING_BACK' });
    other.open();
    end(4);
    await millrace.until(id, 'FAILED');
    const order = await startOrder(millrace, { trip: id, other: await other.created });
    expect(order.at(-1)).toMatch(/^trip/);
    expect(await millrace.job(id, 'rollback reason { code }')).toEqual({ rollback: 'DONE', reason: { code: 'HANDLER_ERROR' } });
  });

  test('abort with rollback: false leaves it where it is, here before its next try', async () => {
    const id = await book({ failAt: 'hotel', undoFails: 1 }, { retry: { delay: '1h', jitter: false } });
    const waitingFor = async () => (await millrace.job(id, 'waitingFor { kind until }')).waitingFor;
    await eventually('its undo waits for its next try', async () => (await waitingFor())?.kind === 'BACKOFF');
    expect(Date.parse((await waitingFor()).until)).toBeGreaterThan(Date.now() + 3_000_000);
    expect((await orders.abort(id, { rollback: false, grace: '0s' })).codes).toEqual([]);
    await millrace.until(id, 'ABORTED');
    const job = await millrace.job(id, STEPS);
    expect(job).toMatchObject({ rollback: 'INCOMPLETE', reason: { code: 'ABORTED_BY_USER' } });
    expect(statuses(job)).toEqual(['UNDO_FAILED', 'FAILED', 'PENDING']);
  });
});

describe('a final job is run again', () => {
  test('from the start, under its id, with the numbers that go on', async () => {
    const id = await millrace.create({ type: 'fail', payload: { times: 1, final: true } });
    await millrace.until(id, 'FAILED');
    expect((await orders.retry(id, { payload: { times: 0 } })).codes).toEqual([]);
    const job = await millrace.until(id, 'SUCCEEDED');
    expect(job).toMatchObject({ reason: null, attemptCount: 2 });
    const once = ['QUEUED', 'STARTED', 'ATTEMPT_ENDED', 'FINISHED'];
    await untilTold(millrace, id, ['CREATED', ...once, 'RETRIED', ...once]);
  });

  test('whether it has failed, was aborted, or has succeeded; again and again', async () => {
    const id = await millrace.create({ type: 'sleep', payload: { ms: 0 }, hold: true });
    await orders.abort(id);
    for (let time = 0; time < 3; time++) {
      expect((await orders.retry(id)).codes).toEqual([]);
      await millrace.until(id, 'SUCCEEDED');
    }
    expect(await millrace.job(id, 'attemptCount')).toEqual({ attemptCount: 3 });
  });

  test('by one of many asks at once: the others are refused, also where its new run ends meanwhile', async () => {
    const file = scratch.path();
    const id = await book({ file, failAt: 'hotel' }, { rollback: false });
    await millrace.until(id, 'FAILED');
    const asks = Array.from({ length: 4 }, () => orders.retry(id, { from: 'FAILED_STEP', payload: { file } }));
    const codes = (await Promise.all(asks)).flatMap((answer) => answer.codes);
    expect(codes).toEqual(['NOT_FINISHED', 'NOT_FINISHED', 'NOT_FINISHED']);
    await millrace.until(id, 'SUCCEEDED');
    expect(noted(file)).toEqual(['book flight', 'book hotel', 'book car']);
    expect(await millrace.job(id, 'attemptCount')).toEqual({ attemptCount: 4 });
  });

  test('not while it is not final, not where there is none, and from a failed step only where there is one', async () => {
    const id = await millrace.create({ type: 'sleep', payload: { ms: 0 }, hold: true });
    expect((await orders.retry(id)).codes).toEqual(['NOT_FINISHED']);
    await orders.abort(id);
    expect((await orders.retry(id, { from: 'FAILED_STEP' })).codes).toEqual(['NOT_RESUMABLE']);
    expect((await orders.retry('nobody')).codes).toEqual(['NOT_FOUND']);
    const undone = await book({ failAt: 'hotel' });
    await millrace.until(undone, 'FAILED');
    expect((await orders.retry(undone, { from: 'FAILED_STEP' })).codes).toEqual(['NOT_RESUMABLE']);
    const done = await book({});
    await millrace.until(done, 'SUCCEEDED');
    expect((await orders.retry(done, { from: 'FAILED_STEP' })).codes).toEqual(['NOT_RESUMABLE']);
  });
});
