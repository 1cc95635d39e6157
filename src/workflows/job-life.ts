import { type CancellationScope, proxySinks, setCurrentDetails, type Sinks, upsertSearchAttributes } from '@temporalio/workflow';
import type { Json } from '../index.ts';
import { bandOf } from '../job/bands.ts';
import { firstRecord } from '../job/record.ts';
import type { EventNote, JobError, JobRecord, JobSpec } from '../job/spec.ts';
import type { AttemptOutcome, JobStatus, Reason } from '../job/status.ts';
import { searchAttributes } from './search-attributes.ts';

/** The orchestrator's door to the journal: no event in the history, no delay. */
export interface JournalSinks extends Sinks {
  journal: { record(record: JobRecord): void };
}

const { journal } = proxySinks<JournalSinks>();

/** What a job knows of itself while it lives, and how it says so. */
export class JobLife {
  readonly spec: JobSpec;
  status: JobStatus = 'QUEUED';
  priority: number;
  forced = false;
  halts = 0;
  losses = 0;
  failures = 0;
  /** The number of the last attempt that was scheduled. */
  attempt = 0;
  attemptsEnded = 0;
  /** How the attempt before ended, where that moves the next one in line. */
  after: 'HALTED' | 'LOST' | undefined;
  checkpoint: Json = null;
  abortMessage: string | undefined;
  abortRequestedAt: number | undefined;
  startsAt: number | undefined;
  error: JobError | undefined;
  /** Open while an attempt is in line or runs. */
  attemptScope: CancellationScope | undefined;
  /** The band Temporal has the open attempt in; `band` is the one it should be in. */
  appliedBand: number | undefined;
  #rev = 0;

  constructor(spec: JobSpec) {
    this.spec = spec;
    this.priority = spec.priority;
  }

  get band(): number {
    return bandOf(this);
  }

  get abortAsked(): boolean {
    return this.abortRequestedAt !== undefined;
  }

  /** The job as it stands now, without telling anybody. */
  snapshot(events: EventNote[] = []): JobRecord {
    return {
      jobId: this.spec.id,
      rev: this.#rev,
      at: Date.now(),
      status: this.status,
      priority: this.priority,
      band: this.status === 'QUEUED' ? this.band : null,
      forced: this.forced,
      halts: this.halts,
      losses: this.losses,
      failures: this.failures,
      attemptsEnded: this.attemptsEnded,
      ...(this.startsAt === undefined ? {} : { startsAt: this.startsAt }),
      ...(this.abortRequestedAt === undefined ? {} : { abortRequestedAt: this.abortRequestedAt }),
      ...(this.error ? { error: this.error } : {}),
      events,
    };
  }

  tellCreated(): void {
    this.#rev = 1;
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
    this.#rev = Math.max(this.#rev + 1, Date.now());
    const record = { ...this.snapshot(events), ...rest };
    // With the spec, so that the row can be made where whoever started the job could not.
    journal.record({ ...record, spec: this.spec });
    setCurrentDetails(rest.reason ? `${this.status}: ${rest.reason.message}` : sentence(this));
    return record;
  }
}

/** Why the job is where it is, for its page in Temporal's Web UI. */
function sentence(job: JobLife): string {
  const counted = `${job.failures} failures, ${job.halts} halts, ${job.losses} losses so far.`;
  switch (job.status) {
    case 'QUEUED':
      return `In line in pool ${job.spec.pool}, band ${job.band} (1 is served first), or running: see the pending activity. ${counted}`;
    case 'SCHEDULED':
      return `Waits for its next try until ${new Date(job.startsAt ?? 0).toISOString()}. ${counted}`;
    default:
      return `${job.status}. ${counted}`;
  }
}
