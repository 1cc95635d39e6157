import type { Json } from '../index.ts';
import type { TypeDefaults } from '../journal/entries.ts';
import type { JobError, JobSpec, StepSpec } from '../job/spec.ts';
import type { ReasonCode } from '../job/status.ts';

/**
 * All that a supervisor and its runner say to each other, over Node's IPC channel.
 *
 * A runner says `ready` once, when it has loaded the job modules. Then, one at a time: `run` is answered by any number
 * of `progress` and `checkpoint` and then one `done` or `failed`. Anything else, a second `run` while one is under way,
 * or an end without an answer, is a halt.
 */
export type ToRunner = { type: 'run'; attempt: RunnerAttempt };

export type FromRunner =
  | { type: 'ready'; types: LoadedType[]; problems: string[] }
  | { type: 'started'; number: number; at: number }
  | { type: 'progress'; number: number; fraction: number }
  | { type: 'checkpoint'; number: number; value: Json }
  /** `reusable`: false when the handler left the process in a state no other attempt should meet. */
  | { type: 'done'; number: number; result: Json; reusable: boolean }
  | { type: 'failed'; number: number; code: ReasonCode; error: JobError; reusable: boolean };

export type RunnerAttempt = {
  job: Pick<JobSpec, 'id' | 'type' | 'queue' | 'tags' | 'metadata'>;
  payload: Json;
  number: number;
  deadlineAt: number | null;
  checkpoint: Json;
  dependencies: Record<string, { status: string; result: Json }>;
  /** The type whose handler runs, where that is not the job's own. */
  handler?: string | undefined;
  step?: { name: string; undo: boolean; results: Record<string, Json> } | undefined;
};

export type LoadedType = { name: string; description: string | null; payloadSchema: Json; defaults: TypeDefaults; steps: StepSpec[] };

/** Ends an attempt's output on stdout and on stderr, so that nothing of it is taken for the next one's. */
export const endOfOutput = (number: number): string => `\u0000millrace-end-${number}\u0000`;
