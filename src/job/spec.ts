import type { Json } from '../index.ts';
import type { JobStatus, Reason, JobEventKind, AttemptOutcome } from './status.ts';

/** How a failed job is tried again. */
export type Retry = { maxAttempts: number; delayMs: number; backoff: number; maxDelayMs: number; jitter: boolean };

/** What was asked for, defaults filled in. */
export type JobOptions = { timeoutMs: number | null; graceMs: number; retry: Retry; maxHalts: number };

/** All a job is created with: the input of its workflow. */
export type JobSpec = {
  id: string;
  type: string;
  payload: Json;
  queue: string;
  pool: string;
  /** 1 to 10. */
  priority: number;
  tags: string[];
  metadata: Json;
  options: JobOptions;
  /** ms since 1970, by the api's clock. */
  createdAt: number;
};

/** An error as it crosses processes: never an Error object, always these fields. */
export type JobError = { name: string; message: string; stack?: string; retryable: boolean };

/** One line of the feed, as the side that saw it tells it. */
export type EventNote = { kind: JobEventKind; detail?: Json };

/**
 * What a workflow says of its job at one moment. `rev` grows each time, so that a record that is told twice or
 * arrives late changes nothing.
 */
export type JobRecord = {
  jobId: string;
  rev: number;
  /** ms since 1970, the workflow's time: the same in a replay. */
  at: number;
  status: JobStatus;
  priority: number;
  band: number | null;
  forced: boolean;
  halts: number;
  losses: number;
  failures: number;
  /** Attempts whose end the workflow knows; a started one beyond it runs. */
  attemptsEnded: number;
  startsAt?: number;
  abortRequestedAt?: number;
  reason?: Reason;
  error?: JobError;
  result?: Json;
  finishedAt?: number;
  /** The attempt whose end led to this record. */
  ended?: { number: number; outcome: AttemptOutcome; error?: JobError };
  events: EventNote[];
  /** Told with it, so that the row can be made where there is none yet. */
  spec?: JobSpec;
};

/** What a worker is given to run: the activity's input. */
export type AttemptInput = {
  spec: JobSpec;
  number: number;
  /** The attempt before was lost: if its outcome is on record, that counts and nothing runs again. */
  adoptLost: boolean;
  checkpoint: Json;
};

/** An attempt's good end. `adopted`: the lost attempt before this one had ended so already. */
export type AttemptResult = { result: Json; adopted?: true };

export const PRODUCT_DEFAULTS = {
  queue: 'default',
  pool: 'default',
  options: {
    timeoutMs: null,
    graceMs: 5_000,
    retry: { maxAttempts: 3, delayMs: 1_000, backoff: 2, maxDelayMs: 3_600_000, jitter: true },
    maxHalts: 3,
  } satisfies JobOptions,
} as const;

/** Sizes a job may have. Temporal's own bound is 2 MiB a blob. */
export const LIMITS = {
  payloadBytes: 2 ** 20,
  resultBytes: 2 ** 20,
  metadataBytes: 16_384,
  tags: 50,
  tagLength: 64,
  jobsPerRequest: 1_000,
  messageLength: 1_000,
};
