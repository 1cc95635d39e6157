import { type Client, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { UserError } from '../job/errors.ts';
import { isJobId, workflowIdOf } from '../job/ids.ts';
import { LIMITS, type JobOptions, type JobRecord } from '../job/spec.ts';
import { isFinal, type JobStatus } from '../job/status.ts';
import type { Journal } from '../journal/journal.ts';
import type { JobRow } from '../journal/read-jobs.ts';
import { abort, forceStart, hold, release, setPriority, UNSUPPORTED } from '../workflows/messages.ts';
import { abortBulk, type AbortBulkPayload, bulkJobs, type BulkPayload } from './bulk-jobs.ts';
import { createJob, createJobs } from './create-jobs.ts';
import { deleteJob, type DeletePayload } from './delete-job.ts';
import { notFound } from './errors.ts';
import { JobRows, type JobPayload } from './job-rows.ts';
import type { JobTypes } from './job-types.ts';
import type { Live } from './live.ts';
import type { Queues } from './queues.ts';
import { readPriority } from './read-input.ts';
import { retryJob } from './retry-job.ts';
import type {
  AbortBulkOperationInput,
  AbortJobInput,
  BulkJobsInput,
  CreateJobInput,
  DeleteJobInput,
  ForceStartJobInput,
  HoldJobInput,
  ReleaseJobInput,
  RetryJobInput,
  SetJobPriorityInput,
} from './schema.gen.ts';
import { toTemporal } from './to-temporal.ts';

export type JobsDeps = { client: Client; journal: Journal; jobTypes: JobTypes; live: Live; queues: Queues };
type Handle = ReturnType<Client['workflow']['getHandle']>;

/**
 * What can be done to jobs. Temporal is asked first and decides; the journal is written before the answer goes out.
 *
 * `once` names an ask: the same ask again, by whoever may have been cut off, has the answer of the first one.
 */
export class Jobs {
  readonly #deps: JobsDeps & { rows: JobRows };

  constructor(deps: JobsDeps) {
    this.#deps = { ...deps, rows: new JobRows(deps.journal, deps.live) };
  }

  create(input: CreateJobInput): Promise<JobPayload> {
    return createJob(this.#deps, input);
  }

  createAll(inputs: readonly CreateJobInput[]): Promise<{ results: JobPayload[] }> {
    return createJobs(this.#deps, inputs);
  }

  retry(input: RetryJobInput, once?: string): Promise<JobPayload> {
    return retryJob(this.#deps, input, once);
  }

  delete(input: DeleteJobInput): Promise<DeletePayload> {
    return deleteJob(this.#deps, input);
  }

  bulk(input: BulkJobsInput): Promise<BulkPayload> {
    return bulkJobs(this.#deps, input);
  }

  abortBulk(input: AbortBulkOperationInput): Promise<AbortBulkPayload> {
    return abortBulk(this.#deps, input);
  }

  async abort({ id, message, grace, rollback }: AbortJobInput, once?: string): Promise<JobPayload> {
    const { rows } = this.#deps;
    if (message && message.length > LIMITS.messageLength) {
      const tooLong = `the message has ${message.length} characters, ${LIMITS.messageLength} are allowed`;
      return rows.refusal(new UserError('INVALID_ARGUMENT', tooLong, { path: ['message'] }));
    }
    const before = await rows.read(id);
    const graceMs = grace ?? ownGraceAgain(before);
    const tellGrace = async (): Promise<void> => {
      if (graceMs !== undefined) await rows.record({ kind: 'abortGrace', jobId: id, graceMs }, GRACE_WAIT_MS);
    };
    // Its worker looks at it from now on, and may end it before anything else that is asked has come to the job.
    const isStopping = before?.status === 'RUNNING' && before.abort_requested_at !== null;
    // First, so that the worker finds it when Temporal's cancel arrives, which cannot carry it.
    if (!isStopping) await tellGrace();
    const how = { ...(message ? { message } : {}), ...(typeof rollback === 'boolean' ? { rollback } : {}) };
    const payload = await this.#update(id, (handle) => handle.executeUpdate(abort, { args: [how], ...named(once) }));
    if (isStopping) await tellGrace();
    if (payload.userErrors[0]?.code === 'ALREADY_FINISHED' && payload.job?.status === 'ABORTED')
      return { job: payload.job, userErrors: [] };
    // Not running: final in the answer. Whether it runs only the journal can tell.
    return this.#once(id, payload, ({ status }) => isFinal(status as JobStatus) || status === 'RUNNING' || status === 'ROLLING_BACK');
  }

  async forceStart({ id, ignoreDependencies, ignoreConcurrency }: ForceStartJobInput, once?: string): Promise<JobPayload> {
    const how = { ...(ignoreDependencies ? { ignoreDependencies } : {}), ...(ignoreConcurrency ? { ignoreConcurrency } : {}) };
    const payload = await this.#update(id, (handle) => handle.executeUpdate(forceStart, { args: [how], ...named(once) }));
    // It ends holds and waits, which the workflow tells the journal a moment after it has answered us.
    const skipped = ['SCHEDULED', 'HELD', ...(ignoreDependencies ? ['WAITING'] : [])];
    return this.#once(id, payload, ({ status }) => !skipped.includes(status));
  }

  async setPriority({ id, priority }: SetJobPriorityInput, once?: string): Promise<JobPayload> {
    try {
      readPriority(priority);
    } catch (error) {
      return this.#deps.rows.refusal(error);
    }
    return this.#update(id, (handle) => handle.executeUpdate(setPriority, { args: [priority], ...named(once) }));
  }

  async hold({ id }: HoldJobInput, once?: string): Promise<JobPayload> {
    const payload = await this.#update(id, (handle) => handle.executeUpdate(hold, named(once)));
    return this.#once(
      id,
      payload,
      ({ status, held }) => status === 'HELD' || (held === 1 && status === 'RUNNING') || isFinal(status as JobStatus),
    );
  }

  async release({ id }: ReleaseJobInput, once?: string): Promise<JobPayload> {
    const payload = await this.#update(id, (handle) => handle.executeUpdate(release, named(once)));
    return this.#once(id, payload, ({ status }) => status !== 'HELD');
  }

  /** The answer, once the journal shows what the workflow tells it after it has answered us. */
  async #once(id: string, payload: JobPayload, wished: (row: JobRow) => boolean): Promise<JobPayload> {
    if (payload.userErrors.length > 0) return payload;
    return { job: await this.#deps.rows.until(id, wished), userErrors: [] };
  }

  async #update(id: string, send: (handle: Handle) => Promise<JobRecord>): Promise<JobPayload> {
    const { client, rows } = this.#deps;
    try {
      if (!isJobId(id)) throw notFound(id);
      const record = await toTemporal(client, () => send(client.workflow.getHandle(workflowIdOf(id))));
      await rows.record({ kind: 'job', record });
      return { job: await rows.read(id), userErrors: [] };
    } catch (error) {
      return rows.refusal(await this.#whyRefused(error, id), id);
    }
  }

  async #whyRefused(error: unknown, id: string): Promise<unknown> {
    if (error instanceof WorkflowUpdateFailedError && (error.cause as { type?: string } | undefined)?.type === UNSUPPORTED)
      return new UserError('UNSUPPORTED', `the job "${id}": ${error.cause?.message}`, { path: ['id'] });
    const isLate = error instanceof WorkflowNotFoundError || error instanceof WorkflowUpdateFailedError;
    return isLate ? this.#whyLate(id) : error;
  }

  /** The job was not there to be told: there is none, or it has become final. */
  async #whyLate(id: string): Promise<UserError> {
    const { client, rows } = this.#deps;
    try {
      await toTemporal(client, () => client.workflow.getHandle(workflowIdOf(id)).describe());
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      // Past Temporal's retention only the journal knows it.
      const row = await rows.read(id);
      return row ? finished(row.status, id) : notFound(id);
    }
    const row = await rows.until(id, ({ status }) => isFinal(status as JobStatus));
    return finished(row?.status ?? 'final', id);
  }
}

/** The job's own grace, where an ask before this one has left another. */
const ownGraceAgain = (row: JobRow | null): number | undefined =>
  row && row.abort_grace_ms !== null ? (JSON.parse(row.options) as JobOptions).graceMs : undefined;

/** Temporal does an update once per id, and answers the same again, also when the workflow has ended since. */
const named = (once: string | undefined): { updateId?: string } => (once === undefined ? {} : { updateId: once });

const finished = (status: string, id: string): UserError =>
  new UserError('ALREADY_FINISHED', `the job "${id}" is ${status}; retryJob runs it again`, { path: ['id'] });

const GRACE_WAIT_MS = 50;
