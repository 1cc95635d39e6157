import { z } from 'zod';
import type { Annotations, Json } from '../index.ts';
import type { TypeDefaults } from '../journal/entries.ts';
import type { JobError, JobSpec, StepSpec } from '../job/spec.ts';
import type { ReasonCode } from '../job/status.ts';

/**
 * All that a supervisor and its runner say to each other, over a {@link Channel}.
 *
 * A runner names each file that it is about to load by `loading`, and says `ready` once, when it has loaded all. Then, one at a time: `run`
 * is answered by any number of `started`, `progress`, `checkpoint` and `annotations` and then one `done` or `failed`, all with the number of
 * the run. Where hooks are called before that, `answered` says already what it will be: from there on nothing changes the outcome. Runs are
 * numbered by the supervisor and never twice in a runner: two jobs may both have a first attempt.
 *
 * What is no message of this protocol, and an end without an answer, is a halt. A message that comes too late, or out of turn
 * (of a run that has had its answer, a second `ready`), changes nothing: a handler that goes on after its end says such, and
 * the attempt after it must not pay for that.
 */
export type ToRunner = { type: 'run'; run: number; attempt: RunnerAttempt };

export type FromRunner =
  | { type: 'loading'; file: string }
  | { type: 'ready'; types: LoadedType[]; problems: string[] }
  | (Said & { run: number })
  /** `reusable`: false when the process is left in a state no other attempt should meet. */
  | (Answer & { run: number; reusable: boolean });

/** What an attempt says before its end. */
export type Said =
  | { type: 'started'; at: number }
  | { type: 'progress'; fraction: number }
  | { type: 'checkpoint'; value: Json }
  /** All that is noted so far. */
  | { type: 'annotations'; value: Annotations }
  | { type: 'answered'; answer: Answer };

/** How a handler has ended. */
export type Answer = { type: 'done'; result: Json } | { type: 'failed'; code: AnswerCode; error: JobError };

/** Why a handler's end is a bad one. */
export type AnswerCode = Extract<ReasonCode, 'NO_HANDLER' | 'BAD_PAYLOAD' | 'BAD_RESULT' | 'HANDLER_ERROR'>;

/** What a runner has said; undefined for what breaks the protocol, which is a halt: the runner's process is killed for it. */
export function readMessage(value: unknown): FromRunner | undefined {
  return message.safeParse(value).data as FromRunner | undefined;
}

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

export type LoadedType = {
  name: string;
  description: string | null;
  payloadSchema: Json;
  defaults: TypeDefaults;
  steps: StepSpec[];
  /** false: a process of its own for each attempt. */
  reuse: boolean;
};
/** What a runner has loaded. */
export type Loaded = { types: LoadedType[]; problems: string[] };

/** Ends a run's output on stdout and on stderr, so that nothing of it is taken for the next one's. */
export const endOfOutput = (run: number): string => `\u0000millrace-end-${run}\u0000`;

const run = z.int().min(1);
/** Any JSON: it comes out of a parser, and a recursive schema would end in a stack overflow. Left out means undefined at its source. */
const json = z.unknown().default(null);
const done = { type: z.literal('done'), result: json };
const failed = {
  type: z.literal('failed'),
  code: z.enum(['NO_HANDLER', 'BAD_PAYLOAD', 'BAD_RESULT', 'HANDLER_ERROR']),
  error: z.looseObject({ name: z.string(), message: z.string(), stack: z.string().optional(), retryable: z.boolean() }),
};
const message = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('loading'), file: z.string() }),
  z.looseObject({
    type: z.literal('ready'),
    types: z.array(
      z.looseObject({
        name: z.string(),
        description: z.string().nullable(),
        payloadSchema: json,
        defaults: z.record(z.string(), z.unknown()),
        steps: z.array(z.looseObject({ name: z.string(), hasUndo: z.boolean() })),
        reuse: z.boolean(),
      }),
    ),
    problems: z.array(z.string()),
  }),
  z.looseObject({ type: z.literal('started'), run, at: z.number() }),
  z.looseObject({ type: z.literal('progress'), run, fraction: z.number().min(0).max(1) }),
  z.looseObject({ type: z.literal('checkpoint'), run, value: json }),
  z.looseObject({ type: z.literal('annotations'), run, value: z.record(z.string(), z.unknown()) }),
  z.looseObject({ type: z.literal('answered'), run, answer: z.discriminatedUnion('type', [z.looseObject(done), z.looseObject(failed)]) }),
  z.looseObject({ ...done, run, reusable: z.boolean() }),
  z.looseObject({ ...failed, run, reusable: z.boolean() }),
]);
