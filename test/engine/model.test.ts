import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { seeded } from '../../src/cli/demo/seeded.ts';
import { band, type Created, effectivePriority, isFinal, type ModelJob, newJob } from '../model/job.ts';
import { Model, type Operation } from '../model/model.ts';
import { draw, lastOperations } from '../model/operations.ts';
import { eventually } from './fixtures/eventually.ts';
import { expectReadBack, expectSameHistory } from './fixtures/model-history.ts';
import { inputOf, READ_BACK } from './fixtures/model-input.ts';
import { Variety } from './fixtures/model-variety.ts';
import { differenceOf, look, type Seen } from './fixtures/model-view.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import type { OpenAttempt, TemporalView } from './fixtures/temporal-view.ts';
import type { Millrace } from './millrace.ts';

/** Two pools with one slot each, and every attempt ends when and how the test says: the real system beside the model, step by step. */
let millrace: Millrace;
let temporal: TemporalView;
const env = { MILLRACE_JOBS: fileURLToPath(new URL('./fixtures/model-jobs', import.meta.url)) };
const scratch = shareMillrace({ slots: 1, env }, (shared) => ({ millrace, temporal } = shared));
beforeAll(() => millrace.servePool('aside', 1));
const variety = new Variety();

/** Another first seed, another twenty lives: MODEL_SEED=5000. */
const FIRST_SEED = Number(process.env['MODEL_SEED'] ?? 126_260);
test.each(Array.from({ length: 20 }, (_, index) => FIRST_SEED + index))('does what the model does, seed %i', async (seed) => {
  const random = seeded(seed);
  const prefix = `m${seed}`;
  const model = new Model(prefix, seed % 2 === 0 ? null : 1 + (seed % 3));
  const life: Life = { model, log: [], inputs: new Map() };
  onTestFinished(() => abortAll(model));
  if (model.limit !== null) await order('setQueueLimit', { name: prefix, limit: model.limit });
  const step = async (operation: Operation): Promise<void> => {
    life.log.push(JSON.stringify(operation));
    await perform(life, operation);
    variety.note(model, operation);
    model.apply(operation);
    await agree(life);
  };
  // A worker takes a second or two to come back, and a process that has passed a limit is not used again.
  const bounds = { losses: seed % 4 === 0 ? 1 : 0, excesses: 1 };
  for (let count = 0; count < 9; count++) await step(draw(model, random, bounds));
  for (let operation = lastOperations(model); operation; operation = lastOperations(model)) await step(operation);
  expect(Array.from(model.jobs.values()).filter((job) => !isFinal(job))).toEqual([]);
  await expectSameHistory(millrace, model, life.inputs, life.log.join('\n'));
  variety.noteEnd(model);
});

test.runIf(process.env['MODEL_SEED'] === undefined)('these lives have something of every option', () => {
  expect(variety.missing).toEqual([]);
});

/** `inputs`: what each job was created with, by id. */
type Life = { model: Model; log: string[]; inputs: Map<string, Record<string, unknown>> };

/** So that a sequence that has gone wrong does not leave the next one a slot that is taken. */
async function abortAll(model: Model): Promise<void> {
  await send('resumeQueue', { name: model.names.queue });
  for (const id of model.jobs.keys()) await send('abortJob', { id, grace: '0s', rollback: false });
}

async function perform({ model, log, inputs }: Life, operation: Operation): Promise<void> {
  switch (operation.do) {
    case 'create':
      return create(model, operation.job, inputs, log);
    case 'createAgain':
      return createAgain(model, operation, inputs, log);
    case 'setPriority':
      return order('setJobPriority', { id: operation.id, priority: operation.priority });
    case 'forceStart': {
      const { id, ignoreDependencies, ignoreConcurrency } = operation;
      return order('forceStartJob', { id, ignoreDependencies, ignoreConcurrency });
    }
    case 'abort':
      return order('abortJob', { id: operation.id, ...('rollback' in operation ? { rollback: false } : {}) });
    case 'hold':
    case 'release':
      return order(`${operation.do}Job`, { id: operation.id }, model.jobs.get(operation.id)!.undoing ? ['UNSUPPORTED'] : []);
    case 'age':
      // As the ager does when it has waited long enough.
      return temporal.handle(operation.id).signal('age', effectivePriority(model.jobs.get(operation.id)!));
    case 'pauseQueue':
    case 'resumeQueue':
      return order(operation.do, { name: model.names.queue });
    case 'setQueueLimit':
      return order(operation.do, { name: model.names.queue, limit: operation.limit });
    case 'lose': {
      const { pool } = model.jobs.get(operation.id)!;
      await millrace.role(pool === 'default' ? 'worker' : `worker of ${pool}`).kill();
      return void (await (pool === 'default' ? millrace.startRole('worker') : millrace.servePool(pool, 1)));
    }
    default:
      return letEnd(operation.id, model.jobs.get(operation.id)!.outcomes.length, operation.do);
  }
}

