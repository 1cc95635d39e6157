import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { Fault, UserError } from '../job/errors.ts';
import { workflowIdOf } from '../job/ids.ts';
import { firstRecord } from '../job/record.ts';
import { type JobSpec, LIMITS } from '../job/spec.ts';
import type { Journal } from '../journal/journal.ts';
import { readJobsById } from '../journal/read-jobs.ts';
import { rowOf } from '../journal/job-row.ts';
import { circleOf, waves } from './creation-order.ts';
import { toUserError } from './errors.ts';
import { existingJob } from './existing-job.ts';
import type { JobPayload, JobRows } from './job-rows.ts';
import type { JobTypes } from './job-types.ts';
import type { Queues } from './queues.ts';
import { specOf } from './read-input.ts';
import type { CreateJobInput } from './schema.gen.ts';
import { startJob, toTemporal } from './to-temporal.ts';

export type CreateDeps = { client: Client; journal: Journal; jobTypes: JobTypes; rows: JobRows; queues: Queues };

/** Checks what is asked for, starts the workflow, and writes the job's row before the answer goes out. */
export async function createJob(deps: CreateDeps, input: CreateJobInput): Promise<JobPayload> {
  const { client, jobTypes, rows } = deps;
  let id = input.id ?? undefined;
  try {
    const type = await jobTypes.get(input.type);
    jobTypes.checkPayload(type, input.payload ?? null);
    const spec = specOf(input, type);
    id = spec.id;
    // Past Temporal's retention only the journal knows that the id is taken.
    if (input.id && (await rows.read(spec.id))) throw idTaken(spec.id);
    spec.isQueueGated = await deps.queues.isGated(spec.queue);
    await checkDependencies(deps, spec, input.dependencies ?? []);
    if (!(await startJob(client, spec))) throw idTaken(spec.id);
    await rows.record({ kind: 'job', record: firstRecord(spec) });
    return { job: (await rows.read(spec.id)) ?? rowOf(spec), userErrors: [], jobId: spec.id };
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'ID_TAKEN' || id === undefined)
      return { ...(await rows.refusal(error)), ...(id === undefined ? {} : { jobId: id }) };
    try {
      const job = await existingJob(deps, id);
      return { job, userErrors: input.ifExists === 'RETURN_EXISTING' ? [] : [toUserError(error)], jobId: id };
    } catch (unknown) {
      return { job: null, userErrors: [toUserError(unknown)], jobId: id };
    }
  }
}

const idTaken = (id: string): UserError =>
  new UserError('ID_TAKEN', `another job has the id "${id}"; ifExists: RETURN_EXISTING answers with it`, { path: ['id'] });

/** Every item on its own, a few at a time: one that is refused says nothing of the others, but of those that wait for it. */
export async function createJobs(deps: CreateDeps, inputs: readonly CreateJobInput[]): Promise<{ results: JobPayload[] }> {
  // There is no item whose result could say so.
  if (inputs.length === 0) throw new Fault('BAD_USER_INPUT', `no jobs in the request: 1 to ${LIMITS.jobsPerRequest}`);
  if (inputs.length > LIMITS.jobsPerRequest) {
    const error = toUserError(
      new UserError('TOO_MANY', `${inputs.length} jobs in one request: 1 to ${LIMITS.jobsPerRequest}`, { path: ['jobs'] }),
    );
    return { results: inputs.map(() => ({ job: null, userErrors: [error] })) };
  }
  const results: JobPayload[] = [];
  const answer = (index: number, { userErrors, ...rest }: JobPayload): void => {
    results[index] = {
      ...rest,
      userErrors: userErrors.map((error) => ({ ...error, path: ['jobs', String(index), ...(error.path ?? [])] })),
    };
  };
  const { order, stuck } = waves(inputs);
  let fault: unknown;
  const take = async (index: number): Promise<JobPayload> => {
    // Nothing is begun any more: each item would wait for as long again.
    if (fault) return unavailable('not created, for there was a fault at another item of the request: create it again', inputs[index]!.id);
    try {
      return await createJob(deps, inputs[index]!);
    } catch (error) {
      fault = error;
      if (!(error instanceof Fault)) throw error;
      return unavailable(error.message, error.jobId ?? inputs[index]!.id);
    }
  };
  for (const wave of order) {
    const next = wave.values();
    const takeAll = async (): Promise<void> => {
      for (const index of next) answer(index, await take(index));
    };
    await Promise.all(Array.from({ length: STARTS_AT_ONCE }, takeAll));
  }
  for (const index of stuck) answer(index, { job: null, userErrors: [toUserError(inCircle(inputs, stuck, index))] });
  return { results };
}

/** A fault that is one item's: the results of the others are not lost by it. */
const unavailable = (message: string, jobId: string | null | undefined): JobPayload => ({
  job: null,
  userErrors: [{ code: 'BACKEND_UNAVAILABLE', message, path: null, rule: null }],
  ...(jobId ? { jobId } : {}),
});

function inCircle(inputs: readonly CreateJobInput[], stuck: readonly number[], index: number): UserError {
  const circle = circleOf(inputs, stuck, index);
  return new UserError('DEPENDENCY_CYCLE', `these jobs wait for each other in a circle: ${circle.join(' → ')}`, { path: ['dependencies'] });
}

/** @throws UserError UNKNOWN_DEPENDENCY with the ids that neither the journal nor Temporal knows, and where the first was `asked` for. */
async function checkDependencies({ client, journal }: CreateDeps, { id, dependencies }: JobSpec, asked: readonly string[]): Promise<void> {
  if (dependencies.length === 0) return;
  if (dependencies.includes(id)) throw new UserError('DEPENDENCY_CYCLE', `the job "${id}" waits for itself`, { path: ['dependencies'] });
  const rows = await readJobsById(journal.db, dependencies).catch(() => []);
  const known = new Set(rows.map((row) => row?.id));
  const unknown: string[] = [];
  for (const dependency of dependencies.filter((each) => !known.has(each))) {
    try {
      await toTemporal(client, () => client.workflow.getHandle(workflowIdOf(dependency)).describe());
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      unknown.push(dependency);
    }
  }
  if (unknown.length > 0)
    throw new UserError('UNKNOWN_DEPENDENCY', `there is no job ${unknown.map((each) => `"${each}"`).join(', ')} to wait for`, {
      path: ['dependencies', asked.indexOf(unknown[0]!)],
    });
}

const STARTS_AT_ONCE = 16;
