import type { Json } from '../../src/index.ts';
import { gateOfKey, gateOfQueue, gateOfType } from '../../src/job/gate.ts';
import type { Limits, Retry } from '../../src/job/spec.ts';
import type { AttemptOutcome, JobStatus, ReasonCode, RollbackState, StepStatus } from '../../src/job/status.ts';

/** Two that have one slot each, and one that no worker serves. */
export const POOLS = ['default', 'aside', 'nobody'] as const;
export type PoolName = (typeof POOLS)[number];
export type IfExists = 'ERROR' | 'RETURN_EXISTING';

/** What a job of the model is created with. */
export type Created = {
  id: string;
  priority: number;
  hold: boolean;
  /** The last two are an hour from now. */
  start: 'now' | 'past' | 'delay' | 'startAt';
  dependencies: string[];
  runAnyway: boolean;
  exclusive: boolean;
  /** So many of its key at a time. */
  keyLimit: 1 | 2 | undefined;
  inQueue: boolean;
  /** Three steps, each with its undo. */
  steps: boolean;
  rollback: boolean;
  failover: boolean;
  failIfLost: boolean;
  retry: Retry;
  maxHalts: number;
  /**
   * A clock that is short enough to end it (or each of its attempts) by itself: it cannot run, or never ends, before. `stepTimeout`: the
   * first attempt succeeds at once, all others time out, undos as well. `long`: all of them, in vain.
   */
  clock: 'none' | 'long' | 'timeout' | 'stepTimeout' | 'queueTimeout' | 'deadline';
  pool: PoolName;
  limits: Limits;
  graceMs: number;
  /** Far longer than a sequence takes, or 0: never. */
  ageAfterMs: number;
  tags: string[];
  metadata: Json;
  /** Means nothing where the id is free. */
  ifExists: IfExists | undefined;
  /** Of what is as it is by default nothing is said. */
  leavesDefaults: boolean;
};

export type ModelJob = Created & {
  status: JobStatus;
  reason: ReasonCode | undefined;
  forced: boolean;
  ignoresKeys: boolean;
  held: boolean;
  scheduled: boolean;
  /** The wait before its next try is so short that it is over before anything else is done. */
  dozes: boolean;
  missing: Set<string>;
  /** Its queue had a policy when it was created. */
  isGated: boolean;
  halts: number;
  losses: number;
  failures: number;
  /** These count from when the step, the undo or the failover began. */
  tries: number;
  haltsBefore: number;
  lossesBefore: number;
  aged: number;
  after: 'HALTED' | 'LOST' | undefined;
  /** Of each attempt that has started. */
  outcomes: (AttemptOutcome | null)[];
  /** After which attempts it was tried again: with what wait, or with how much memory. */
  retries: ({ attempt: number; waitMs: number } | { attempt: number; memoryBytes: number })[];
  /** The memory limit of its next attempt. */
  memoryBytes: number | null;
  failedOver: boolean;
  step: number;
  stepStatuses: StepStatus[];
  undoing: boolean;
  abandoned: boolean;
  rollbackState: RollbackState | null;
  endAfterRollback: { status: 'FAILED' | 'ABORTED'; reason: ReasonCode } | undefined;
  /** The gates that have let it in. */
  keys: Set<string>;
  /** Where it stands: in Temporal's line, taken out of it with its paused queue, or at a gate; since when, and in which band. */
  place: 'line' | 'swept' | `${'type' | 'key' | 'queue'}:${string}` | undefined;
  since: number;
  lastBand: number | undefined;
};

export const newJob = (created: Created): ModelJob => ({
  ...created,
  status: 'QUEUED',
  reason: undefined,
  forced: false,
  ignoresKeys: false,
  held: created.hold,
  scheduled: created.start === 'delay' || created.start === 'startAt',
  dozes: false,
  missing: new Set(),
  isGated: false,
  halts: 0,
  losses: 0,
  failures: 0,
  tries: 0,
  haltsBefore: 0,
  lossesBefore: 0,
  aged: 0,
  after: undefined,
  outcomes: [],
  retries: [],
  memoryBytes: created.limits.memoryBytes,
  failedOver: false,
  step: 0,
  stepStatuses: created.steps ? ['PENDING', 'PENDING', 'PENDING'] : [],
  undoing: false,
  abandoned: false,
  rollbackState: null,
  endAfterRollback: undefined,
  keys: new Set(),
  place: undefined,
  since: 0,
  lastBand: undefined,
});

export const effectivePriority = ({ priority, aged }: ModelJob): number => Math.min(10, priority + aged);

export function band(job: ModelJob): number {
  if (job.undoing || (job.after === 'LOST' && job.losses <= 2)) return 1;
  if (job.forced) return 2;
  if (job.after === 'HALTED' && job.halts === 1) return 3;
  if (job.step > 0) return job.step === job.stepStatuses.length - 1 ? 4 : 5;
  return 16 - effectivePriority(job);
}

export const isFinal = ({ status }: { status: JobStatus }): boolean => ['SUCCEEDED', 'FAILED', 'ABORTED'].includes(status);
/** In line, or at a gate. */
export const isWaitingInLine = ({ status, place }: ModelJob): boolean => status === 'QUEUED' && place !== undefined;

/** The names of what a sequence shares among its jobs, and with no other sequence. */
export class Names {
  readonly queue: string;
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.queue = prefix;
  }

  typeOf = ({ steps, failover }: Pick<Created, 'steps' | 'failover'>): string =>
    steps ? 'model.steps' : failover ? 'model.fails-over' : 'model.whole';
  keyOf = (limit: number): string => `${this.#prefix}-${limit}`;

  /** The key and the exclusive type that a job asks for. */
  keysOf({ exclusive, keyLimit, ...job }: Pick<Created, 'exclusive' | 'keyLimit' | 'steps' | 'failover'>): string[] {
    return [...(exclusive ? [gateOfType(this.typeOf(job))] : []), ...(keyLimit ? [gateOfKey(this.keyOf(keyLimit))] : [])];
  }

  /** What it needs besides a slot, in the order in which it asks. */
  gatesOf(job: ModelJob): { gate: string; limit: number | undefined }[] {
    const { exclusive, keyLimit, ignoresKeys, isGated, forced, undoing } = job;
    return [
      ...(exclusive && !ignoresKeys ? [{ gate: gateOfType(this.typeOf(job)), limit: 1 }] : []),
      ...(keyLimit && !ignoresKeys ? [{ gate: gateOfKey(this.keyOf(keyLimit)), limit: keyLimit }] : []),
      // As the queue's policy says.
      ...(isGated && !forced && !undoing ? [{ gate: gateOfQueue(this.queue), limit: undefined }] : []),
    ];
  }
}