async function create(model: Model, job: Created, inputs: Life['inputs'], log: string[]): Promise<void> {
  if (job.clock === 'stepTimeout') letEnd(job.id, 1, 'succeed');
  const input = inputOf(model.names, job, scratch.dir);
  inputs.set(job.id, input);
  const answer = await createJob(input);
  expect(answer.codes, log.join('\n')).toEqual([]);
  expectReadBack(model.names, newJob(job), input, answer.job!, log.join('\n'));
}

/** Nothing becomes of it, and the answer is the job that has the id. */
async function createAgain(
  { jobs, names }: Model,
  { job, ifExists }: Extract<Operation, { do: 'createAgain' }>,
  inputs: Life['inputs'],
  log: string[],
): Promise<void> {
  const { codes, job: answer } = await createJob(inputOf(names, job, scratch.dir));
  expect(codes, log.join('\n')).toEqual(ifExists === 'RETURN_EXISTING' ? [] : ['ID_TAKEN']);
  expectReadBack(names, jobs.get(job.id)!, inputs.get(job.id)!, answer!, log.join('\n'));
}

async function createJob(input: Record<string, unknown>): Promise<{ codes: string[]; job: Seen | null }> {
  const { createJob: answer } = await millrace.client.data(
    `mutation ($input: CreateJobInput!) { createJob(input: $input) { job { ${READ_BACK} } userErrors { code } } }`,
    { input },
  );
  return { codes: answer.userErrors.map(({ code }: { code: string }) => code), job: answer.job };
}

/** Its attempt ends so as soon as it looks. The file is there as a whole, or not at all. */
function letEnd(id: string, attempt: number, end: string): void {
  const file = join(scratch.dir, `${id}.${attempt}`);
  writeFileSync(`${file}.new`, end);
  renameSync(`${file}.new`, file);
}

async function order(mutation: string, input: Record<string, unknown>, codes: string[] = []): Promise<void> {
  expect(await send(mutation, input), `${mutation} ${JSON.stringify(input)}`).toEqual(codes);
}

/** @returns the codes of what it is refused for. */
async function send(mutation: string, input: Record<string, unknown>): Promise<string[]> {
  const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`;
  const data = await millrace.client.data(`mutation ($input: ${type}!) { ${mutation}(input: $input) { userErrors { code } } }`, { input });
  return data[mutation].userErrors.map(({ code }: { code: string }) => code);
}

/** Waits until the real system stands where the model does: all that is shown of every job, and every band in Temporal's line. */
async function agree({ model, log }: Life): Promise<void> {
  let difference = '';
  await eventually(
    () => `the system agrees with the model: ${difference}\n${log.join('\n')}`,
    async () => {
      const seen = await look(millrace, model);
      startNext(model, seen);
      for (const job of model.jobs.values()) {
        difference = differenceOf(job, seen.get(job.id), model);
        if (difference) return false;
      }
      const inLine = Array.from(model.jobs.values()).filter(({ place }) => place === 'line' || place === 'swept');
      const attempts = await Promise.all(inLine.map(({ id }) => temporal.openAttempt(id)));
      for (const [index, job] of inLine.entries()) {
        const attempt = attempts[index];
        difference = `${job.id}: ${JSON.stringify(attempt)}, in the model ${job.place}, band ${band(job)}`;
        const isThere = attempt?.band === band(job) && (job.place === 'line' ? attempt.inLine : attempt.isSwept);
        if (!(model.unmet.has(job) ? meet(model, job, attempt) : isThere)) return false;
      }
      // A slot that is free meets all of them.
      return model.candidates().length === 0 && Array.from(model.unmet).every(({ pool }) => !model.lines.get(pool)!.isFree);
    },
  );
}

/** Who has met it, while its queue is paused, the system decides as well. @returns false while it is being met. */
function meet(model: Model, job: ModelJob, attempt: OpenAttempt | undefined): boolean {
  if (!attempt) model.giveBack(job);
  else if (attempt.isSwept) model.unmet.delete(job);
  else return attempt.inLine;
  return true;
}

/** Where the rules leave it open who is first, the system decides. */
function startNext(model: Model, seen: Map<string, Seen>): void {
  const isStarted = (id: string): boolean => (seen.get(id)?.attempts.nodes.length ?? 0) > model.jobs.get(id)!.outcomes.length;
  const startOf = (id: string): number => Date.parse(seen.get(id)!.attempts.nodes[model.jobs.get(id)!.outcomes.length]!.startedAt);
  const nextOf = (candidates: string[]): string | undefined =>
    candidates.length === 1 ? candidates[0] : candidates.filter(isStarted).toSorted((a, b) => startOf(a) - startOf(b))[0];
  for (;;) {
    const next = model
      .candidates()
      .map(nextOf)
      .find((id) => id !== undefined);
    if (next === undefined) return;
    model.start(next);
  }
}
