import type { JobDefinition, Json, StepContext } from '../index.ts';
import { plainError } from '../job/errors.ts';
import { LIMITS } from '../job/spec.ts';
import { HookCalls } from './hook-calls.ts';
import type { LoadedJobs } from './load-jobs.ts';
import { Notes } from './notes.ts';
import type { Answer, AnswerCode, RunnerAttempt, Said } from './protocol.ts';

/** Where an attempt's words go: a runner's supervisor and streams, or a test. */
export type Outlet = {
  say: (message: Said) => void;
  log: (text: string) => void;
  /** What went wrong beside the handler, a line or more. */
  complain: (text: string) => void;
};

/**
 * Runs one attempt and resolves with its answer when its hooks have ended, or have had 5 s for it.
 *
 * `isTidy`: nothing of it goes on, so that the process may serve another one.
 */
export async function execute(
  attempt: RunnerAttempt,
  jobs: Pick<LoadedJobs, 'definitions' | 'hooks'>,
  signal: AbortSignal,
  outlet: Outlet,
): Promise<{ answer: Answer; isTidy: boolean }> {
  const type = attempt.handler ?? attempt.job.type;
  const definition = jobs.definitions.get(type);
  const notes = new Notes((value) => outlet.say({ type: 'annotations', value }), outlet.complain);
  const hooks = new HookCalls([...jobs.hooks, ...(definition?.hooks ? [definition.hooks] : [])], attempt, notes, outlet);
  const answer = await answerOf(attempt, definition, { signal, notes, hooks, outlet });
  if (signal.aborted) return { answer, isTidy: false };
  if (!hooks.hasMore(answer)) return { answer, isTidy: true };
  // Before they are called: one of them may never come back.
  outlet.say({ type: 'answered', answer });
  hooks.end(answer);
  return { answer, isTidy: await hooks.settle() };
}

type Around = { signal: AbortSignal; notes: Notes; hooks: HookCalls; outlet: Outlet };

async function answerOf(attempt: RunnerAttempt, definition: JobDefinition | undefined, around: Around): Promise<Answer> {
  const handler = definition && handlerOf(definition, attempt);
  if (!handler) return failed('NO_HANDLER', new Error(`no job module of this worker defines ${whatOf(attempt)}`));
  const parsed = await definition.payload.safeParseAsync(attempt.payload);
  if (!parsed.success) return failed('BAD_PAYLOAD', new Error(`the payload breaks the type's schema: ${parsed.error.message}`), false);
  try {
    around.hooks.start();
    around.outlet.say({ type: 'started', at: Date.now() });
    return toAnswer(await handler(contextOf(attempt, parsed.data, around)), attempt);
  } catch (thrown) {
    const final = typeof thrown === 'object' && thrown !== null && (thrown as { final?: unknown }).final === true;
    return failed('HANDLER_ERROR', thrown, !final);
  }
}

const failed = (code: AnswerCode, thrown: unknown, retryable = true): Answer => ({
  type: 'failed',
  code,
  error: plainError(thrown, retryable),
});

const whatOf = ({ handler, job, step }: RunnerAttempt): string =>
  (step ? `the ${step.undo ? 'undo of the step' : 'step'} ${step.name} of ` : '') + `the type ${handler ?? job.type}`;

function handlerOf({ run, steps }: JobDefinition, { step }: RunnerAttempt): ((context: StepContext<unknown>) => unknown) | undefined {
  if (!step) return run;
  const found = steps?.find(({ name }) => name === step.name);
  return step.undo ? found?.undo : found?.run;
}

/** What a handler returned must be JSON: nothing is bent into shape silently. What steps have returned goes to each of the next ones. */
function toAnswer(returned: unknown, { step }: RunnerAttempt): Answer {
  const bad = (message: string): Answer => failed('BAD_RESULT', new Error(message), false);
  try {
    const text = JSON.stringify(returned ?? null);
    if (text === undefined) return bad(`the handler returned a ${typeof returned}, which is not JSON`);
    if (Buffer.byteLength(text) > LIMITS.resultBytes)
      return bad(`the handler's result has ${Buffer.byteLength(text)} bytes of JSON, ${LIMITS.resultBytes} are allowed`);
    const together = step && !step.undo ? Buffer.byteLength(JSON.stringify(step.results)) + Buffer.byteLength(text) : 0;
    if (together > LIMITS.stepResultsBytes)
      return bad(`the results of the steps so far have ${together} bytes of JSON, ${LIMITS.stepResultsBytes} are allowed for all together`);
    return { type: 'done', result: JSON.parse(text) as Json };
  } catch (error) {
    return bad(`the handler's result is not JSON: ${(error as Error).message}`);
  }
}

function contextOf(attempt: RunnerAttempt, payload: unknown, { signal, notes, hooks, outlet }: Around): StepContext<unknown> {
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
    log: outlet.log,
    progress: (fraction) => {
      const bounded = Math.min(1, Math.max(0, fraction));
      if (Number.isNaN(bounded)) return;
      outlet.say({ type: 'progress', fraction: bounded });
      hooks.progress(bounded);
    },
    annotate: (values) => notes.add(values),
    checkpoint: {
      get value() {
        return saved;
      },
      save(value) {
        const text = JSON.stringify(value) as string | undefined;
        if (text === undefined) throw new TypeError(`the checkpoint is of type ${typeof value}, which is not JSON`);
        const bytes = Buffer.byteLength(text);
        if (bytes > LIMITS.checkpointBytes)
          throw new RangeError(
            `the checkpoint has ${bytes} bytes of JSON, ${LIMITS.checkpointBytes} are allowed: store it elsewhere and save where it is`,
          );
        saved = value;
        outlet.say({ type: 'checkpoint', value });
      },
    },
  };
}
