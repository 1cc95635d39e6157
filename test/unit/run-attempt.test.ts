import { setTimeout as wait } from 'node:timers/promises';
import { defineJob, FinalError, type JobContext, type PlainDefinition } from 'millrace';
import { runAttempt } from 'millrace/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import sleep from '../../jobs/sleep.ts';
import tripBook from '../../jobs/trip-book.ts';

const payload = z.strictObject({ n: z.int().default(7) });
const define = (run: (context: JobContext<z.output<typeof payload>>) => unknown, more: Partial<PlainDefinition<typeof payload>> = {}) =>
  defineJob({ name: 'test.type', payload, run, ...more });

test('a handler is given its payload with defaults, and all that it says is there', async () => {
  const type = define(async ({ payload, job, attempt, checkpoint, dependencies, log, progress, annotate, deadlineAt }) => {
    log(`${job.id} ${job.type} ${job.queue} ${attempt} ${String(deadlineAt)}`);
    progress(0.5);
    progress(2);
    checkpoint.save([checkpoint.value, 'saved']);
    annotate({ a: 1 });
    annotate({ b: 2 });
    return { payload, dependencies, now: checkpoint.value };
  });
  const dependencies = { first: { status: 'SUCCEEDED' as const, result: 1 } };
  const report = await runAttempt(type, {}, { job: { id: 'mine' }, attempt: 3, checkpoint: 'before', dependencies });
  expect(report).toEqual({
    outcome: 'SUCCEEDED',
    result: { payload: { n: 7 }, dependencies, now: ['before', 'saved'] },
    error: null,
    code: null,
    progress: [0.5, 1],
    log: ['mine test.type default 3 undefined'],
    checkpoint: ['before', 'saved'],
    annotations: { a: 1, b: 2 },
    isKilled: false,
  });
});

test('the types that ship run as they are', async () => {
  expect(await runAttempt(sleep, { ms: 1 })).toMatchObject({ outcome: 'SUCCEEDED', result: { sleptMs: expect.any(Number) } });
});

test('a payload that breaks the schema fails as it does in a worker', async () => {
  const report = await runAttempt(
    define(() => 'not entered'),
    { n: 'seven' } as never,
  );
  expect(report).toMatchObject({ outcome: 'FAILED', code: 'BAD_PAYLOAD', result: null, error: { retryable: false } });
});

test.each([
  { what: 'an error', code: 'HANDLER_ERROR', retryable: true, run: () => Promise.reject(new TypeError('told')) },
  { what: 'a FinalError', code: 'HANDLER_ERROR', retryable: false, run: () => Promise.reject(new FinalError('told')) },
  { what: 'no JSON', code: 'BAD_RESULT', retryable: false, run: () => ({ n: 1n }) },
])('a handler that ends with $what has FAILED by $code', async ({ code, retryable, run }) => {
  expect(await runAttempt(define(run), {})).toMatchObject({ outcome: 'FAILED', code, error: { retryable } });
});

test('a handler that listens is ABORTED by its signal and TIMED_OUT by its timeout', async () => {
  const stop = new AbortController();
  const aborted = runAttempt(sleep, { ms: 60_000 }, { signal: stop.signal });
  stop.abort();
  expect(await aborted).toMatchObject({ outcome: 'ABORTED', isKilled: false, result: null });
  expect(await runAttempt(sleep, { ms: 60_000 }, { timeoutMs: 20 })).toMatchObject({ outcome: 'TIMED_OUT', isKilled: false });
  expect(await runAttempt(sleep, { ms: 20 }, { timeoutMs: 30 * 86_400_000 })).toMatchObject({ outcome: 'SUCCEEDED' });
});

test('one that does not listen would have been killed after its grace', async () => {
  const deaf = define(() => new Promise(() => {}));
  expect(await runAttempt(deaf, {}, { timeoutMs: 5, graceMs: 5 })).toMatchObject({ outcome: 'TIMED_OUT', isKilled: true });
});

test('one that has ended before it was asked keeps its end', async () => {
  const stop = new AbortController();
  const type = define(() => 'ended', { hooks: { onFinish: () => stop.abort() } });
  expect(await runAttempt(type, {}, { signal: stop.signal })).toMatchObject({ outcome: 'SUCCEEDED', result: 'ended' });
});

