/** Where a job stands. The last three are final. */
export const JOB_STATUSES = [
  'WAITING',
  'SCHEDULED',
  'HELD',
  'QUEUED',
  'RUNNING',
  'ROLLING_BACK',
  'SUCCEEDED',
  'FAILED',
  'ABORTED',
] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** How an attempt ended. ABORTED: it was asked to stop; the job's reason says by whom. */
export type AttemptOutcome = 'SUCCEEDED' | 'FAILED' | 'HALTED' | 'LOST' | 'TIMED_OUT' | 'LIMIT_EXCEEDED' | 'ABORTED';

/** Why a job is as it is: a closed set, so that clients can act on it. */
export type ReasonCode =
  | 'DEPENDENCY_FAILED'
  | 'HANDLER_ERROR'
  | 'HALTED'
  | 'LOST'
  | 'TIMED_OUT'
  | 'QUEUE_TIMEOUT'
  | 'DEADLINE'
  | 'MEMORY_LIMIT'
  | 'CPU_LIMIT'
  | 'BAD_PAYLOAD'
  | 'BAD_RESULT'
  | 'NO_HANDLER'
  | 'ABORTED_BY_USER'
  | 'TERMINATED'
  | 'INTERNAL';

export type Reason = { code: ReasonCode; message: string };

/** What happened to a job, in the feed's words. */
export type JobEventKind =
  | 'CREATED'
  | 'WAITING'
  | 'DEPENDENCY_ENDED'
  | 'SCHEDULED'
  | 'HELD'
  | 'RELEASED'
  | 'QUEUED'
  | 'STARTED'
  | 'PROGRESSED'
  | 'ATTEMPT_ENDED'
  | 'RETRY_SCHEDULED'
  | 'HALTED'
  | 'LOST'
  | 'PRIORITY_SET'
  | 'AGED'
  | 'FORCED'
  | 'ABORT_REQUESTED'
  | 'STEP_STARTED'
  | 'STEP_ENDED'
  | 'UNDO_STARTED'
  | 'UNDO_ENDED'
  | 'FAILED_OVER'
  | 'RETRIED'
  | 'FINISHED'
  | 'RECONCILED'
  | 'DELETED';

export const FINAL_STATUSES = ['SUCCEEDED', 'FAILED', 'ABORTED'] as const satisfies JobStatus[];

export const isFinal = (status: JobStatus): boolean => (FINAL_STATUSES as readonly string[]).includes(status);

/**
 * The status to show, from the two sides that know a part of it: the workflow, which cannot see that its attempt has
 * started, and the worker, which sees nothing else.
 *
 * RUNNING holds from an attempt's start until the workflow has taken note of that attempt's end.
 */
export const shownStatus = (workflow: JobStatus, attemptsEnded: number, lastStarted: number): JobStatus =>
  isFinal(workflow) || workflow === 'ROLLING_BACK' || lastStarted <= attemptsEnded ? workflow : 'RUNNING';

/** Where a step of a job stands. */
export type StepStatus = 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'UNDOING' | 'UNDONE' | 'UNDO_FAILED';

/** How far the undoing of a job got. SKIPPED: what was done is kept, as asked. */
export type RollbackState = 'RUNNING' | 'DONE' | 'INCOMPLETE' | 'SKIPPED';
