import { Socket } from 'node:net';
import type { JobDefinition, Json, StepContext } from '../index.ts';
import { plainError } from '../job/errors.ts';
import { LIMITS } from '../job/spec.ts';
import { Channel, CHANNEL_FD } from './channel.ts';
import { loadJobs } from './load-jobs.ts';
import { endOutput } from './end-output.ts';
import type { AnswerCode, FromRunner, RunnerAttempt, ToRunner } from './protocol.ts';

/** A runner's own side: loads the job modules once, then executes one attempt after the other for its supervisor. */

const jobs = await loadJobs(process.argv[2] ?? './jobs');
let stopping: AbortController | undefined;

const leave = (): never => process.exit(1);
const channel = new Channel(new Socket({ fd: CHANNEL_FD }), {
  heard: (message) => void take(message as ToRunner),
  broken: leave,
  // The supervisor is gone. One that is stuck in a loop does not get here: the guardian ends it.
  closed: leave,
});
const say = (message: FromRunner): void => channel.send(message);
// The ask to stop: the handler may clean up for the grace it was given, then it is killed.
process.on('SIGTERM', () => (stopping ? stopping.abort(new Error('the job is asked to stop')) : process.exit(0)));
// Ctrl-C in a terminal is the supervisor's to handle.
process.on('SIGINT', () => {});
// A handler may have closed its output; that is no reason to die.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

say({ type: 'ready', types: jobs.types, problems: jobs.problems });

async function take({ run, attempt }: ToRunner): Promise<void> {
  stopping = new AbortController();
  const answer = await execute(attempt, run, stopping.signal);
  await endOutput(run);
  const reusable = !stopping.signal.aborted;
  stopping = undefined;
  say({ ...answer, run, reusable });
}

type Answer = { type: 'done'; result: Json } | { type: 'failed'; code: AnswerCode; error: ReturnType<typeof plainError> };

async function execute(attempt: RunnerAttempt, run: number, signal: AbortSignal): Promise<Answer> {
  const type = attempt.handler ?? attempt.job.type;
  const definition = jobs.definitions.get(type);
  const handler = definition && handlerOf(definition, attempt);
  if (!handler) {
    const what = attempt.step
      ? `the ${attempt.step.undo ? 'undo of the step' : 'step'} ${attempt.step.name} of the type ${type}`
      : `the type ${type}`;
    return { type: 'failed', code: 'NO_HANDLER', error: plainError(new Error(`no job module of this worker defines ${what}`)) };
  }
  const parsed = await definition.payload.safeParseAsync(attempt.payload);
  if (!parsed.success)
    return {
      type: 'failed',
      code: 'BAD_PAYLOAD',
      error: plainError(new Error(`the payload breaks the type's schema: ${parsed.error.message}`), false),
    };
  try {
    say({ type: 'started', run, at: Date.now() });
    return toAnswer(await handler(contextOf(attempt, run, parsed.data, signal)));
  } catch (thrown) {
    const final = typeof thrown === 'object' && thrown !== null && (thrown as { final?: unknown }).final === true;
    return { type: 'failed', code: 'HANDLER_ERROR', error: plainError(thrown, !final) };
  }
}

function handlerOf({ run, steps }: JobDefinition, { step }: RunnerAttempt): ((context: StepContext<unknown>) => unknown) | undefined {
  if (!step) return run;
  const found = steps?.find(({ name }) => name === step.name);
  return step.undo ? found?.undo : found?.run;
}

/** What a handler returned must be JSON: nothing is bent into shape silently. */
function toAnswer(returned: unknown): Answer {
  const bad = (message: string): Answer => ({ type: 'failed', code: 'BAD_RESULT', error: plainError(new Error(message), false) });
  try {
    const text = JSON.stringify(returned ?? null);
    if (text === undefined) return bad(`the handler returned a ${typeof returned}, which is not JSON`);
    if (Buffer.byteLength(text) > LIMITS.resultBytes)
      return bad(`the handler's result has ${Buffer.byteLength(text)} bytes of JSON, ${LIMITS.resultBytes} are allowed`);
    return { type: 'done', result: JSON.parse(text) as Json };
  } catch (error) {
    return bad(`the handler's result is not JSON: ${(error as Error).message}`);
  }
}

function contextOf(attempt: RunnerAttempt, run: number, payload: unknown, signal: AbortSignal): StepContext<unknown> {
  const { job, number, deadlineAt, dependencies, step } = attempt;
  let saved = attempt.checkpoint;
  return {
    payload,
    job,
    attempt: number,
    dependencies: dependencies as StepContext<unknown>['dependencies'],
    step: step?.name ?? '',
    results: step?.results ?? {},
    deadlineAt: deadlineAt === null ? undefined : new Date(deadlineAt),
    signal,
    log: (text) => console.log(text),
    progress: (fraction) => {
      const bounded = Math.min(1, Math.max(0, fraction));
      if (!Number.isNaN(bounded)) say({ type: 'progress', run, fraction: bounded });
    },
    checkpoint: {
      get value() {
        return saved;
      },
      save(value) {
        saved = value;
        say({ type: 'checkpoint', run, value });
      },
    },
  };
}
