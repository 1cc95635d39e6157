import { gateOfQueue } from '../../src/job/gate.ts';
import type { JobStatus, ReasonCode } from '../../src/job/status.ts';
import { abandon, type AttemptEnd, attemptEnded, conclude, type Decision } from './ends.ts';
import {
  band,
  type Created,
  effectivePriority,
  type IfExists,
  isFinal,
  isWaitingInLine,
  type ModelJob,
  Names,
  newJob,
  type PoolName,
  POOLS,
} from './job.ts';
import { byTurn, Line } from './line.ts';

export type Operation =
  | { do: 'create'; job: Created }
  /** With the id of a job that is there. */
  | { do: 'createAgain'; job: Created; ifExists: IfExists | undefined }
  | { do: 'setPriority'; id: string; priority: number }
  | { do: 'forceStart'; id: string; ignoreDependencies: boolean; ignoreConcurrency: boolean }
  | { do: 'abort'; id: string; rollback?: false }
  | { do: 'hold' | 'release' | 'age'; id: string }
  | { do: 'pauseQueue' | 'resumeQueue' }
  | { do: 'setQueueLimit'; limit: number }
  /** The attempt that runs ends so. */
  | { do: Exclude<AttemptEnd, 'timeOut'>; id: string };

/**
 * The rules of the line, of waiting, of steps and of pools with a slot, without any process: what the real system must do. All
 * that happens at the same moment (a queue that is resumed, several that have waited for one job) has the same age: whose turn comes
 * first is not said.
 */
export class Model {
  readonly names: Names;
  readonly jobs = new Map<string, ModelJob>();
  readonly lines = new Map(POOLS.map((pool) => [pool, new Line(pool !== 'nobody')]));
  /** Ids in the order their attempts started. */
  readonly started: string[] = [];
  /** What was decided after each bad end, since it was last taken away. */
  readonly decisions: Decision[] = [];
  isPaused = false;
  /** null: the queue has no limit, and no policy while it is not paused. */
  limit: number | null;
  losses = 0;
  /** Attempts that have passed a limit. */
  excesses = 0;
  #now = 0;
  /**
   * Have got in line since their queue was paused. What becomes of them is not said: a worker that has a slot gives them back, its sweep may
   * meet them, or they stay there.
   */
  readonly unmet = new Set<ModelJob>();

  constructor(prefix: string, limit: number | null = null) {
    this.names = new Names(prefix);
    this.limit = limit;
  }

  apply(operation: Operation): void {
    this.#happen(() => this.#change(operation));
    // A worker that comes back polls only when what it has lost is in line again.
    if (operation.do === 'lose') this.#lineOf(operation.id).settleTurn();
  }

  #happen(change: () => void): void {
    this.#step(change);
    for (const job of this.#all.filter(({ dozes }) => dozes)) this.#step(() => void (job.dozes = job.scheduled = false));
  }

