import { bandOf } from '../../src/job/bands.ts';
import type { JobStatus } from '../../src/job/status.ts';

/** What a job of the model is created with. */
export type Created = {
  id: string;
  priority: number;
  hold: boolean;
  delay: boolean;
  dependencies: string[];
  runAnyway: boolean;
  exclusiveKey: boolean;
  inQueue: boolean;
};

export type Operation =
  | { do: 'create'; job: Created }
  | { do: 'setPriority'; id: string; priority: number }
  | { do: 'forceStart'; id: string; ignoreDependencies: boolean }
  | { do: 'abort' | 'hold' | 'release'; id: string }
  | { do: 'pauseQueue' | 'resumeQueue' }
  /** The attempt that runs ends so. */
  | { do: 'succeed' | 'fail' | 'halt' };

export type ModelJob = Created & {
  status: JobStatus;
  forced: boolean;
  held: boolean;
  scheduled: boolean;
  missing: Set<string>;
  halts: number;
  failures: number;
  after: 'HALTED' | undefined;
  attempts: number;
  hasKey: boolean;
  /** Where it stands: in Temporal's line, or at the gate of the key or of the queue; and since when. */
  place: 'line' | 'key' | 'queue' | undefined;
  since: number;
};

export const MAX_ATTEMPTS = 2;
export const MAX_HALTS = 2;

/**
 * The rules of the line, of waiting and of the one slot, without any process: what the real system must do. All that happens
 * at the same moment (a queue that is resumed) has the same age: whose turn comes first is not said.
 */
export class Model {
  readonly jobs = new Map<string, ModelJob>();
  /** Ids in the order their attempts started. */
  readonly started: string[] = [];
  running: string | undefined;
  isPaused = false;
  #now = 0;
  /** Whose turn it may be as well, for what happens at one moment has no order. */
  #turn: string[] = [];

  apply(operation: Operation): void {
    this.#now += 1;
    const line = this.#in('line');
    const before = this.running;
    this.#change(operation);
    this.#settle();
    // A slot that gets free may take who stands in line at that moment, before those that the same end brings there.
    const isFreed = before !== undefined && this.running === undefined;
    // One that is free takes whoever gets there first of those that are let go on together.
    const together = before === undefined ? this.#in('line').filter(({ since }) => since === this.#now) : [];
    const stillThere = line.filter(({ status, place }) => status === 'QUEUED' && place === 'line');
    this.#turn = isFreed ? firstOf(stillThere) : together.map(({ id }) => id);
  }

