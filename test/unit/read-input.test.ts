import { describe, expect, test } from 'vitest';
import { defaultOptions, readPriority, specOf } from '../../src/api/read-input.ts';
import type { CreateJobInput } from '../../src/api/schema.gen.ts';
import { UserError } from '../../src/job/errors.ts';
import type { PublishedType } from '../../src/journal/entries.ts';

const plain: PublishedType = { name: 'cpu.burn', description: null, payloadSchema: {}, defaults: {} };
const spec = (input: Partial<CreateJobInput> = {}, type = plain) => specOf({ type: type.name, ...input }, type, 1_000);

function refusal(input: Partial<CreateJobInput>): UserError {
  try {
    spec(input);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error(`not refused: ${JSON.stringify(input)}`);
}

describe('defaults', () => {
  test('are the product’s where neither the job nor its type says anything', () => {
    expect(spec()).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/) as string,
      type: 'cpu.burn',
      payload: null,
      queue: 'default',
      pool: 'default',
      priority: 1,
      tags: [],
      metadata: null,
      options: {
        startAt: null,
        timeoutMs: null,
        timeoutIsFinal: false,
        queueTimeoutMs: null,
        deadlineMs: null,
        graceMs: 5_000,
        retry: { maxAttempts: 3, delayMs: 1_000, backoff: 2, maxDelayMs: 3_600_000, jitter: true },
        maxHalts: 3,
        ageAfterMs: 600_000,
        onDependencyFailure: 'FAIL',
        onLost: 'RUN_AGAIN',
        exclusive: false,
        concurrency: null,
        limits: { memoryBytes: null, cpuSeconds: null, cpuPercent: null, onMemoryLimit: null },
        rollback: true,
        failover: null,
      },
      dependencies: [],
      hold: false,
      steps: [],
      isQueueGated: false,
      createdAt: 1_000,
    });
  });

  const typed: PublishedType = {
    ...plain,
    defaults: {
      queue: 'reports',
      pool: 'gpu',
      priority: 4,
      timeoutMs: 60_000,
      graceMs: 0,
      retry: { maxAttempts: 9, jitter: false },
      maxHalts: 0,
      ageAfterMs: 1_000,
    },
  };

  test('are the type’s where the job says nothing, field by field', () => {
    expect(spec({}, typed)).toMatchObject({
      queue: 'reports',
      pool: 'gpu',
      priority: 4,
      options: {
        timeoutMs: 60_000,
        graceMs: 0,
        retry: { maxAttempts: 9, delayMs: 1_000, backoff: 2, jitter: false },
        maxHalts: 0,
        ageAfterMs: 1_000,
      },
    });
    expect(defaultOptions(typed)).toEqual(spec({}, typed).options);
  });

  test('of limits are the type’s one by one', () => {
    const limits = { memoryBytes: 2 ** 29, cpuSeconds: 60, onMemoryLimit: { retryWith: 2, upTo: 2 ** 30 } };
    const limited: PublishedType = { ...plain, defaults: { limits } };
    expect(spec({}, limited).options.limits).toEqual({ ...limits, cpuPercent: null });
    expect(spec({ limits: { memoryBytes: 2 ** 28, cpuPercent: 50 } }, limited).options.limits).toEqual({
      ...limits,
      memoryBytes: 2 ** 28,
      cpuPercent: 50,
    });
    expect(defaultOptions(limited)).toEqual(spec({}, limited).options);
  });

  test('give way to what the job says, also where that is nothing much', () => {
    expect(
      spec(
        {
          queue: 'q',
          pool: 'p',
          priority: 10,
          timeout: 1,
          grace: 7,
          retry: { maxAttempts: 1, delay: 0, backoff: 1, maxDelay: 0, jitter: true },
          maxHalts: 1_000,
          ageAfter: 0,
        },
        typed,
      ),
    ).toMatchObject({
      queue: 'q',
      pool: 'p',
      priority: 10,
      options: {
        timeoutMs: 1,
        graceMs: 7,
        retry: { maxAttempts: 1, delayMs: 0, backoff: 1, maxDelayMs: 0, jitter: true },
        maxHalts: 1_000,
        ageAfterMs: 0,
      },
    });
  });
});

