import type { Json } from '../index.ts';
import type { AttemptOutcome, JobEventKind, JobStatus, Reason, RollbackState, StepStatus } from './status.ts';

/** How a failed job is tried again. */
export type Retry = { maxAttempts: number; delayMs: number; backoff: number; maxDelayMs: number; jitter: boolean };

/** What one attempt may use, its children included; null: as much as there is. */
export type Limits = {
  /** Resident memory. */
  memoryBytes: number | null;
  cpuSeconds: number | null;
  /** Over some seconds; 100 is one core. */
  cpuPercent: number | null;
  /** Passing memoryBytes is not the end: the next attempt may use so many times more, until it may use upTo. */
  onMemoryLimit: { retryWith: number; upTo: number } | null;
};

/** What was asked for, defaults filled in. */
export type JobOptions = {
  /** ms since 1970: not in line before. */
  startAt: number | null;
  timeoutMs: number | null;
  /** A timeout is not retried. */
  timeoutIsFinal: boolean;
  /** In line for longer than this fails the job. */
  queueTimeoutMs: number | null;
  /** From its creation to its end. */
  deadlineMs: number | null;
  graceMs: number;
  retry: Retry;
  maxHalts: number;
  onDependencyFailure: 'FAIL' | 'RUN_ANYWAY';
  onLost: 'RUN_AGAIN' | 'FAIL';
  /** In line for this long it moves up one priority, each time. 0: never. */
  ageAfterMs: number;
  /** Undo the finished steps when the job fails or is aborted. */
  rollback: boolean;
  /** One job of its type at a time. */
  exclusive: boolean;
  /** So many jobs of this key at a time. */
  concurrency: { key: string; limit: number } | null;
  limits: Limits;
  /** The type whose handler runs when this one's retries are used up. */
  failover: string | null;
};

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
  /** Ids of the jobs it waits for. */
  dependencies: readonly string[];
  /** Created on hold. */
  hold: boolean;
  /** In the order they run; none for a job of one piece. */
  steps: readonly StepSpec[];
  /** Its queue had a policy when it was created: it asks there before it gets in line. */
  isQueueGated: boolean;
  /** ms since 1970, by the api's clock. */
  createdAt: number;
};

export type StepSpec = { name: string; hasUndo: boolean };
/** A step as its job keeps it. The worker knows which runs. */
export type StepState = StepSpec & { status: StepStatus; result?: Json; error?: JobError };

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
  /** Names it among all that are ever told of the job: the same when a workflow task is done again, at another time. */
  key: string;
  /** ms since 1970, the workflow's time: the same in a replay. */
  at: number;
  status: JobStatus;
  priority: number;
  /** With what it has gained by waiting. */
  effectivePriority: number;
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
  held?: boolean;
  /** Where it waits to be let in. */
  gate?: string;
  failedOver?: boolean;
  steps?: StepState[];
  rollback?: RollbackState;
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
  /** Its queue's gate has let it in, so that a limit does not keep it; a pause does. */
  passedGate?: true;
  /** Its queue's pause and limit do not count. */
  forced?: true;
  /** The type whose handler runs, where that is not the job's own. */
  handler?: string;
  step?: { name: string; undo: boolean; results: Record<string, Json> };
  /** Its memory limit, where it has grown beyond the job's own. */
  memoryBytes?: number;
  /** When its job's deadline is over, ms since 1970; none for an undo. */
  deadlineAt?: number;
};

/** An attempt's good end. `adopted`: the lost attempt before this one had ended so already. */
export type AttemptResult = { result: Json; adopted?: true };

export const PRODUCT_DEFAULTS = {
  queue: 'default',
  pool: 'default',
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
    rollback: true,
    exclusive: false,
    concurrency: null,
    limits: { memoryBytes: null, cpuSeconds: null, cpuPercent: null, onMemoryLimit: null },
    failover: null,
  } satisfies JobOptions,
  dependencies: [],
  hold: false,
  steps: [],
  isQueueGated: false,
} as const;

/** A spec of a version that had fewer fields: jobs under way live longer than a release. */
export const completed = (spec: JobSpec): JobSpec => ({
  ...spec,
  dependencies: spec.dependencies ?? [],
  hold: spec.hold ?? false,
  steps: spec.steps ?? [],
  isQueueGated: spec.isQueueGated ?? false,
  options: { ...PRODUCT_DEFAULTS.options, ...spec.options },
});

/**
 * Sizes a job may have. Temporal's own bound is 2 MiB a blob: an attempt is given the payload, the checkpoint and what the steps before it have
 * returned in one.
 */
export const LIMITS = {
  payloadBytes: 2 ** 20,
  resultBytes: 2 ** 20,
  stepResultsBytes: 2 ** 19,
  checkpointBytes: 2 ** 17,
  metadataBytes: 16_384,
  annotationsBytes: 16_384,
  tags: 50,
  keyLength: 200,
  dependencies: 1_000,
  tagLength: 64,
  jobsPerRequest: 1_000,
  messageLength: 1_000,
};
