import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { bandOfPriority } from '../job/bands.ts';
import { Fault, UserError } from '../job/errors.ts';
import { isJobId, ORCHESTRATOR_TASK_QUEUE, workflowIdOf } from '../job/ids.ts';
import { firstRecord } from '../job/record.ts';
import { LIMITS, type JobRecord, type JobSpec } from '../job/spec.ts';
import { isFinal, type JobStatus } from '../job/status.ts';
import type { Entry } from '../journal/entries.ts';
import type { Journal } from '../journal/journal.ts';
import { readJobsById, type JobRow } from '../journal/read-jobs.ts';
import { rowOf } from '../journal/record-job.ts';
import { within } from '../process/within.ts';
import type { jobWorkflow } from '../workflows/job.ts';
import { abort, forceStart, setPriority } from '../workflows/messages.ts';
import { searchAttributes } from '../workflows/search-attributes.ts';
import { toUserError } from './errors.ts';
import type { JobTypes } from './job-types.ts';
import type { Live } from './live.ts';
import { readPriority, specOf } from './read-input.ts';
import type { AbortJobInput, CreateJobInput, ForceStartJobInput, SetJobPriorityInput, UserError as UserErrorShape } from './schema.gen.ts';

/** What a mutation answers: the job as far as it is known, and why it was refused if it was. */
export type JobPayload = { job: JobRow | null; userErrors: UserErrorShape[] };

export type JobsDeps = { client: Client; journal: Journal; jobTypes: JobTypes; live: Live };

/** What clients can do to jobs. Temporal is asked first and decides; the journal is written before the answer goes out. */
export class Jobs {
  readonly #deps: JobsDeps;

  constructor(deps: JobsDeps) {
    this.#deps = deps;
  }

  async create(input: CreateJobInput): Promise<JobPayload> {
    let id = input.id ?? undefined;
    try {
      const type = await this.#deps.jobTypes.get(input.type);
      this.#deps.jobTypes.checkPayload(type, input.payload ?? null);
      const spec = specOf(input, type);
      id = spec.id;
      await this.#start(spec);
      await this.#record({ kind: 'job', record: firstRecord(spec) });
      return { job: (await this.#read(spec.id)) ?? rowOf(spec), userErrors: [] };
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== 'ID_TAKEN' || id === undefined) return this.#refusal(error, undefined);
      // Whoever has created it may be about to write its row.
      const job = await this.#until(id, () => true);
      return { job, userErrors: input.ifExists === 'RETURN_EXISTING' ? [] : [toUserError(error)] };
    }
  }

  /** Every item on its own, a few at a time: one that is refused says nothing of the others. */
  async createAll(inputs: readonly CreateJobInput[]): Promise<{ results: JobPayload[] }> {
    // There is no item whose result could say so.
    if (inputs.length === 0) throw new Fault('BAD_USER_INPUT', `no jobs in the request: 1 to ${LIMITS.jobsPerRequest}`);
    if (inputs.length > LIMITS.jobsPerRequest) {
      const error = toUserError(
        new UserError('TOO_MANY', `${inputs.length} jobs in one request: 1 to ${LIMITS.jobsPerRequest}`, { path: ['jobs'] }),
      );
      return { results: inputs.map(() => ({ job: null, userErrors: [error] })) };
    }
    const results: JobPayload[] = [];
    const next = inputs.entries();
    const take = async (): Promise<void> => {
      for (const [index, input] of next) {
        const { job, userErrors } = await this.create(input);
        results[index] = {
          job,
          userErrors: userErrors.map((error) => ({ ...error, path: ['jobs', String(index), ...(error.path ?? [])] })),
        };
      }
    };
    await Promise.all(Array.from({ length: STARTS_AT_ONCE }, take));
    return { results };
  }

  async abort({ id, message, grace }: AbortJobInput): Promise<JobPayload> {
    if (message && message.length > LIMITS.messageLength) {
      return this.#refusal(
        new UserError('INVALID_ARGUMENT', `the message has ${message.length} characters, ${LIMITS.messageLength} are allowed`, {
          path: ['message'],
        }),
        undefined,
      );
    }
    // First, so that the worker finds it when Temporal's cancel arrives, which cannot carry it.
    if (typeof grace === 'number') await this.#record({ kind: 'abortGrace', jobId: id, graceMs: grace }, GRACE_WAIT_MS);
    const payload = await this.#update(id, (handle) => handle.executeUpdate(abort, { args: [message ? { message } : {}] }));
    if (payload.userErrors[0]?.code === 'ALREADY_FINISHED' && payload.job?.status === 'ABORTED')
      return { job: payload.job, userErrors: [] };
    if (payload.userErrors.length > 0) return payload;
    // Not running: final in the answer. Whether it runs only the journal can tell.
    return { job: await this.#until(id, ({ status }) => isFinal(status as JobStatus) || status === 'RUNNING'), userErrors: [] };
  }

  async forceStart({ id }: ForceStartJobInput): Promise<JobPayload> {
    const payload = await this.#update(id, (handle) => handle.executeUpdate(forceStart));
    if (payload.userErrors.length > 0) return payload;
    // It ends the wait of a retry, which the workflow tells the journal a moment after it has answered us.
    return { job: await this.#until(id, ({ status }) => status !== 'SCHEDULED'), userErrors: [] };
  }

  async setPriority({ id, priority }: SetJobPriorityInput): Promise<JobPayload> {
    try {
      readPriority(priority);
    } catch (error) {
      return this.#refusal(error, undefined);
    }
    return this.#update(id, (handle) => handle.executeUpdate(setPriority, { args: [priority] }));
  }

  async #start(spec: JobSpec): Promise<void> {
    const { client } = this.#deps;
    try {
      await toTemporal(client, () =>
        client.workflow.start<typeof jobWorkflow>('jobWorkflow', {
          workflowId: workflowIdOf(spec.id),
          taskQueue: ORCHESTRATOR_TASK_QUEUE,
          args: [spec],
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          // Its first task stands in line too: a burst of regular jobs must not delay an urgent one before it is in its own.
          priority: { priorityKey: bandOfPriority(spec.priority) },
          staticSummary: `${spec.type}, queue ${spec.queue}`,
          typedSearchAttributes: [
            { key: searchAttributes.type, value: spec.type },
            { key: searchAttributes.queue, value: spec.queue },
            { key: searchAttributes.pool, value: spec.pool },
            { key: searchAttributes.status, value: 'QUEUED' },
            { key: searchAttributes.priority, value: spec.priority },
            ...(spec.tags.length > 0 ? [{ key: searchAttributes.tags, value: tagsThatFit(spec.tags) }] : []),
          ],
        }),
      );
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      throw new UserError('ID_TAKEN', `another job has the id "${spec.id}"; ifExists: RETURN_EXISTING answers with it`, { path: ['id'] });
    }
  }

  async #update(id: string, send: (handle: ReturnType<Client['workflow']['getHandle']>) => Promise<JobRecord>): Promise<JobPayload> {
    const { client } = this.#deps;
    try {
      if (!isJobId(id)) throw notFound(id);
      const record = await toTemporal(client, () => send(client.workflow.getHandle(workflowIdOf(id))));
      await this.#record({ kind: 'job', record });
      return { job: await this.#read(id), userErrors: [] };
    } catch (error) {
      const late = error instanceof WorkflowNotFoundError || error instanceof WorkflowUpdateFailedError;
      return this.#refusal(late ? await this.#whyLate(id) : error, id);
    }
  }

  /** The job was not there to be told: there is none, or it has become final. */
  async #whyLate(id: string): Promise<UserError> {
    const { client } = this.#deps;
    try {
      await toTemporal(client, () => client.workflow.getHandle(workflowIdOf(id)).describe());
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      // Past Temporal's retention only the journal knows it.
      const row = await this.#read(id);
      return row ? finished(row.status, id) : notFound(id);
    }
    const row = await this.#until(id, ({ status }) => isFinal(status as JobStatus));
    return finished(row?.status ?? 'final', id);
  }

