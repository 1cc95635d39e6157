import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { cacheDirOf } from './cache-dir.ts';
import { parseBytes } from './job/bytes.ts';
import { parseDuration } from './job/duration.ts';
import { isName, NAME_RULE } from './job/ids.ts';

export type Config = Readonly<{
  host: string;
  port: number;
  slots: number;
  pool: string;
  jobsDir: string;
  /** undefined: `millrace.yaml` of the working directory, if it is there. */
  commandsFile: string | undefined;
  dataDir: string;
  /** `sqlite:<file>`. */
  journalFile: string;
  runnerHeapBytes: number;
  /** How long a worker that is asked to stop waits for its attempts; Infinity: until they end. */
  drainMs: number;
  /** What is kept of an attempt's output. */
  logCaps: { linesPerSecond: number; bytes: number };
  /** How long the journal keeps events, samples and log lines, and how long jobs after their end. */
  retention: { logsMs: number; jobsMs: number };
  /** A runner is replaced after so many attempts; 0: never. */
  runnerAttempts: number;
  /** A runner is replaced that holds more than this after an attempt; undefined: never. */
  runnerMemoryBytes: number | undefined;
  /** undefined: the dev server of the data directory. */
  temporalAddress: string | undefined;
  namespace: string;
  /** For what can be made again: programs, bundles, compiled code. */
  cacheDir: string;
}>;

/**
 * The settings, read from the environment once and passed down; nothing else looks at `process.env`.
 *
 * @throws ConfigError that names every bad setting, its value and what is allowed.
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  const parsed = settings.safeParse(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')));
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${String(issue.path[0])}="${env[String(issue.path[0])] ?? ''}": ${issue.message}`);
    throw new ConfigError(lines.join('\n'));
  }
  const set = parsed.data;
  const dataDir = resolve(set.MILLRACE_DATA_DIR);
  return Object.freeze({
    host: set.MILLRACE_HOST,
    port: set.MILLRACE_PORT,
    slots: set.MILLRACE_SLOTS,
    pool: set.MILLRACE_POOL,
    jobsDir: resolve(set.MILLRACE_JOBS),
    commandsFile: set.MILLRACE_FILE === undefined ? undefined : resolve(set.MILLRACE_FILE),
    dataDir,
    journalFile: resolve(set.MILLRACE_JOURNAL?.replace(/^sqlite:/, '') ?? `${dataDir}/journal.db`),
    runnerHeapBytes: set.MILLRACE_RUNNER_HEAP,
    drainMs: set.MILLRACE_DRAIN_TIMEOUT,
    logCaps: { linesPerSecond: set.MILLRACE_LOG_RATE, bytes: set.MILLRACE_LOG_BYTES },
    retention: { logsMs: set.MILLRACE_RETENTION_LOGS, jobsMs: set.MILLRACE_RETENTION_JOBS },
    runnerAttempts: set.MILLRACE_RUNNER_ATTEMPTS,
    runnerMemoryBytes: set.MILLRACE_RUNNER_MEMORY,
    temporalAddress: set.TEMPORAL_ADDRESS,
    namespace: set.TEMPORAL_NAMESPACE,
    cacheDir: cacheDirOf(env),
  });
}

export class ConfigError extends Error {
  override name = 'ConfigError';
}

export const portRefused = ({ host, port }: Config, code: string | undefined): ConfigError =>
  new ConfigError(
    `port ${port} on ${host} cannot be used (${code === 'EADDRINUSE' ? 'another program listens there' : code}): give another by MILLRACE_PORT`,
  );

const whole = (min: number, max: number, what: string) =>
  z.string().transform((text, context) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    context.addIssue({ code: 'custom', message: `${what}, a whole number from ${min} to ${max}` });
    return z.NEVER;
  });

const bytes = (min: number) =>
  z.string().transform((text, context) => {
    const value = parseBytes(text);
    if (value !== undefined && value >= min) return value;
    context.addIssue({ code: 'custom', message: `a size such as 512MiB or 2GB, at least ${min / 2 ** 20}MiB` });
    return z.NEVER;
  });

/** `none` is Infinity. */
const drain = z.string().transform((text, context) => {
  const ms = text === 'none' ? Infinity : parseDuration(text);
  if (ms !== undefined && (ms <= MAX_DRAIN_MS || ms === Infinity)) return ms;
  context.addIssue({ code: 'custom', message: 'a time such as 30s or 10m, at most 20d; 0s to wait for nothing, none for no limit' });
  return z.NEVER;
});

/** What a timer can hold, and more than any rollout takes. */
const MAX_DRAIN_MS = 20 * 86_400_000;

const duration = (min: string) =>
  z.string().transform((text, context) => {
    const value = parseDuration(text);
    if (value !== undefined && value >= parseDuration(min)!) return value;
    context.addIssue({ code: 'custom', message: `a duration such as 12h or 7d, at least ${min} and at most 3650d` });
    return z.NEVER;
  });

const DAY_MS = 86_400_000;
const settings = z.object({
  MILLRACE_HOST: z
    .literal(['127.0.0.1', 'localhost', '::1'], 'only 127.0.0.1, ::1 or localhost: there are no keys yet, so nobody else may reach it')
    .default('127.0.0.1'),
  MILLRACE_PORT: whole(1, 65_535, 'the port of the api').default(4000),
  MILLRACE_SLOTS: whole(1, 1_000, 'attempts at once per worker').default(availableParallelism()),
  MILLRACE_POOL: z.string().refine(isName, `the pool a worker serves: ${NAME_RULE}`).default('default'),
  MILLRACE_JOBS: z.string().default('./jobs'),
  MILLRACE_FILE: z.string().optional(),
  MILLRACE_DATA_DIR: z.string().default('.millrace'),
  MILLRACE_JOURNAL: z
    .string()
    .refine((text) => !/^\w+:\/\//.test(text), 'the path of a SQLite file (sqlite:PATH); other databases are not supported yet')
    .optional(),
  MILLRACE_RUNNER_HEAP: bytes(32 * 2 ** 20).default(512 * 2 ** 20),
  // Under the patience of who has pressed Ctrl-C.
  MILLRACE_DRAIN_TIMEOUT: drain.default(5_000),
  MILLRACE_LOG_RATE: whole(1, 100_000, 'lines a second that are kept of an attempt').default(1_000),
  MILLRACE_LOG_BYTES: bytes(2 ** 20).default(20 * 2 ** 20),
  MILLRACE_RETENTION_LOGS: duration('1m').default(7 * DAY_MS),
  MILLRACE_RETENTION_JOBS: duration('1m').default(30 * DAY_MS),
  MILLRACE_RUNNER_ATTEMPTS: whole(0, 1_000_000_000, 'attempts after which a runner is replaced, 0 for never').default(1_000),
  MILLRACE_RUNNER_MEMORY: bytes(64 * 2 ** 20).optional(),
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s:/]+:\d+$|^\[[0-9a-f:]+\]:\d+$/i, 'host:port of a Temporal frontend, such as 127.0.0.1:7233')
    .optional(),
  TEMPORAL_NAMESPACE: z.string().default('millrace'),
});
