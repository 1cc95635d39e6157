import { gateOfKey, gateOfQueue, gateOfType } from '../../src/job/gate.ts';
import type { AttemptOutcome, JobStatus, ReasonCode, RollbackState, StepStatus } from '../../src/job/status.ts';

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
  maxAttempts: number;
  maxHalts: number;
  /** A clock that is short enough to end it (or each of its attempts) by itself: it cannot run, or never ends, before. `long`: all of them, in vain. */
  clock: 'none' | 'long' | 'timeout' | 'queueTimeout' | 'deadline';
};

export type ModelJob = Created & {
  status: JobStatus;
  reason: ReasonCode | undefined;
  forced: boolean;
  ignoresKeys: boolean;
  held: boolean;
  scheduled: boolean;
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

  typeOf = ({ steps, failover }: Created): string => (steps ? 'test.script-steps' : failover ? 'test.script-fails-over' : 'test.script');
  keyOf = (limit: number): string => `${this.#prefix}-${limit}`;

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