  async #refusal(error: unknown, id: string | undefined): Promise<JobPayload> {
    return { userErrors: [toUserError(error)], job: await this.#read(id) };
  }

  /** Waits for the commit, but not for a journal that is down: the workflow tells it too. */
  #record(entry: Entry, waitMs = JOURNAL_WAIT_MS): Promise<boolean> {
    return within(waitMs, this.#deps.journal.writer.write(entry));
  }

  /** null also where the journal cannot be read: a mutation that was done is answered as done. */
  async #read(id: string | undefined): Promise<JobRow | null> {
    if (id === undefined) return null;
    try {
      const [row] = await readJobsById(this.#deps.journal.db, [id]);
      return row ?? null;
    } catch {
      return null;
    }
  }

  /** The job once it is as wished, or as it is after {@link OUTCOME_WAIT_MS}. */
  async #until(id: string, wished: (row: JobRow) => boolean): Promise<JobRow | null> {
    const done = (row: JobRow | null): boolean => row !== null && wished(row);
    const wake = this.#deps.live.wake((events) => events.some((event) => event.job_id === id));
    const until = Date.now() + OUTCOME_WAIT_MS;
    try {
      for (;;) {
        const row = await this.#read(id);
        if (done(row) || Date.now() >= until) return row;
        await within(until - Date.now(), wake.next());
      }
    } finally {
      wake.stop();
    }
  }
}

/** Temporal takes at most 2 KiB of JSON as one search attribute. Lists read the journal, which has all of them. */
function tagsThatFit(tags: string[]): string[] {
  let bytes = 2;
  const cut = tags.findIndex((tag) => (bytes += Buffer.byteLength(JSON.stringify(tag)) + 1) > MAX_ATTRIBUTE_BYTES);
  return cut < 0 ? tags : tags.slice(0, cut);
}

const notFound = (id: string): UserError => new UserError('NOT_FOUND', `there is no job "${id.slice(0, 220)}"`, { path: ['id'] });
const finished = (status: string, id: string): UserError =>
  new UserError('ALREADY_FINISHED', `the job "${id}" is ${status}`, { path: ['id'] });

/** @throws Fault BACKEND_UNAVAILABLE where Temporal does not answer in time. */
async function toTemporal<T>(client: Client, call: () => Promise<T>): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + TEMPORAL_WAIT_MS, call);
  } catch (error) {
    const code = (error as { code?: unknown }).code ?? (error as { cause?: { code?: unknown } }).cause?.code;
    if (!UNAVAILABLE.has(code) && (error as Error).name !== 'WorkflowUpdateRPCTimeoutOrCancelledError') throw error;
    throw new Fault('BACKEND_UNAVAILABLE', 'Temporal does not answer; it is not known whether this was done. Try again with the same id.', {
      cause: error,
    });
  }
}

/** https://grpc.io/docs/guides/status-codes: CANCELLED, DEADLINE_EXCEEDED, UNAVAILABLE */
const UNAVAILABLE = new Set<unknown>([1, 4, 14]);
const TEMPORAL_WAIT_MS = 10_000;
const JOURNAL_WAIT_MS = 500;
const GRACE_WAIT_MS = 50;
const OUTCOME_WAIT_MS = 3_000;
const STARTS_AT_ONCE = 16;
const MAX_ATTRIBUTE_BYTES = 2_048;
