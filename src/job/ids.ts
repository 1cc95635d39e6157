/** What a client may call a job: it becomes part of a workflow id, a URL and a log line. */
export const isJobId = (id: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$/.test(id);
export const JOB_ID_RULE = 'letters, digits and . _ : - , starting with a letter or digit, at most 200';

/** Names of queues, pools and job types. */
export const isName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name);
export const NAME_RULE = 'letters, digits and . _ - , starting with a letter or digit, at most 100';

export const workflowIdOf = (jobId: string): string => WORKFLOW_PREFIX + jobId;
export const jobIdOf = (workflowId: string): string | undefined =>
  workflowId.startsWith(WORKFLOW_PREFIX) ? workflowId.slice(WORKFLOW_PREFIX.length) : undefined;

export const bulkWorkflowIdOf = (operationId: string): string => `bulk:${operationId}`;

/** One task queue per pool: a worker serves one, and a poll that waits holds its slot. */
export const taskQueueOf = (pool: string): string => `pool:${pool}`;
/** Where what a paused queue has in a pool's line stands meanwhile: no worker serves it. */
export const pausedQueueOf = (pool: string): string => `${taskQueueOf(pool)}/paused`;
export const ORCHESTRATOR_TASK_QUEUE = 'orchestrator';

/** For an answer to a workflow task: one that an orchestrator has died with is given to another after that. Temporal's default is twice it. */
export const WORKFLOW_TASK_TIMEOUT_MS = 5_000;

/** The activity id of an attempt: another one each, so that failing a lost one cannot hit its successor. */
export const activityIdOf = (number: number): string => `attempt-${number}`;

/** A UUIDv7 (RFC 9562), of a job or a bulk operation: the first 48 bits are the time, so that ids sort by age. */
export function newJobId(nowMs = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(nowMs / 2 ** (8 * (5 - i))) & 0xff;
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const WORKFLOW_PREFIX = 'job:';