describe('out of bounds is refused with the path of it', () => {
  test.each<[Partial<CreateJobInput>, string[]]>([
    [{ id: '' }, ['id']],
    [{ id: '-a' }, ['id']],
    [{ id: 'a b' }, ['id']],
    [{ id: 'a/b' }, ['id']],
    [{ id: 'ä' }, ['id']],
    [{ id: 'a\n' }, ['id']],
    [{ id: 'x'.repeat(201) }, ['id']],
    [{ queue: '' }, ['queue']],
    [{ queue: 'a:b' }, ['queue']],
    [{ queue: 'x'.repeat(101) }, ['queue']],
    [{ pool: 'a pool' }, ['pool']],
    [{ priority: 0 }, ['priority']],
    [{ priority: 11 }, ['priority']],
    [{ tags: Array.from({ length: 51 }, (_, index) => `t${index}`) }, ['tags']],
    [{ tags: ['a', 'x'.repeat(65)] }, ['tags', '1']],
    [{ tags: [''] }, ['tags', '0']],
    [{ metadata: 'x'.repeat(16_383) }, ['metadata']],
    [{ timeout: 0 }, ['timeout']],
    [{ retry: { maxAttempts: 0 } }, ['retry', 'maxAttempts']],
    [{ retry: { maxAttempts: 10_001 } }, ['retry', 'maxAttempts']],
    [{ retry: { backoff: 0.9 } }, ['retry', 'backoff']],
    [{ retry: { backoff: 100.1 } }, ['retry', 'backoff']],
    [{ limits: { memoryBytes: 2 ** 24 - 1 } }, ['limits', 'memoryBytes']],
    [{ limits: { cpuSeconds: 0 } }, ['limits', 'cpuSeconds']],
    [{ limits: { cpuPercent: 0.5 } }, ['limits', 'cpuPercent']],
    [{ limits: { onMemoryLimit: { retryWith: 2, upTo: 2 ** 30 } } }, ['limits', 'onMemoryLimit']],
    [{ limits: { memoryBytes: 2 ** 30, onMemoryLimit: { retryWith: 1, upTo: 2 ** 31 } } }, ['limits', 'onMemoryLimit', 'retryWith']],
    [{ limits: { memoryBytes: 2 ** 30, onMemoryLimit: { retryWith: 101, upTo: 2 ** 31 } } }, ['limits', 'onMemoryLimit', 'retryWith']],
    [{ limits: { memoryBytes: 2 ** 30, onMemoryLimit: { retryWith: 2, upTo: 2 ** 29 } } }, ['limits', 'onMemoryLimit', 'upTo']],
    [{ maxHalts: -1 }, ['maxHalts']],
    [{ maxHalts: 1_001 }, ['maxHalts']],
  ])('%.60j', (input, path) => {
    const error = refusal(input);
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.path?.map(String)).toEqual(path);
    expect(error.message.length).toBeLessThan(400);
  });
});

describe('the bounds themselves are allowed', () => {
  test.each<Partial<CreateJobInput>>([
    { id: 'x'.repeat(200) },
    { id: 'A9._:-' },
    { queue: 'x'.repeat(100), pool: 'x'.repeat(100) },
    { priority: 1 },
    { priority: 10 },
    { tags: Array.from({ length: 50 }, (_, index) => `${index}`.padStart(64, 'x')) },
    { metadata: 'x'.repeat(16_382) },
    { timeout: 1, grace: 0 },
    { retry: { maxAttempts: 1, backoff: 1 } },
    { retry: { maxAttempts: 10_000, backoff: 100 } },
    { maxHalts: 0 },
    { maxHalts: 1_000 },
  ])('%.60j', (input) => {
    expect(spec(input)).toBeDefined();
  });
});

test('metadata is measured in bytes, not in characters', () => {
  expect(refusal({ metadata: 'ä'.repeat(8_192) }).path).toEqual(['metadata']);
});

test('a tag given twice is one', () => {
  expect(spec({ tags: ['b', 'a', 'b'] }).tags).toEqual(['b', 'a']);
});

test('a priority is a whole number from 1 to 10', () => {
  for (const priority of [0, 11, -1, 1.5, Number.NaN]) expect(() => readPriority(priority)).toThrow(/1 to 10/);
});
