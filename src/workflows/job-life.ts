import { type CancellationScope, setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { Json } from '../index.ts';
import { effectivePriorityOf } from '../job/ageing.ts';
import { bandOf } from '../job/bands.ts';
import { firstRecord } from '../job/record.ts';
import type { EventNote, JobError, JobRecord, JobSpec, Limits, StepState } from '../job/spec.ts';
import type { AttemptOutcome, JobStatus, Reason, RollbackState } from '../job/status.ts';
import { journal } from './journal-sinks.ts';
import { searchAttributes } from './search-attributes.ts';
import { sentence } from './sentence.ts';

/** A job's end other than a good one. */
export type BadJobEnd = { status: 'FAILED' | 'ABORTED'; reason: Reason };
/** Why a job goes to its end although nothing of its own has failed. */
export type Stop = { end: BadJobEnd; rollback: boolean; at: number };

/** What a job knows of itself while it lives, and how it says so. */
export class JobLife {
  readonly spec: JobSpec;
  status: JobStatus = 'QUEUED';
  priority: number;
  /** How often it has moved up because it waited. */
  aged = 0;
  forced = false;
  held = false;
  halts = 0;
  losses = 0;
  failures = 0;
  /** Failures since the step, the undo or the failover began: these count against the retries. */
  tries = 0;
  /** Halts and losses of before the undo, or the failover, began: it has bounds of its own. */
  haltsBefore = 0;
  lossesBefore = 0;
  /** The number of the last attempt that was scheduled. */
  attempt = 0;
  attemptsEnded = 0;
  /** How the attempt before ended, where that moves the next one in line. */
  after: 'HALTED' | 'LOST' | undefined;
  checkpoint: Json = null;
  /** The memory limit of the next attempt, where it has grown beyond the job's own. */
  memoryBytes: number | undefined;
  stop: Stop | undefined;
  startsAt: number | undefined;
  /** When its queue timeout is over, while it is in line. */
  queueUntil: number | undefined;
  error: JobError | undefined;
  /** Dependencies that have not ended. */
  missing: string[];
  /** Jobs that wait for this one. */
  dependants: string[] = [];
  /** The gates that have let it in. */
  keys: { gate: string; ticket: number }[] = [];
  /** The number of its last ask at a gate. */
  tickets = 0;
  /** Where it waits to be let in. */
  atGate: { gate: string; ticket: number } | undefined;
  /** The gate where it waits does not know of it any more. */
  asksAgain = false;
  /** Its queue has a policy, as far as it knows. */
  isQueueGated: boolean;
  /** Its worker has given it back: what its queue's gate has given it counts no more. */
  isGivenBack = false;
  /** Forced past its keys. */
  ignoresKeys = false;
  failedOver = false;
  steps: StepState[];
  /** The step it is at. */
  step = 0;
  rollback: RollbackState | undefined;
  /** What the job ends with when its undoing is through. */
  endAfterRollback: BadJobEnd | undefined;
  /** The undoing is left where it is. */
  abandoned = false;
  /** When it began: at its creation, or when it was retried. */
  beganAt: number;
  rev = 0;
  /** How much this run has told. */
  #told = 0;
  /** How many Updates this run has taken. */
  updates = 0;

  /** Open while an attempt is in line or runs. */
  attemptScope: CancellationScope | undefined;
  /** The band Temporal has the open attempt in; `band` is the one it should be in. */
  appliedBand: number | undefined;
  /** The open attempt has been taken out of line: it never started. */
  withdrawn = false;

  constructor(spec: JobSpec, kept?: Kept) {
    this.spec = spec;
    const first = firstRecord(spec);
    this.status = first.status;
    this.priority = spec.priority;
    this.held = spec.hold;
    this.startsAt = first.startsAt;
    this.isQueueGated = spec.isQueueGated;
    this.missing = [...spec.dependencies];
    this.steps = spec.steps.map((step) => ({ ...step, status: 'PENDING' }));
    this.beganAt = spec.createdAt;
    // Key by key: what was undefined is not there after the way through Temporal, and must not stay as it was at the beginning.
    if (kept) Object.assign(this, Object.fromEntries(KEPT.map((key) => [key, kept[key]])));
    // What the version that an earlier run may be of did not know.
    this.aged ??= 0;
    this.isGivenBack ??= false;
  }

  /** All that the next run of the same job goes on with. */
  keep(): Kept {
    return Object.fromEntries(KEPT.map((key) => [key, this[key]])) as Kept;
  }

  get band(): number {
    return bandOf({ ...this.standing, priority: this.effectivePriority });
  }

  get effectivePriority(): number {
    return effectivePriorityOf(this);
  }

  /** What moves it in line, but for its priority. */
  get standing() {
    const { forced, halts, losses, after, undoing, step, steps } = this;
    const last = step === steps.length - 1;
    return {
      forced,
      halts,
      losses,
      after,
      step: undoing ? ('undo' as const) : step === 0 ? undefined : last ? ('last' as const) : ('later' as const),
    };
  }

  /** Asked to go to another end than its attempts would give it. */
  get isToStop(): boolean {
    return this.undoing ? this.abandoned : this.stop !== undefined;
  }

  /** Of the next attempt. */
  get limits(): Limits {
    const { limits } = this.spec.options;
    return { ...limits, memoryBytes: this.memoryBytes ?? limits.memoryBytes };
  }

  get undoing(): boolean {
    return this.endAfterRollback !== undefined;
  }

  /** The job as it stands now, without telling anybody. */
  snapshot(events: EventNote[] = []): JobRecord {
    const { status, stop } = this;
    return {
      jobId: this.spec.id,
      rev: this.rev,
      key: `${workflowInfo().runId.slice(-12)}.${this.#told}`,
      at: Date.now(),
      status,
      priority: this.priority,
      effectivePriority: this.effectivePriority,
      // An undo that waits for its next try is in no line.
      band: status === 'QUEUED' || (status === 'ROLLING_BACK' && this.startsAt === undefined) ? this.band : null,
      forced: this.forced,
      halts: this.halts,
      losses: this.losses,
      failures: this.failures,
      attemptsEnded: this.attemptsEnded,
      ...(this.startsAt === undefined ? {} : { startsAt: this.startsAt }),
      ...(stop?.end.status === 'ABORTED' ? { abortRequestedAt: stop.at } : {}),
      ...(this.error ? { error: this.error } : {}),
      ...(this.held ? { held: true } : {}),
      ...(this.atGate ? { gate: this.atGate.gate } : {}),
      ...(this.failedOver ? { failedOver: true } : {}),
      ...(this.steps.length > 0 ? { steps: this.steps } : {}),
      ...(this.rollback ? { rollback: this.rollback } : {}),
      events,
    };
  }

  /** What a run says first, unless it only goes on with the one before. */
  tellBegun(kept: Kept | undefined): void {
    if (kept?.retriedFrom) this.tell([{ kind: 'RETRIED', detail: { from: kept.retriedFrom } }, { kind: 'QUEUED' }]);
    if (kept) return;
    this.rev = 1;
    journal.record(firstRecord(this.spec));
    setCurrentDetails(sentence(this));
  }

  /** Tells the journal, and Temporal's Web UI what is worth an event. */
  tell(
    events: EventNote[],
    extra: {
      status?: JobStatus;
      reason?: Reason;
      result?: Json;
      finishedAt?: number;
      ended?: { number: number; outcome: AttemptOutcome; error?: JobError };
    } = {},
  ): JobRecord {
    const { status, ...rest } = extra;
    if (status && status !== this.status) {
      this.status = status;
      upsertSearchAttributes([{ key: searchAttributes.status, value: status }]);
    }
    // By the time and not by one: a job that is reset in Temporal goes on with newer records than those it has told before.
    this.#told += 1;
    this.rev = Math.max(this.rev + 1, Date.now());
    const record = { ...this.snapshot(events), ...rest };
    // With the spec, so that the row can be made where whoever started the job could not.
    journal.record({ ...record, spec: this.spec });
    setCurrentDetails(rest.reason ? `${this.status}: ${rest.reason.message}` : sentence(this));
    return record;
  }
}

const KEPT = [
  'status',
  'priority',
  'aged',
  'forced',
  'held',
  'halts',
  'losses',
  'failures',
  'tries',
  'haltsBefore',
  'lossesBefore',
  'attempt',
  'attemptsEnded',
  'after',
  'checkpoint',
  'memoryBytes',
  'stop',
  'startsAt',
  'queueUntil',
  'error',
  'missing',
  'dependants',
  'keys',
  'tickets',
  'isQueueGated',
  'isGivenBack',
  'ignoresKeys',
  'failedOver',
  'steps',
  'step',
  'rollback',
  'endAfterRollback',
  'abandoned',
  'beganAt',
  'rev',
] as const satisfies (keyof JobLife)[];
/** What a job carries from one run of its workflow to the next. */
export type Kept = Pick<JobLife, (typeof KEPT)[number]> & {
  /** Set where a final job begins again. */
  retriedFrom?: 'START' | 'FAILED_STEP';
};
