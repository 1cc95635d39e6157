/**
 * What a job module imports: `import { defineJob } from 'millrace'`.
 *
 * This entry loads nothing at run time, neither Temporal nor the server, so that a runner starts fast.
 */
import type { z } from 'zod';

/** Any JSON value: what payloads, results and checkpoints are made of. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What a handler is given. Everything it reports through it reaches subscribers live. */
export type JobContext<Payload> = {
  /** The payload, parsed by the type's schema (defaults filled in). */
  payload: Payload;
  job: { id: string; type: string; queue: string; tags: readonly string[]; metadata: Json };
  /** Which try this is, from 1. Grows over retries, halts and losses. */
  attempt: number;
  /** When the attempt is killed for its timeout, or for its job's deadline where that is earlier; undefined where it has neither. An undo has no deadline. */
  deadlineAt: Date | undefined;
  /** Aborts when the job is asked to stop; the process is killed when the grace is over. */
  signal: AbortSignal;
  /** Writes one line to the job's log. `console.log` and child processes' output get there as well. */
  log: (text: string) => void;
  /** How much is done, 0 to 1. Sent on at most 10 times a second; the last one always arrives. */
  progress: (fraction: number) => void;
  /** What an attempt of this job saved last, and a way to save at most 128 KiB of JSON: the next attempt is given it after a failure, halt or loss. */
  checkpoint: { value: Json; save: (value: Json) => void };
  /** Notes something on the attempt (`Attempt.annotations`): merged over what is noted already, field by field; at most 16 KiB of JSON in all. */
  annotate: (values: Annotations) => void;
  /** How the jobs it has waited for ended, by id. One that it was forced past, and that has not ended, is not there. */
  dependencies: Readonly<Record<string, { status: 'SUCCEEDED' | 'FAILED' | 'ABORTED'; result: Json }>>;
};

/** What is noted on an attempt, beside its result. */
export type Annotations = { [key: string]: Json };

/** What a hook is given. */
export type HookContext = Pick<JobContext<Json>, 'job' | 'attempt' | 'log'> & {
  /** As the job was created with it. */
  payload: Json;
  /** The step that runs, and whether it is its undo; undefined in a job of one piece. */
  step: { name: string; undo: boolean } | undefined;
};
type Noted = Annotations | void;

/**
 * Code of yours that is called in the runner while an attempt runs, of one type (`defineJob`) or of all ({@link defineHooks}).
 * An object that a hook returns is merged into the attempt's annotations.
 *
 * A hook that throws, or has not ended 5 s after its handler, is written to the job's log, and never changes the outcome. None
 * is called for an end that the handler does not see: a kill, a halt, a loss; nor after the job was asked to stop.
 */
export type Hooks = {
  /** The handler is entered next, and does not wait for it. */
  onStart?: (context: HookContext) => Noted | Promise<Noted>;
  /** At most 10 times a second; the last one always. */
  onProgress?: (context: HookContext & { fraction: number }) => Noted | Promise<Noted>;
  /** The handler has ended well. */
  onFinish?: (context: HookContext & { result: Json }) => Noted | Promise<Noted>;
  /** The attempt has FAILED. Whether it is tried again is the job's to decide, but not where `retryable` is false. */
  onFailure?: (
    context: HookContext & { code: string; error: { name: string; message: string; stack?: string; retryable: boolean } },
  ) => Noted | Promise<Noted>;
};

/** What a step is given: also what the steps before it have returned, by name. Its own result as well, in its undo. */
export type StepContext<Payload> = JobContext<Payload> & { step: string; results: Readonly<Record<string, Json>> };

/** One step of a job of many. */
export type JobStep<Payload> = {
  /** Letters, digits, `.`, `_`, `-`; at most 100. Another one each. */
  name: string;
  /** What it returns must be JSON; all results of a job's steps together at most 512 KiB. */
  run: (context: StepContext<Payload>) => unknown;
  /** Takes back what the finished step has done, when the job fails or is aborted. Tried again as the job's retries say. */
  undo?: (context: StepContext<Payload>) => unknown;
};