  #step(change: () => void): void {
    this.#now += 1;
    for (const [pool, line] of this.lines) line.begin(this.#inLine(pool));
    change();
    this.#settle();
    for (const [pool, line] of this.lines) line.complete(this.#inLine(pool), this.#now);
  }

  #change(operation: Operation): void {
    switch (operation.do) {
      case 'create':
        return this.#create(operation.job);
      case 'createAgain':
        return;
      case 'setPriority':
        return this.#open(operation.id, (job) => {
          job.priority = operation.priority;
          job.aged = 0;
        });
      case 'forceStart':
        return this.#open(operation.id, (job) => this.#force(job, operation));
      case 'hold':
      case 'release':
        return this.#open(operation.id, (job) => void (job.held = job.undoing ? job.held : operation.do === 'hold'));
      case 'age':
        return this.#open(operation.id, (job) => void (job.aged += isWaitingInLine(job) && effectivePriority(job) < 10 ? 1 : 0));
      case 'abort':
        return this.#open(operation.id, (job) => this.#abort(job, operation.rollback));
      case 'pauseQueue':
      case 'resumeQueue':
        this.isPaused = operation.do === 'pauseQueue';
        return;
      case 'setQueueLimit':
        this.limit = operation.limit;
        // Whoever runs by then is inside.
        for (const { id, inQueue, keys } of this.#all) if (inQueue && this.isRunning(id)) keys.add(gateOfQueue(this.names.queue));
        return;
      default:
        this.losses += operation.do === 'lose' ? 1 : 0;
        this.excesses += operation.do === 'hog' || operation.do === 'burn' ? 1 : 0;
        return this.#ended(operation.id, operation.do);
    }
  }

  isRunning = (id: string): boolean => this.#lineOf(id).running === id;

  /** Of each pool that has a free slot who may start now: more than one where the rules do not say who is first. */
  candidates(): string[][] {
    return Array.from(this.lines, ([pool, line]) => line.candidates(this.#inLine(pool))).filter(({ length }) => length > 0);
  }

  start(id: string): void {
    const job = this.jobs.get(id)!;
    this.#lineOf(id).start(id);
    if (!job.undoing) job.status = 'RUNNING';
    job.place = undefined;
    job.outcomes.push(null);
    this.started.push(id);
    // By itself, and nothing else happens meanwhile.
    const { clock, outcomes } = job;
    if (clock === 'stepTimeout' && outcomes.length === 1) this.#happen(() => this.#ended(id, 'succeed'));
    else if (clock === 'timeout' || clock === 'stepTimeout') this.#happen(() => this.#ended(id, 'timeOut'));
  }

  /** A worker has met it, and it has lost its turn in its queue. */
  giveBack(job: ModelJob): void {
    this.#step(() => {
      this.unmet.delete(job);
      job.isGated = true;
      job.keys.delete(gateOfQueue(this.names.queue));
    });
  }

  /** Who waits at a gate, the next one first; who has been let in; and how many may be: null for as many as come. */
  gate(name: string): { waiting: ModelJob[]; held: ModelJob[]; limit: number | null; paused: boolean } {
    const held = this.#all.filter(({ keys }) => keys.has(name));
    const asked = this.#all.flatMap((job) => this.names.gatesOf(job)).find(({ gate, limit }) => gate === name && limit !== undefined);
    const isQueue = name === gateOfQueue(this.names.queue);
    return {
      waiting: this.#at(name as ModelJob['place']),
      held,
      limit: isQueue ? this.limit : (asked?.limit ?? null),
      paused: isQueue && this.isPaused,
    };
  }

  get gates(): string[] {
    return [...new Set(this.#all.flatMap((job) => [...job.keys, ...this.names.gatesOf(job).map(({ gate }) => gate)]))];
  }

  #create(created: Created): void {
    const job = newJob(created);
    const others = created.dependencies.map((id) => this.jobs.get(id)!);
    job.missing = new Set(others.filter((other) => !isFinal(other)).map(({ id }) => id));
    job.isGated = created.inQueue && (this.limit !== null || this.isPaused);
    this.jobs.set(job.id, job);
    const hasFailed = others.some(({ status }) => status === 'FAILED' || status === 'ABORTED');
    if (hasFailed && !created.runAnyway) return this.#end(job, 'FAILED', 'DEPENDENCY_FAILED');
    if (created.clock === 'deadline') this.#end(job, 'FAILED', 'DEADLINE');
    if (created.clock === 'queueTimeout') this.#end(job, 'FAILED', 'QUEUE_TIMEOUT');
  }

  #force(job: ModelJob, { ignoreDependencies, ignoreConcurrency }: { ignoreDependencies: boolean; ignoreConcurrency: boolean }): void {
    const skips = job.held || job.scheduled || (ignoreDependencies && job.missing.size > 0) || (ignoreConcurrency && !job.ignoresKeys);
    if (job.undoing || (job.forced && !skips)) return;
    job.forced = true;
    job.held = false;
    job.scheduled = false;
    if (ignoreDependencies) job.missing.clear();
    if (ignoreConcurrency) job.ignoresKeys = true;
    // To the tail, also of the band in which it is.
    if (job.place === 'line') job.since = this.#now;
  }

  #abort(job: ModelJob, rollback: false | undefined): void {
    if (job.undoing && (rollback === undefined || job.abandoned)) return;
    if (this.isRunning(job.id)) job.outcomes[job.outcomes.length - 1] = 'ABORTED';
    this.#lineOf(job.id).end(job.id);
    if (job.undoing) abandon(job, this.#end);
    else conclude(job, 'ABORTED', 'ABORTED_BY_USER', this.#end, rollback ?? job.rollback);
  }

  #ended(id: string, how: AttemptEnd): void {
    if (!this.isRunning(id)) return;
    const job = this.jobs.get(id)!;
    this.#lineOf(id).end(id);
    job.status = 'QUEUED';
    const decision = attemptEnded(job, how, this.#end);
    if (decision) this.decisions.push(decision);
  }

  readonly #end = (job: ModelJob, status: JobStatus, reason?: ReasonCode): void => {
    this.#lineOf(job.id).end(job.id);
    job.status = status;
    job.reason = reason;
    this.#place(job, undefined);
    job.keys.clear();
    for (const other of this.#all) {
      if (!other.missing.delete(job.id)) continue;
      if (status !== 'SUCCEEDED' && !other.runAnyway && !isFinal(other)) this.#end(other, 'FAILED', 'DEPENDENCY_FAILED');
    }
  };

  /** Moves every job to where it now has to be. */
  #settle(): void {
    const waiting = this.#all.filter((job) => !isFinal(job) && !this.isRunning(job.id));
    for (const job of waiting) {
      const { held, missing, scheduled } = job;
      // An undo waits for nothing but its own backoff, and keeps its keys.
      if (job.undoing) job.status = 'ROLLING_BACK';
      else job.status = held ? 'HELD' : missing.size > 0 ? 'WAITING' : scheduled ? 'SCHEDULED' : 'QUEUED';
      if (job.status === 'QUEUED' || (job.undoing && !job.scheduled)) continue;
      this.#place(job, undefined);
      if (!job.undoing) job.keys.clear();
    }
    const inLine = waiting.filter((job) => job.status === 'QUEUED' || (job.undoing && !job.scheduled));
    // Whoever waits at a gate is let in before those who come there because of the same event.
    this.#letIn(inLine.filter(({ place }) => place !== undefined));
    this.#letIn(inLine);
  }

  #letIn(inLine: ModelJob[]): void {
    for (const granted = new Map<ModelJob, string[]>(); ; granted.clear()) {
      for (const job of inLine) this.#place(job, this.#placeOf(job));
      for (const name of this.gates) {
        const { waiting: at, held, limit, paused } = this.gate(name);
        const free = paused ? 0 : Math.max(0, (limit ?? Infinity) - held.length);
        for (const job of at.slice(0, free)) granted.set(job, [...(granted.get(job) ?? []), name]);
      }
      if (granted.size === 0) return;
      for (const [job, names] of granted) for (const name of names) job.keys.add(name);
    }
  }

  #placeOf(job: ModelJob): ModelJob['place'] {
    const next = this.names.gatesOf(job).find(({ gate }) => !job.keys.has(gate));
    if (next) return next.gate as ModelJob['place'];
    return job.inQueue && this.isPaused && !job.forced && !job.undoing ? 'swept' : 'line';
  }

  #place(job: ModelJob, place: ModelJob['place']): void {
    if (place === job.place && job.lastBand === band(job)) return;
    // It has stood there all the time.
    const stays = place === 'line' && this.unmet.has(job) && job.lastBand === band(job);
    if (!stays) job.since = this.#now;
    if (place === 'swept' && job.place !== 'line' && job.place !== 'swept') this.unmet.add(job);
    else if (place !== 'swept') this.unmet.delete(job);
    job.place = place;
    job.lastBand = band(job);
  }

  #at(place: ModelJob['place']): ModelJob[] {
    return this.#all.filter((job) => job.place === place).toSorted(byTurn);
  }

  #inLine(pool: PoolName): ModelJob[] {
    return this.#at('line').filter((job) => job.pool === pool);
  }

  #lineOf(id: string): Line {
    return this.lines.get(this.jobs.get(id)!.pool)!;
  }

  get #all(): ModelJob[] {
    return Array.from(this.jobs.values());
  }

  #open(id: string, change: (job: ModelJob) => void): void {
    const job = this.jobs.get(id);
    if (job && !isFinal(job)) change(job);
  }
}
