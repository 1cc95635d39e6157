import { expect, test } from 'vitest';
import { z } from 'zod';
import { defaultOptions, specOf } from '../../src/api/read-input.ts';
import type { JobDefaults } from '../../src/index.ts';
import { describeType } from '../../src/worker/describe-type.ts';

const describe = (defaults: unknown) =>
  describeType({ name: 'a.type', payload: z.strictObject({}), run: () => null, defaults: defaults as JobDefaults });

test.each<[string, unknown, RegExp]>([
  ['maxHalts', { maxHalts: -1 }, /maxHalts -1.*0/],
  ['maxHalts', { maxHalts: 1_001 }, /maxHalts 1001.*0 to 1000/],
  ['maxHalts', { maxHalts: 1.5 }, /maxHalts 1\.5/],
  ['priority', { priority: 11 }, /priority 11.*10/],
  ['priority', { priority: 'high' }, /priority "high"/],
  ['retry.maxAttempts', { retry: { maxAttempts: 20_000 } }, /retry\.maxAttempts 20000.*1 to 10000/],
  ['retry.backoff', { retry: { backoff: 0.5 } }, /retry\.backoff 0\.5.*1/],
  ['retry.jitter', { retry: { jitter: 'yes' } }, /retry\.jitter "yes"/],
  ['timeout', { timeout: '0s' }, /timeout 0.*above 0/],
  ['timeout', { timeout: 5 }, /timeout "5"/],
  ['queue', { queue: 'a b' }, /queue "a b"/],
  ['exclusive', { exclusive: 'yes' }, /exclusive "yes"/],
  ['concurrency.limit', { concurrency: { key: 'k', limit: 0 } }, /concurrency\.limit 0.*1/],
  ['concurrency.limit', { concurrency: { key: 'k', limit: 200_000 } }, /concurrency\.limit 200000.*1 to 100000/],
  ['concurrency.key', { concurrency: { key: 'k'.repeat(201), limit: 1 } }, /concurrency key has 201.*1 to 200/],
  ['limits.memoryBytes', { limits: { memoryBytes: '1MiB' } }, /limits\.memoryBytes 1048576.*16 MiB/],
  ['limits.cpuSeconds', { limits: { cpuSeconds: 0 } }, /limits\.cpuSeconds 0.*0\.1/],
  ['no field', { timeOut: '5s' }, /timeOut/],
])('a type whose default %s is out of bounds is refused as it is loaded: %j', (_, defaults, message) => {
  expect(() => describe(defaults)).toThrow(message);
  expect(() => describe(defaults)).toThrow(/^defaults/);
});

test('what a type may set is what a job gets that sets nothing itself', () => {
  const type = describe({
    queue: 'reports',
    pool: 'gpu',
    priority: 10,
    timeout: '30d',
    grace: '0s',
    retry: { maxAttempts: 10_000, delay: '0s', backoff: 100, jitter: false },
    maxHalts: 0,
    concurrency: { key: 'k', limit: 100_000 },
    limits: { memoryBytes: '16MiB', onMemoryLimit: { retryWith: 2, upTo: '1GiB' } },
  });
  expect(specOf({ type: 'a.type' }, type)).toMatchObject({
    queue: 'reports',
    pool: 'gpu',
    priority: 10,
    options: {
      timeoutMs: 30 * 86_400_000,
      graceMs: 0,
      retry: { maxAttempts: 10_000, delayMs: 0, backoff: 100, maxDelayMs: 3_600_000, jitter: false },
      maxHalts: 0,
      concurrency: { key: 'k', limit: 100_000 },
      limits: { memoryBytes: 16 * 2 ** 20, cpuSeconds: null, onMemoryLimit: { retryWith: 2, upTo: 2 ** 30 } },
    },
  });
});

test('one that stands in the journal all the same is shown as it is, and hides no other', () => {
  const bad = { name: 'bad', description: null, payloadSchema: {}, defaults: { maxHalts: -1, retry: { maxAttempts: 20_000 } } };
  expect(defaultOptions(bad)).toMatchObject({ maxHalts: -1, retry: { maxAttempts: 20_000, delayMs: 1_000 } });
  expect(() => specOf({ type: 'bad' }, bad)).toThrow(/maxAttempts 20000/);
  expect(specOf({ type: 'bad', maxHalts: 1, retry: { maxAttempts: 1 } }, bad).options.maxHalts).toBe(1);
});