/** What a type sets for its jobs where the job itself does not. Durations as `250ms`, `30s`, `5m`, `2h`, `1d`. */
export type JobDefaults = {
  queue?: string;
  pool?: string;
  /** 1 (default) to 10. */
  priority?: number;
  /** Kills the attempt after this long. Default: none. */
  timeout?: string;
  /** From the ask to stop to SIGKILL. Default 5s. */
  grace?: string;
  retry?: { maxAttempts?: number; delay?: string; backoff?: number; maxDelay?: string; jitter?: boolean };
  /** How many times a job may halt and run again. Default 3. */
  maxHalts?: number;
  /** In line for this long, a job moves up one priority, each time, up to 10. `0s`: never. Default 10m. */
  ageAfter?: string;
  /** A timeout is not tried again. Default false. */
  timeoutIsFinal?: boolean;
  /** In line for longer than this fails the job. Default: no bound. */
  queueTimeout?: string;
  /** From its creation to its end. Default: no bound. */
  deadline?: string;
  /** What a dependency that did not succeed means. Default FAIL. */
  onDependencyFailure?: 'FAIL' | 'RUN_ANYWAY';
  /** FAIL for what must not run twice when a worker is lost. Default RUN_AGAIN. */
  onLost?: 'RUN_AGAIN' | 'FAIL';
  /** One job of the type at a time. Default false. */
  exclusive?: boolean;
  /** So many jobs of a key at a time. */
  concurrency?: { key: string; limit: number };
  /**
   * What one attempt may use, with all that it starts; what passes a limit is killed and not tried again. `memoryBytes`: resident
   * memory, a number or a text such as `512MiB`. `cpuPercent`: over 5 s; 100 is one core. Default: no limits.
   */
  limits?: {
    memoryBytes?: number | string;
    cpuSeconds?: number;
    cpuPercent?: number;
    /** Try again with so many times the memory, up to so much. */
    onMemoryLimit?: { retryWith: number; upTo: number | string };
  };
  /** Undo the finished steps when the job fails or is aborted. Default true. */
  rollback?: boolean;
  /** The type whose handler takes over, with the same payload, when the retries are used up. Not for types with steps. */
  failover?: string;
};

type Described<Schema extends z.ZodType> = {
  /** Letters, digits, `.`, `_`, `-`; at most 100. */
  name: string;
  description?: string;
  payload: Schema;
  defaults?: JobDefaults;
  /** Called for the attempts of this type, beside the hooks for all. */
  hooks?: Hooks;
  /**
   * Runs once in each runner, before it gets work: for what is slow the first time. One that throws, or has not ended within
   * 10 s, is shown in `Worker.problems`; the type is served all the same.
   */
  warmUp?: () => unknown;
  /** false: each attempt of this type runs in a process that has run nothing before, and runs nothing after. Default true. */
  reuse?: boolean;
};
/** A type of one piece. */
export type PlainDefinition<Schema extends z.ZodType = z.ZodType> = Described<Schema> & {
  /** Runs one attempt. What it returns must be JSON of at most 1 MiB; what it throws is retried, but for {@link FinalError}. */
  run: (context: JobContext<z.output<Schema>>) => unknown;
  steps?: never;
};
/** A type of many steps. */
export type SteppedDefinition<Schema extends z.ZodType = z.ZodType> = Described<Schema> & {
  /**
   * Run one after the other, each in an attempt of its own: a crash goes on with the step it was in. When the job fails or is
   * aborted, the finished ones are undone, last first. Its result is what the steps have returned, by name.
   */
  steps: readonly JobStep<z.output<Schema>>[];
  run?: never;
};
/** One job type: what clients name in `createJob(type:)` and what a runner executes for it. */
export type JobDefinition<Schema extends z.ZodType = z.ZodType> = PlainDefinition<Schema> | SteppedDefinition<Schema>;

/** Declares a job type; a module in the jobs folder exports it as its default. */
export function defineJob<Schema extends z.ZodType>(definition: PlainDefinition<Schema>): PlainDefinition<Schema>;
export function defineJob<Schema extends z.ZodType>(definition: SteppedDefinition<Schema>): SteppedDefinition<Schema>;
export function defineJob(definition: JobDefinition): JobDefinition {
  return definition;
}

/** Declares hooks for the attempts of every type; a module in the jobs folder exports them as its default. */
export const defineHooks = (hooks: Hooks): Hooks => ({ ...hooks, [HOOKS]: true }) as Hooks;

/** By it a module with hooks is known, whichever copy of this module it has loaded. */
const HOOKS = Symbol.for('millrace.hooks');

/** Thrown by a handler to say that trying again is of no use: the job fails at once. */
export class FinalError extends Error {
  override name = 'FinalError';
  /** Known by this mark and not by class, for a job may load another copy of this module. */
  readonly final = true;
}
