import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError, readConfig } from '../../src/config.ts';

const refused = (env: Record<string, string>): string => {
  try {
    readConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error(`not refused: ${JSON.stringify(env)}`);
};

test('without any setting, all of it has a default that works on one machine', () => {
  expect(readConfig({})).toMatchObject({
    host: '127.0.0.1',
    port: 4000,
    pool: 'default',
    jobsDir: resolve('jobs'),
    dataDir: resolve('.millrace'),
    journalFile: resolve('.millrace/journal.db'),
    runnerHeapBytes: 512 * 2 ** 20,
    drainMs: 5_000,
    logCaps: { linesPerSecond: 1_000, bytes: 20 * 2 ** 20 },
    retention: { logsMs: 7 * 86_400_000, jobsMs: 30 * 86_400_000 },
    commandsFile: undefined,
    runnerAttempts: 1_000,
    runnerMemoryBytes: undefined,
    temporalAddress: undefined,
    namespace: 'millrace',
  });
  expect(readConfig({}).slots).toBeGreaterThanOrEqual(1);
});

test('every setting is taken from its variable', () => {
  const config = readConfig({
    MILLRACE_HOST: '::1',
    MILLRACE_PORT: '4001',
    MILLRACE_SLOTS: '7',
    MILLRACE_POOL: 'gpu.a100',
    MILLRACE_JOBS: '/srv/jobs',
    MILLRACE_DATA_DIR: '/srv/data',
    MILLRACE_JOURNAL: 'sqlite:/srv/fast/journal.db',
    MILLRACE_RUNNER_HEAP: '2GB',
    MILLRACE_DRAIN_TIMEOUT: '1m30s',
    MILLRACE_LOG_RATE: '50',
    MILLRACE_LOG_BYTES: '3MiB',
    MILLRACE_RETENTION_LOGS: '1d12h',
    MILLRACE_RETENTION_JOBS: '90d',
    MILLRACE_RUNNER_ATTEMPTS: '0',
    MILLRACE_RUNNER_MEMORY: '3GiB',
    MILLRACE_FILE: '/srv/millrace.yaml',
    TEMPORAL_ADDRESS: 'temporal.internal:7233',
    TEMPORAL_NAMESPACE: 'jobs',
    XDG_CACHE_HOME: '/srv/cache',
  });
  expect(config).toEqual({
    host: '::1',
    port: 4001,
    slots: 7,
    pool: 'gpu.a100',
    jobsDir: '/srv/jobs',
    dataDir: '/srv/data',
    journalFile: '/srv/fast/journal.db',
    runnerHeapBytes: 2e9,
    drainMs: 90_000,
    logCaps: { linesPerSecond: 50, bytes: 3 * 2 ** 20 },
    retention: { logsMs: 36 * 3_600_000, jobsMs: 90 * 86_400_000 },
    runnerAttempts: 0,
    runnerMemoryBytes: 3 * 2 ** 30,
    commandsFile: '/srv/millrace.yaml',
    temporalAddress: 'temporal.internal:7233',
    namespace: 'jobs',
    cacheDir: '/srv/cache/millrace',
  });
  expect(Object.isFrozen(config)).toBe(true);
});

test('a variable that is set to nothing counts as not set', () => {
  expect(readConfig({ MILLRACE_PORT: '', TEMPORAL_ADDRESS: '', MILLRACE_JOURNAL: '' })).toMatchObject({
    port: 4000,
    temporalAddress: undefined,
    journalFile: resolve('.millrace/journal.db'),
  });
});

test('the journal stands in the data directory unless it is told to stand elsewhere', () => {
  expect(readConfig({ MILLRACE_DATA_DIR: '/srv/data' }).journalFile).toBe('/srv/data/journal.db');
  expect(readConfig({ MILLRACE_DATA_DIR: '/srv/data', MILLRACE_JOURNAL: 'other.db' }).journalFile).toBe(resolve('other.db'));
});

test('a worker may be told to wait for nothing when it is asked to stop, or without limit', () => {
  expect(readConfig({ MILLRACE_DRAIN_TIMEOUT: '0s' }).drainMs).toBe(0);
  expect(readConfig({ MILLRACE_DRAIN_TIMEOUT: 'none' }).drainMs).toBe(Infinity);
});

test('the cache is the user’s own, so that all data directories share it', () => {
  expect(readConfig({ HOME: homedir() }).cacheDir).not.toContain('.millrace');
});

describe('a bad value is refused with its name, the value and what is allowed', () => {
  test.each([
    ['MILLRACE_PORT', '0', '1 to 65535'],
    ['MILLRACE_PORT', '65536', '1 to 65535'],
    ['MILLRACE_PORT', '4000.5', '1 to 65535'],
    ['MILLRACE_PORT', 'http', '1 to 65535'],
    ['MILLRACE_PORT', '-1', '1 to 65535'],
    ['MILLRACE_PORT', '0x10', '1 to 65535'],
    ['MILLRACE_SLOTS', '0', '1 to 1000'],
    ['MILLRACE_SLOTS', '1001', '1 to 1000'],
    ['MILLRACE_SLOTS', 'many', '1 to 1000'],
    ['MILLRACE_POOL', 'a pool', 'letters, digits'],
    ['MILLRACE_POOL', '-gpu', 'letters, digits'],
    ['MILLRACE_HOST', '0.0.0.0', '127.0.0.1'],
    ['MILLRACE_HOST', '192.168.1.5', '127.0.0.1'],
    ['MILLRACE_HOST', 'example.org', '127.0.0.1'],
    ['MILLRACE_RUNNER_HEAP', '31MiB', 'at least 32MiB'],
    ['MILLRACE_RUNNER_HEAP', 'plenty', '512MiB'],
    ['MILLRACE_RUNNER_HEAP', '512 MBit', '512MiB'],
    ['MILLRACE_DRAIN_TIMEOUT', '30', '30s'],
    ['MILLRACE_DRAIN_TIMEOUT', '21d', 'at most 20d'],
    ['MILLRACE_DRAIN_TIMEOUT', 'forever', 'none for no limit'],
    ['MILLRACE_LOG_RATE', '0', '1 to 100000'],
    ['MILLRACE_LOG_RATE', '1e3', '1 to 100000'],
    ['MILLRACE_LOG_BYTES', '512KiB', 'at least 1MiB'],
    ['MILLRACE_RETENTION_LOGS', '7', 'such as 12h or 7d'],
    ['MILLRACE_RETENTION_LOGS', '59s', 'at least 1m'],
    ['MILLRACE_RETENTION_JOBS', 'forever', 'such as 12h or 7d'],
    ['MILLRACE_RETENTION_JOBS', '4000d', 'at most 3650d'],
    ['MILLRACE_RUNNER_ATTEMPTS', '-1', '0 for never'],
    ['MILLRACE_RUNNER_MEMORY', '10MiB', 'at least 64MiB'],
    ['MILLRACE_JOURNAL', 'postgres://localhost/millrace', 'SQLite'],
    ['TEMPORAL_ADDRESS', 'localhost', 'host:port'],
    ['TEMPORAL_ADDRESS', 'http://localhost:7233', 'host:port'],
    ['TEMPORAL_ADDRESS', 'localhost:port', 'host:port'],
  ])('%s=%s', (name, value, allowed) => {
    const message = refused({ [name]: value });
    expect(message).toContain(`${name}="${value}"`);
    expect(message).toContain(allowed);
    expect(message).not.toMatch(/\n\s+at |zod/i);
  });
});

test('all bad values are named at once, a line each', () => {
  const lines = refused({ MILLRACE_PORT: 'x', MILLRACE_SLOTS: 'y', TEMPORAL_ADDRESS: 'z' }).split('\n');
  expect(lines.map((line) => line.split('=')[0])).toEqual(['MILLRACE_PORT', 'MILLRACE_SLOTS', 'TEMPORAL_ADDRESS']);
});
