import type { GatePolicy } from '../job/gate.ts';
import type { AttemptOutcome, ReasonCode } from '../job/status.ts';
import type { JobError, JobOptions, JobRecord, JobSpec, Limits, StepSpec } from '../job/spec.ts';
import type { BulkCounts, BulkSpec, BulkStatus, Refusal } from '../job/bulk.ts';
import type { Annotations, Json } from '../index.ts';
import type { Namespace } from './namespace.ts';

/** Everything that is ever written to the journal, by whom, and in which words. All of it but log lines may be told twice. */
export type Entry =
  | { kind: 'job'; record: JobRecord }
  | { kind: 'attemptStarted'; attempt: AttemptStart }
  | { kind: 'attemptEnded'; attempt: AttemptEnd }
  | { kind: 'progress'; jobId: string; number: number; fraction: number; at: number }
  | { kind: 'log'; jobId: string; number: number; lines: LoggedLine[] }
  | { kind: 'usage'; samples: AttemptSample[] }
  | { kind: 'abortGrace'; jobId: string; graceMs: number }
  | { kind: 'queuePolicy'; queue: string; policy: GatePolicy }
  /** Jobs that a sweep moves out of Temporal's line, or has not moved after all. */
  | { kind: 'linePaused'; jobIds: string[]; paused: boolean }
  /** Jobs that have been moved back, each to the tail of its band at its time. */
  | { kind: 'lineResumed'; moved: { jobId: string; at: number }[] }
  | { kind: 'worker'; worker: WorkerState }
  /** All that a worker can run. */
  | { kind: 'jobTypes'; pool: string; workerId: string; at: number; types: PublishedType[] }
  /** A job has been sent word of how one that it depends on ended, whether or not it still waits for that. */
  | { kind: 'dependencyTold'; jobId: string; dependency: string }
  | { kind: 'terminated'; jobId: string; at: number; code: ReasonCode; message: string }
  /** All that Temporal's history has of a job, told again. */
  | { kind: 'reconciled'; jobId: string; at: number; entries: Entry[] }
  /** With when it was created: another job may have its id by now. And, for the pruner, with when it must have ended: it may run again by now. */
  | { kind: 'deleted'; jobId: string; createdAt: number; at: number; finishedBefore?: number }
  /** Whoever is first to tell of a bulk operation finds its jobs. */
  | { kind: 'bulkBegun'; spec: BulkSpec }
  | { kind: 'bulkProgress'; id: string; counts: BulkCounts; errors: { jobId: string; error: Refusal }[] }
  | { kind: 'bulkEnded'; id: string; status: BulkStatus; at: number }
  /** Rows that are kept no longer. `before`: the feed was gone through up to that time, and has no beginning any more. */
  | { kind: 'pruned'; table: PrunedTable; seqs: number[]; before?: number }
  /** Whose jobs the journal keeps, where it does not know yet. */
  | { kind: 'namespace'; namespace: Namespace }
  /** All that Temporal knew when this very journal was made stands in it. */
  | { kind: 'complete'; journalId: string };

/** What is kept for a while only, as tables with a time `at` that grows with the rows. */
export const KEPT_FOR_A_WHILE = ['event', 'log_line', 'usage_sample'] as const;
export type PrunedTable = (typeof KEPT_FOR_A_WHILE)[number];

/** With the spec, so that the job's row can be made where its worker is quicker to tell than who has created it. */
export type AttemptStart = {
  spec?: JobSpec;
  jobId: string;
  number: number;
  workflowId: string;
  activityId: string;
  step?: string | undefined;
  undo?: boolean | undefined;
  workerId: string;
  host: string;
  pid: number | null;
  at: number;
  /** Not written where its queue keeps it by now: so a policy that is written after it finds it, and one before stops it. */
  unlessKept?: { queue: string; passedGate: boolean };
};
export type AttemptEnd = {
  jobId: string;
  number: number;
  /** Which start of that number has ended, for who knows: a job that was reset in Temporal may have started it again since. */
  startedAt?: number;
  at: number;
  outcome: AttemptOutcome;
  result?: Json;
  error?: JobError;
  code?: ReasonCode;
  exitCode?: number | null;
  signal?: string | null;
  killMs?: number;
  killedPids?: number[];
  annotations?: Annotations;
  peakMemoryBytes?: number;
  cpuSeconds?: number;
  /** Set for what its worker tells, which does so when nobody of its tree is left. */
  areProcessesGone?: true;
};
/** What an attempt's processes used at one moment: `cpuPercent` is the share of one core since the sample before, `cpuSeconds` counts from its start. */
export type AttemptSample = { jobId: string; number: number; at: number; memoryBytes: number; cpuPercent: number; cpuSeconds: number };
/** `dropped`: lines left out before this one. DROPPED is no line, but their count where none has followed. */
export type LoggedLine = { at: number; stream: 'STDOUT' | 'STDERR' | 'DROPPED'; text: string; dropped: number };
export type WorkerState = {
  id: string;
  host: string;
  pool: string;
  pid: number;
  slots: number;
  busy: number;
  status: 'RUNNING' | 'DRAINING' | 'STOPPED';
  jobTypes: string[];
  /** Job modules that could not be loaded, and why. */
  problems: string[];
  startedAt: number;
  at: number;
  drainsUntil: number | null;
  cpuPercent: number | null;
  memoryBytes: number | null;
};
/** A job type as a worker publishes it: the api checks payloads by it and never loads the code. */
export type PublishedType = { name: string; description: string | null; payloadSchema: Json; defaults: TypeDefaults; steps?: StepSpec[] };
export type TypeDefaults = Partial<Omit<JobOptions, 'startAt' | 'retry' | 'limits'>> & {
  queue?: string;
  pool?: string;
  priority?: number;
  limits?: Partial<Limits>;
  retry?: Partial<JobOptions['retry']>;
};