test('hooks are called: those for all, then those of the type; what goes wrong in one is in the log', async () => {
  const type = define(
    ({ progress }) => {
      progress(1);
      throw new Error('told');
    },
    {
      hooks: {
        onStart: () => ({ by: 'type', started: true }),
        onFailure: async () => {
          await wait(1);
          throw new Error('hook');
        },
      },
    },
  );
  const hooks = {
    onStart: () => ({ by: 'all' }),
    onProgress: ({ fraction }: { fraction: number }) => ({ fraction }),
    onFailure: ({ error }: { error: { message: string } }) => ({ failed: error.message }),
  };
  const report = await runAttempt(type, {}, { hooks });
  expect(report).toMatchObject({
    outcome: 'FAILED',
    annotations: { by: 'type', started: true, fraction: 1, failed: 'told' },
    log: [expect.stringMatching(/hook onFailure failed: Error: hook/)],
  });
});

test('what a hook does to what it is given changes nothing', async () => {
  const spoil = (context: any): void => {
    for (const part of [context.payload, context.job, context.result, context.error]) for (const key in part) part[key] = 'spoiled';
  };
  const hooks = { onStart: spoil, onFinish: spoil, onFailure: spoil };
  const type = define(({ payload, job }) => ({ payload, id: job.id }), { hooks });
  expect(await runAttempt(type, {})).toMatchObject({ outcome: 'SUCCEEDED', result: { payload: { n: 7 }, id: 'test-job' } });
  const failing = define(() => Promise.reject(new Error('told')), { hooks });
  expect(await runAttempt(failing, {})).toMatchObject({ code: 'HANDLER_ERROR', error: { message: 'told', retryable: true } });
});

test('progress is told to a hook at most 10 times a second, and the last one always', async () => {
  const told: number[] = [];
  const type = define(
    ({ progress }) => {
      for (let done = 0; done <= 1_000; done++) progress(done / 1_000);
    },
    { hooks: { onProgress: ({ fraction }: { fraction: number }) => void told.push(fraction) } },
  );
  expect((await runAttempt(type, {})).progress).toHaveLength(1_001);
  expect(told.at(-1)).toBe(1);
  expect(told.length).toBeLessThan(100);
});

const steps = defineJob({
  name: 'test.steps',
  payload: z.strictObject({ failAt: z.string().optional() }),
  steps: ['one', 'two', 'three'].map((name) => ({
    name,
    run: ({ payload, results, log }: { payload: { failAt?: string | undefined }; results: object; log: (text: string) => void }) => {
      log(name);
      if (payload.failAt === name) throw new Error(`failed at ${name}`);
      return Object.keys(results).length;
    },
    undo: ({ results }: { results: object }) => results as never,
  })),
});

test('all steps run in order, until one does not succeed', async () => {
  expect(await runAttempt(steps, {})).toMatchObject({ outcome: 'SUCCEEDED', result: { one: 0, two: 1, three: 2 } });
  expect(await runAttempt(steps, { failAt: 'two' })).toMatchObject({
    outcome: 'FAILED',
    error: { message: 'failed at two' },
    log: ['one', 'two'],
    result: null,
  });
});

test('one step runs alone, or its undo, with the results it is told', async () => {
  expect(await runAttempt(steps, {}, { step: 'two' })).toMatchObject({ outcome: 'SUCCEEDED', result: 0, log: ['two'] });
  const undo = { name: 'two', undo: true, results: { one: 1, two: 2 } };
  expect(await runAttempt(steps, {}, { step: undo })).toMatchObject({ outcome: 'SUCCEEDED', result: { one: 1, two: 2 }, log: [] });
  expect(await runAttempt(steps, {}, { step: 'four' })).toMatchObject({ outcome: 'FAILED', code: 'NO_HANDLER' });
  expect(tripBook.steps.length).toBeGreaterThan(0);
});

test('steps whose results are over 512 KiB together, and a checkpoint over 128 KiB, are refused', async () => {
  const large = defineJob({
    name: 'test.large',
    payload: z.strictObject({}),
    steps: ['one', 'two'].map((name) => ({ name, run: () => 'x'.repeat(300_000), undo: () => null })),
  });
  expect(await runAttempt(large, {})).toMatchObject({ outcome: 'FAILED', code: 'BAD_RESULT', error: { retryable: false } });
  const results = { one: 'x'.repeat(300_000), two: 'x'.repeat(300_000) };
  expect(await runAttempt(large, {}, { step: { name: 'two', undo: true, results } })).toMatchObject({ outcome: 'SUCCEEDED' });
  const saving = define(({ checkpoint }) => {
    checkpoint.save('kept');
    checkpoint.save('x'.repeat(200_000));
  });
  expect(await runAttempt(saving, {})).toMatchObject({ outcome: 'FAILED', error: { name: 'RangeError' }, checkpoint: 'kept' });
  const nothing = define(({ checkpoint }) => checkpoint.save(undefined as never));
  expect(await runAttempt(nothing, {})).toMatchObject({ outcome: 'FAILED', error: { name: 'TypeError' }, checkpoint: null });
});
