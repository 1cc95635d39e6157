/**
 * For tests of handlers: `import { runAttempt } from 'millrace/testing'`. No server and no worker; the handler runs in the
 * test's own process, by the code that runs it in a runner.
 */
import type { z } from 'zod';
import type { Annotations, Hooks, JobDefinition, Json } from './index.ts';
import type { JobError } from './job/spec.ts';
import { PRODUCT_DEFAULTS } from './job/spec.ts';
import type { AttemptOutcome, ReasonCode } from './job/status.ts';
import { MAX_TIMER_MS, within } from './process/within.ts';
import { execute } from './worker/execute.ts';
import type { Answer, RunnerAttempt } from './worker/protocol.ts';

export type RunAttemptOptions = {
  /** What the handler sees of its job. Default: the id `test-job`, the queue `default`, no tags, no metadata. */
  job?: { id?: string; queue?: string; tags?: readonly string[]; metadata?: Json };
  /** Which try this is. Default 1. */
  attempt?: number;
  /** What an attempt before this one has saved. Default null. */
  checkpoint?: Json;
  /** How the jobs it has waited for ended, by id. */
  dependencies?: Record<string, { status: 'SUCCEEDED' | 'FAILED' | 'ABORTED'; result: Json }>;
  /** Of a type with steps: only this one, or its undo. Default: all steps in order, until one does not succeed. */
  step?: string | { name: string; undo?: boolean; results?: Record<string, Json> };
  /** Asks the handler to stop, as abortJob does. */
  signal?: AbortSignal;
  /** Asks it to stop after this long, as the job's timeout does. Default: none. */
  timeoutMs?: number;
  /** What it has for its end once it was asked. Default 5,000. */
  graceMs?: number;
  /** Hooks for all types, beside the type's own. */
  hooks?: Hooks;
};

/** How an attempt ended, and all that it has said. */
export type AttemptReport = {
  outcome: Extract<AttemptOutcome, 'SUCCEEDED' | 'FAILED' | 'ABORTED' | 'TIMED_OUT'>;
  /** null unless SUCCEEDED. Of all steps: by name. */
  result: Json;
  /** null unless FAILED. */
  error: JobError | null;
  /** Why it FAILED; null otherwise. */
  code: ReasonCode | null;
  /** Fractions from 0 to 1, all that were told. */
  progress: number[];
  /** What was written by `log`, and what went wrong in hooks. `console.log` goes where it goes in a test. */
  log: string[];
  /** What was saved last. */
  checkpoint: Json;
  annotations: Annotations;
  /** It was asked to stop and has not ended in its grace: a worker would have killed it. Here it goes on. */
  isKilled: boolean;
};

/**
 * Runs one attempt of a type (of one with steps: one attempt for each step) and resolves with its end; it never rejects for what
 * a handler does. The payload is checked by the type's schema as a worker does it.
 *
 * It cannot do what needs a process of its own: a handler that never yields, ends its process or breaks a limit does so to the test.
 */
export async function runAttempt<Schema extends z.ZodType>(
  type: JobDefinition<Schema>,
  payload: z.input<Schema>,
  options: RunAttemptOptions = {},
): Promise<AttemptReport> {
  const definition = type as unknown as JobDefinition;
  const report = emptyReport(options);
  if (!definition.steps || options.step !== undefined) {
    const { step } = options;
    const only = typeof step === 'string' ? { name: step } : step;
    return runOne(definition, payload as Json, options, report, only && { undo: false, results: {}, ...only });
  }
  const results: Record<string, Json> = {};
  for (const { name } of definition.steps) {
    await runOne(definition, payload as Json, options, report, { name, undo: false, results: { ...results } });
    if (report.outcome !== 'SUCCEEDED') return report;
    results[name] = report.result;
  }
  report.result = results;
  return report;
}

async function runOne(
  definition: JobDefinition,
  payload: Json,
  options: RunAttemptOptions,
  report: AttemptReport,
  step: RunnerAttempt['step'],
): Promise<AttemptReport> {
  const { job = {}, attempt = 1, dependencies = {}, signal: ask, timeoutMs, graceMs = PRODUCT_DEFAULTS.options.graceMs, hooks } = options;
  // A longer timer would go off at once, and no test lasts for 24 days.
  const timeout = timeoutMs === undefined || timeoutMs > MAX_TIMER_MS ? undefined : AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([ask, timeout].filter((one) => one !== undefined));
  const asked = new Promise<undefined>((resolve) =>
    signal.aborted ? resolve(undefined) : signal.addEventListener('abort', () => resolve(undefined), { once: true }),
  );
  let hasAnswered = false;
  const running = execute(
    {
      job: { id: 'test-job', queue: PRODUCT_DEFAULTS.queue, metadata: null, ...job, type: definition.name, tags: [...(job.tags ?? [])] },
      // What a client sends is JSON.
      payload: JSON.parse(JSON.stringify(payload ?? null)) as Json,
      number: attempt,
      deadlineAt: timeoutMs === undefined ? null : Date.now() + timeoutMs,
      checkpoint: report.checkpoint,
      dependencies,
      step,
    },
    { definitions: new Map([[definition.name, definition]]), hooks: hooks ? [hooks] : [] },
    signal,
    {
      log: (text) => void report.log.push(text),
      complain: (text) => void report.log.push(text),
      say(message) {
        if (message.type === 'answered') hasAnswered = true;
        if (message.type === 'progress') report.progress.push(message.fraction);
        if (message.type === 'checkpoint') report.checkpoint = message.value;
        if (message.type === 'annotations') Object.assign(report.annotations, message.value);
      },
    },
  );
  const first = await Promise.race([running, asked]);
  // As with a worker, a handler that has ended first wins, and its hooks change nothing any more.
  if (first || hasAnswered) return Object.assign(report, endOf((await running).answer));
  report.isKilled = !(await within(graceMs, running));
  return Object.assign(report, { outcome: timeout?.aborted ? 'TIMED_OUT' : 'ABORTED', result: null });
}

const endOf = (answer: Answer): Pick<AttemptReport, 'outcome' | 'result' | 'error' | 'code'> =>
  answer.type === 'done'
    ? { outcome: 'SUCCEEDED', result: answer.result, error: null, code: null }
    : { outcome: 'FAILED', result: null, error: answer.error, code: answer.code };

const emptyReport = ({ checkpoint = null }: RunAttemptOptions): AttemptReport => ({
  outcome: 'SUCCEEDED',
  result: null,
  error: null,
  code: null,
  progress: [],
  log: [],
  checkpoint,
  annotations: {},
  isKilled: false,
});