  #change(operation: Operation): void {
    switch (operation.do) {
      case 'create':
        return this.#create(operation.job);
      case 'setPriority':
        this.#open(operation.id, (job) => (job.priority = operation.priority));
        break;
      case 'forceStart':
        this.#open(operation.id, (job) => {
          job.forced = true;
          job.held = false;
          job.scheduled = false;
          if (operation.ignoreDependencies) job.missing.clear();
        });
        break;
      case 'hold':
        this.#open(operation.id, (job) => (job.held = true));
        break;
      case 'release':
        this.#open(operation.id, (job) => (job.held = false));
        break;
      case 'abort':
        this.#open(operation.id, (job) => this.#end(job, 'ABORTED'));
        break;
      case 'pauseQueue':
        this.isPaused = true;
        break;
      case 'resumeQueue':
        this.isPaused = false;
        break;
      case 'succeed':
      case 'fail':
      case 'halt':
        this.#ended(operation.do);
        break;
    }
  }

  /** Who may start now: more than one where the rules do not say who is first. None while the slot is taken. */
  candidates(): string[] {
    if (this.running !== undefined) return [];
    return [...new Set([...firstOf(this.#in('line')), ...this.#turn])];
  }

  start(id: string): void {
    const job = this.jobs.get(id)!;
    this.running = id;
    job.status = 'RUNNING';
    job.place = undefined;
    job.attempts += 1;
    this.started.push(id);
    this.#turn = [];
  }

  #create(created: Created): void {
    const missing = created.dependencies.filter((id) => !isFinal(this.jobs.get(id)!));
    const failed = created.dependencies.some((id) => ['FAILED', 'ABORTED'].includes(this.jobs.get(id)!.status));
    const job: ModelJob = {
      ...created,
      status: 'QUEUED',
      forced: false,
      held: created.hold,
      scheduled: created.delay,
      missing: new Set(missing),
      halts: 0,
      failures: 0,
      after: undefined,
      attempts: 0,
      hasKey: false,
      place: undefined,
      since: 0,
    };
    this.jobs.set(job.id, job);
    if (failed && !created.runAnyway) this.#end(job, 'FAILED');
  }

  #ended(how: 'succeed' | 'fail' | 'halt'): void {
    const job = this.jobs.get(this.running ?? '');
    if (!job) return;
    this.running = undefined;
    job.status = 'QUEUED';
    job.after = undefined;
    if (how === 'succeed') return this.#end(job, 'SUCCEEDED');
    if (how === 'halt') {
      job.halts += 1;
      job.after = 'HALTED';
      if (job.halts > MAX_HALTS) this.#end(job, 'FAILED');
      return;
    }
    job.failures += 1;
    job.forced = false;
    job.scheduled = true;
    if (job.failures >= MAX_ATTEMPTS) this.#end(job, 'FAILED');
  }

  #end(job: ModelJob, status: JobStatus): void {
    if (this.running === job.id) this.running = undefined;
    job.status = status;
    job.place = undefined;
    job.hasKey = false;
    for (const other of this.jobs.values()) {
      if (!other.missing.delete(job.id)) continue;
      if (status !== 'SUCCEEDED' && !other.runAnyway && !isFinal(other)) this.#end(other, 'FAILED');
    }
  }

  /** Moves every job to where it now has to be. */
  #settle(): void {
    for (const job of this.jobs.values()) {
      if (isFinal(job) || job.id === this.running) continue;
      job.status = job.held ? 'HELD' : job.missing.size > 0 ? 'WAITING' : job.scheduled ? 'SCHEDULED' : 'QUEUED';
      if (job.status === 'QUEUED') continue;
      job.place = undefined;
      job.hasKey = false;
    }
    for (const job of this.jobs.values()) if (job.status === 'QUEUED') this.#place(job);
    this.#grantKey();
  }

  #place(job: ModelJob): void {
    const isKept = job.inQueue && this.isPaused && !job.forced;
    const before = job.place;
    job.place = job.exclusiveKey && !job.hasKey ? 'key' : isKept ? 'queue' : 'line';
    if (job.place !== before || this.#bandBefore.get(job) !== band(job)) job.since = this.#now;
    this.#bandBefore.set(job, band(job));
  }
  readonly #bandBefore = new Map<ModelJob, number>();

  /** One at a time has the key, from its turn in line to its end or its next wait. */
  #grantKey(): void {
    if (Array.from(this.jobs.values()).some(({ hasKey }) => hasKey)) return;
    const [next] = this.#in('key');
    if (!next) return;
    next.hasKey = true;
    this.#place(next);
  }

  #in(place: ModelJob['place']): ModelJob[] {
    return Array.from(this.jobs.values())
      .filter((job) => job.place === place && job.status === 'QUEUED')
      .toSorted((a, b) => band(a) - band(b) || a.since - b.since);
  }

  #open(id: string, change: (job: ModelJob) => unknown): void {
    const job = this.jobs.get(id);
    if (job && !isFinal(job)) change(job);
  }
}

/** The oldest of the lowest band; several where they are of one age. */
function firstOf(line: ModelJob[]): string[] {
  const [first] = line;
  return line.filter((job) => first && band(job) === band(first) && job.since === first.since).map(({ id }) => id);
}

export const band = ({ priority, forced, halts, after }: ModelJob): number => bandOf({ priority, forced, halts, losses: 0, after });
export const isFinal = ({ status }: { status: JobStatus }): boolean => ['SUCCEEDED', 'FAILED', 'ABORTED'].includes(status);
