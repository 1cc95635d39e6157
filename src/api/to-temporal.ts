import { setTimeout as pause } from 'node:timers/promises';
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionDescription,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { bandOfPriority } from '../job/bands.ts';
import { Fault } from '../job/errors.ts';
import { ORCHESTRATOR_TASK_QUEUE, WORKFLOW_TASK_TIMEOUT_MS, workflowIdOf } from '../job/ids.ts';
import { firstRecord } from '../job/record.ts';
import type { JobSpec } from '../job/spec.ts';
import type { Kept } from '../workflows/job-life.ts';
import type { jobWorkflow } from '../workflows/job.ts';
import { searchAttributes } from '../workflows/search-attributes.ts';
import { oncePrepared } from './once-prepared.ts';

/**
 * Starts a job's workflow.
 *
 * @param kept what a job that is run again goes on with.
 * @param once what {@link begunBy} answers with from then on.
 * @returns false where the id is taken: by any job there was, or, with `kept`, by one that is not final.
 * @throws Fault BACKEND_UNAVAILABLE where Temporal does not answer in time, or nobody has prepared it for jobs.
 */
export async function startJob(client: Client, spec: JobSpec, kept?: Kept, once?: string): Promise<boolean> {
  const named = (error: unknown): never => {
    throw error instanceof Fault && !kept ? notKnown(spec.id, error) : error;
  };
  try {
    await oncePrepared(client.options.namespace, () => toTemporal(client, () => beginJob(client, spec, kept, once)).catch(named));
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}

const beginJob = (client: Client, spec: JobSpec, kept?: Kept, once?: string) =>
  client.workflow.start<typeof jobWorkflow>('jobWorkflow', {
    workflowId: workflowIdOf(spec.id),
    taskQueue: ORCHESTRATOR_TASK_QUEUE,
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
    args: kept ? [spec, kept] : [spec],
    workflowIdReusePolicy: kept ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
    // Its first task stands in line too: a burst of regular jobs must not delay an urgent one before it is in its own.
    priority: { priorityKey: bandOfPriority(spec.priority) },
    ...(kept ? { memo: { follows: kept.rev, ...(once === undefined ? {} : { askedBy: once }) } satisfies Begun } : {}),
    staticSummary: `${spec.type}, queue ${spec.queue}`,
    typedSearchAttributes: [
      { key: searchAttributes.type, value: spec.type },
      { key: searchAttributes.queue, value: spec.queue },
      { key: searchAttributes.pool, value: spec.pool },
      { key: searchAttributes.status, value: kept?.status ?? firstRecord(spec).status },
      { key: searchAttributes.priority, value: spec.priority },
      ...(spec.tags.length > 0 ? [{ key: searchAttributes.tags, value: tagsThatFit(spec.tags) }] : []),
    ],
  });

/** What a run that retryJob has begun says of its beginning. */
type Begun = {
  /** The `rev` that the job had when it was final, and that this run has gone on from. */
  follows?: number;
  /** The name of the ask, if it had one. */
  askedBy?: string;
};

/** How a job's last run has begun. */
export async function begunBy(client: Client, jobId: string): Promise<Begun & { wasTerminated: boolean }> {
  const last = await describeJob(client, jobId);
  return { ...(last?.memo as Begun | undefined), wasTerminated: last?.status.name === 'TERMINATED' };
}

/** The last run of a job's workflow, or the one of that run id; undefined where Temporal has none. */
export async function describeJob(client: Client, jobId: string, runId?: string): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await toTemporal(client, () => client.workflow.getHandle(workflowIdOf(jobId), runId).describe());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** @throws Fault BACKEND_UNAVAILABLE where Temporal does not answer in time. */
export async function toTemporal<T>(client: Client, call: () => Promise<T>, until = Date.now() + TEMPORAL_WAIT_MS): Promise<T> {
  try {
    return await client.withDeadline(until, call);
  } catch (error) {
    const code = (error as { code?: unknown }).code ?? (error as { cause?: { code?: unknown } }).cause?.code;
    // An Update goes down with the workflow task that carries it, where that meets another message, or where the workflow's tasks fail; and a run that
    // was told too much takes none. It was not done.
    if (code === FAILED_PRECONDITION && Date.now() + AGAIN_MS < until) {
      await pause(AGAIN_MS);
      return toTemporal(client, call, until);
    }
    if (code === FAILED_PRECONDITION) throw new Fault('BACKEND_UNAVAILABLE', NOT_TAKEN, { cause: error });
    if (!UNAVAILABLE.has(code) && (error as Error).name !== 'WorkflowUpdateRPCTimeoutOrCancelledError') throw error;
    throw new Fault('BACKEND_UNAVAILABLE', NOT_ANSWERED, { cause: error });
  }
}

/** Also where the client has left the id to us: with it, it can ask again without creating a second job. */
const notKnown = (id: string, { code, cause }: Fault): Fault =>
  new Fault(
    code,
    `Temporal does not answer; it is not known whether the job "${id}" was created: create it again with this id and ifExists: RETURN_EXISTING`,
    { cause, jobId: id },
  );

/** Temporal takes at most 2 KiB of JSON as one search attribute. Lists read the journal, which has all of them. */
function tagsThatFit(tags: string[]): string[] {
  let bytes = 2;
  const cut = tags.findIndex((tag) => (bytes += Buffer.byteLength(JSON.stringify(tag)) + 1) > MAX_ATTRIBUTE_BYTES);
  return cut < 0 ? tags : tags.slice(0, cut);
}

const FAILED_PRECONDITION = 9;
/** https://grpc.io/docs/guides/status-codes: CANCELLED, DEADLINE_EXCEEDED, UNAVAILABLE */
const UNAVAILABLE = new Set<unknown>([1, 4, 14]);
const NOT_ANSWERED = 'Temporal does not answer; it is not known whether this was done: look before you ask again';
const NOT_TAKEN =
  "its workflow takes no message now: nothing was done, ask again later (where its tasks fail, its page in Temporal's Web UI says why)";
const AGAIN_MS = 50;
const TEMPORAL_WAIT_MS = 10_000;
const MAX_ATTRIBUTE_BYTES = 2_048;
