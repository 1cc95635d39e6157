import type { Json } from '../index.ts';
import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { JobRow } from '../journal/read-jobs.ts';
import type { AttemptRow } from '../journal/read-attempts.ts';
import type { EventRow, LogLineRow } from '../journal/read-events.ts';
import type { UsageRow } from '../journal/read-usage.ts';
import type { WorkerRow, JobTypeRow } from '../journal/read-workers.ts';
import type { JobOptions as Options, Retry as RetryPolicy } from '../job/spec.ts';
import type { Dependency, ShownStep } from './present.ts';
import type { Wait } from './waiting-for.ts';
import type { QueueRow } from './queues.ts';
import type { BulkRow, BulkErrorRow } from '../journal/read-bulk.ts';
import type { Context } from './context.ts';
export type Maybe<T> = T | null;
export type InputMaybe<T> = Maybe<T>;
export type Omit<T, K extends keyof T> = Pick<T, Exclude<keyof T, K>>;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** A whole number of bytes, 0 to 2^53-1, a JSON number. Inputs also take a text with a unit: 512MiB, 2GB. */
  Bytes: { input: number; output: number; }
  /** A moment, as RFC 3339 text in UTC with ms: 2026-01-31T12:00:00.000Z. Inputs are any RFC 3339 text, with seconds and a zone: 2026-01-31T13:00:00+01:00. */
  DateTime: { input: Date; output: number; }
  /** A length of time: 250ms, 30s, 5m, 2h, 1d, or a sum (1h30m), at most 3650d. In and out in this form; measured times are numbers with the unit in the name. */
  Duration: { input: number; output: number; }
  /** Any JSON value. Inputs: at most 1 MiB and 64 levels. */
  JSON: { input: Json; output: Json; }
  /** A place in the feed: a whole number up to 2^53-1, a JSON number. Int has too few bits for it. */
  Version: { input: number; output: number; }
};

/** A bulk operation to stop. */
export type AbortBulkOperationInput = {
  /** Which. */
  id: Scalars['ID']['input'];
};

/** The bulk operation after the ask to stop. */
export type AbortBulkOperationPayload = {
  __typename?: 'AbortBulkOperationPayload';
  /** As it is now. Still RUNNING where it is about to stop: ABORTED follows. */
  operation?: Maybe<BulkOperation>;
  /** Empty when it was done. */
  userErrors: Array<UserError>;
};

/** A job to stop. */
export type AbortJobInput = {
  /** From the ask to SIGKILL; 0s kills at once. Default: the job's own. Asked again while the job still runs, a shorter one counts. */
  grace?: InputMaybe<Scalars['Duration']['input']>;
  /** Which. */
  id: Scalars['ID']['input'];
  /** Why, for people: it becomes the reason's message. At most 1,000 characters. */
  message?: InputMaybe<Scalars['String']['input']>;
  /** Undo the finished steps. Default: the job's own. false counts also when asked for later: while its last attempt ends, and on a job that undoes its steps, whose running undo is killed and the rest left. */
  rollback?: InputMaybe<Scalars['Boolean']['input']>;
};

/** The job after the ask. */
export type AbortJobPayload = {
  __typename?: 'AbortJobPayload';
  /** As it is now. */
  job?: Maybe<Job>;
  /** Empty when it was done. */
  userErrors: Array<UserError>;
};

/**
 * One try at a job, in one process. Of a journal that was made again from Temporal it has what its history tells: number, outcome, error,
 * worker, host, and when; what only its worker knew is null, and its log and usage are empty.
 */
export type Attempt = {
  __typename?: 'Attempt';
  /** What its handler and hooks have noted on it, an object of at most 16 KiB, written with its end; null where they have noted nothing, and where only Temporal's history is left of it. */
  annotations?: Maybe<Scalars['JSON']['output']>;
  /** CPU time of its processes, in steps of 10 ms; null while it runs, where nothing was measured, and where only Temporal's history is left of it. */
  cpuSeconds?: Maybe<Scalars['Float']['output']>;
  /** From start to end. */
  durationMs?: Maybe<Scalars['Float']['output']>;
  /** Why it did not succeed. */
  error?: Maybe<JobError>;
  /** With which its process ended, where it died by itself; null where only Temporal's history is left of it. */
  exitCode?: Maybe<Scalars['Int']['output']>;
  /** When its process had answered or was gone. */
  finishedAt?: Maybe<Scalars['DateTime']['output']>;
  /** Where it ran. */
  host: Scalars['String']['output'];
  /** <job id>/<number> */
  id: Scalars['ID']['output'];
  /** The job it belongs to. */
  job: Job;
  /** How long the kill took, from the ask to the proof that its process and all that it had started are gone; null where only Temporal's history is left of it. */
  killMs?: Maybe<Scalars['Float']['output']>;
  /** Every process the kill ended, also one that had moved to a session of its own, or was left behind by a handler that had come to its end; none where only Temporal's history is left of it. */
  killedPids: Array<Scalars['Int']['output']>;
  /** What it wrote to stdout and stderr. */
  log: LogConnection;
  /** From 1, over all retries, halts and losses. */
  number: Scalars['Int']['output'];
  /** null while it runs. */
  outcome?: Maybe<AttemptOutcome>;
  /** The most memory that its processes had at one of the looks, five a second; null while it runs, where nothing was measured, and where only Temporal's history is left of it. */
  peakMemoryBytes?: Maybe<Scalars['Bytes']['output']>;
  /** Its process; null where only Temporal's history is left of it. */
  pid?: Maybe<Scalars['Int']['output']>;
  /** By which its process ended, where it was killed or died of one; null where only Temporal's history is left of it. */
  signal?: Maybe<Scalars['String']['output']>;
  /** When it had its process. */
  startedAt: Scalars['DateTime']['output'];
  /** The step it ran; null in a job of one piece, and where only Temporal's history is left of it. */
  step?: Maybe<Scalars['String']['output']>;
  /** It ran the step's undo; false where only Temporal's history is left of it. */
  undo: Scalars['Boolean']['output'];
  /** What its processes used, oldest first: a sample a second while it runs, at most 60 of them once it has ended. */
  usage: UsageConnection;
  /** The worker that ran it; null when it has been forgotten. */
  worker?: Maybe<Worker>;
  /** Stays when the worker is forgotten. */
  workerId: Scalars['ID']['output'];
};


/**
 * One try at a job, in one process. Of a journal that was made again from Temporal it has what its history tells: number, outcome, error,
 * worker, host, and when; what only its worker knew is null, and its log and usage are empty.
 */
export type AttemptLogArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: Scalars['Int']['input'];
};


/**
 * One try at a job, in one process. Of a journal that was made again from Temporal it has what its history tells: number, outcome, error,
 * worker, host, and when; what only its worker knew is null, and its log and usage are empty.
 */
export type AttemptUsageArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: Scalars['Int']['input'];
};

/** A page of attempts. */
export type AttemptConnection = {
  __typename?: 'AttemptConnection';
  /** The attempts. */
  nodes: Array<Attempt>;
  /** Where this page stands. */
  pageInfo: PageInfo;
};

/** How an attempt ended. */
export type AttemptOutcome =
  /** It was asked to stop; the job's reason says by whom. */
  | 'ABORTED'
  /** The handler threw, or returned what is no JSON. */
  | 'FAILED'
  /** Its process died and nobody had asked it to. */
  | 'HALTED'
  /** It was killed because it used more than its limits; the error says which, and the figure it had reached. */
  | 'LIMIT_EXCEEDED'
  /** Its worker died, was shut down, or lost touch with Temporal. */
  | 'LOST'
  /** The handler returned. */
  | 'SUCCEEDED'
  /** It was killed for its timeout. */
  | 'TIMED_OUT';

/** What a bulk operation does to each of its jobs: what the mutation on one job does. */
export type BulkAction =
  /** abortJob. */
  | 'ABORT'
  /** deleteJob. One that is gone already counts as done. */
  | 'DELETE'
  /** forceStartJob. */
  | 'FORCE_START'
  /** holdJob. */
  | 'HOLD'
  /** releaseJob. */
  | 'RELEASE'
  /** retryJob, from the start. */
  | 'RETRY'
  /** setJobPriority, to the `priority` given. */
  | 'SET_PRIORITY';

/** Why a bulk operation could not do it to one job. */
export type BulkError = {
  __typename?: 'BulkError';
  /** What the mutation on that job alone would have answered. */
  error: UserError;
  /** Which job. */
  jobId: Scalars['ID']['output'];
};

/** One thing to do to many jobs. */
export type BulkJobsInput = {
  /** What. */
  action: BulkAction;
  /** Only say how many match, and do nothing. */
  dryRun?: Scalars['Boolean']['input'];
  /** Only jobs that match all of it. An empty one means every job there is. */
  filter: JobFilter;
  /** Of ABORT: from the ask to SIGKILL; 0s kills at once. Default: each job's own. */
  grace?: InputMaybe<Scalars['Duration']['input']>;
  /** 1 to 10. SET_PRIORITY needs it, no other action reads it. */
  priority?: InputMaybe<Scalars['Int']['input']>;
};

/** What was begun. */
export type BulkJobsPayload = {
  __typename?: 'BulkJobsPayload';
  /** How many jobs match. */
  matched?: Maybe<Scalars['Int']['output']>;
  /** As it is now; null for a dry run. */
  operation?: Maybe<BulkOperation>;
  /** Empty when it was begun, or counted. */
  userErrors: Array<UserError>;
};

/** One thing done to many jobs. */
export type BulkOperation = {
  __typename?: 'BulkOperation';
  /** What it does to each. */
  action: BulkAction;
  /** Jobs it was done to, or that were as wished already. */
  done: Scalars['Int']['output'];
  /** Why it was not done, by job id. The first 1,000 refusals are kept. */
  errors: Array<BulkError>;
  /** Jobs that refused it. */
  failed: Scalars['Int']['output'];
  /** When it was through, or was stopped; null before. */
  finishedAt?: Maybe<Scalars['DateTime']['output']>;
  /** A UUIDv7. */
  id: Scalars['ID']['output'];
  /** Jobs that matched when it started. */
  matched: Scalars['Int']['output'];
  /** When it was asked for. */
  startedAt: Scalars['DateTime']['output'];
  /** Where it stands. */
  status: BulkStatus;
};


/** One thing done to many jobs. */
export type BulkOperationErrorsArgs = {
  first?: Scalars['Int']['input'];
};

/** Where a bulk operation stands. */
export type BulkStatus =
  /** Was stopped: what it had done is done, the rest was left. */
  | 'ABORTED'
  /** Goes through its jobs. */
  | 'RUNNING'
  /** Has dealt with all of them, whether they refused or not. */
  | 'SUCCEEDED';

/** A key that only so many jobs have at a time, from their first attempt in line to their end or their next wait. */
export type Concurrency = {
  __typename?: 'Concurrency';
  /** What they share. */
  key: Scalars['String']['output'];
  /** How many at a time. */
  limit: Scalars['Int']['output'];
};

/** A key that only so many jobs have at a time. */
export type ConcurrencyInput = {
  /** What they share, at most 200 characters. All jobs of a key should give the same limit: the one given last holds. */
  key: Scalars['String']['input'];
  /** How many at a time, 1 to 100,000. */
  limit?: Scalars['Int']['input'];
};

/** One job to create. What is left out comes from the type, else from the product, whose defaults are named here. */
export type CreateJobInput = {
  /** In line for this long it moves up one priority, each time, up to 10. Default 10m; 0s: never. Seen to every 30s; for a shorter one more often, down to every 1s. */
  ageAfter?: InputMaybe<Scalars['Duration']['input']>;
  /** Only so many jobs of a key at a time. */
  concurrency?: InputMaybe<ConcurrencyInput>;
  /** From its creation to its end. What runs then is killed, and undone. Default: no bound. */
  deadline?: InputMaybe<Scalars['Duration']['input']>;
  /** Not in line before this long has passed. Not together with startAt. */
  delay?: InputMaybe<Scalars['Duration']['input']>;
  /** Jobs to wait for, at most 1,000. In createJobs also other items, in any order. */
  dependencies?: InputMaybe<Array<Scalars['ID']['input']>>;
  /** One job of its type at a time. Default false. */
  exclusive?: InputMaybe<Scalars['Boolean']['input']>;
  /** From the ask to stop to SIGKILL. Default 5s. */
  grace?: InputMaybe<Scalars['Duration']['input']>;
  /** Create it on hold. Default false. */
  hold?: InputMaybe<Scalars['Boolean']['input']>;
  /** Letters, digits and . _ : - , starting with a letter or digit, at most 200. Default: a UUIDv7. */
  id?: InputMaybe<Scalars['ID']['input']>;
  /** What to do when the id is taken. Default ERROR. */
  ifExists?: InputMaybe<IfExists>;
  /** What one attempt may use. Default: the type's, else no limits. */
  limits?: InputMaybe<LimitsInput>;
  /** More halts than this fail the job, 0 to 1,000. Default 3. */
  maxHalts?: InputMaybe<Scalars['Int']['input']>;
  /** Whatever the client wants to find again; at most 16 KiB of JSON. */
  metadata?: InputMaybe<Scalars['JSON']['input']>;
  /** What a dependency that did not succeed means. Default FAIL. */
  onDependencyFailure?: InputMaybe<DependencyPolicy>;
  /** What follows when its worker is lost. Default RUN_AGAIN. */
  onLost?: InputMaybe<LostPolicy>;
  /** Must keep to the type's payloadSchema; at most 1 MiB of JSON. Default: null. */
  payload?: InputMaybe<Scalars['JSON']['input']>;
  /** The workers that may run it. Default: the type's, else "default". */
  pool?: InputMaybe<Scalars['String']['input']>;
  /** 1 to 10, 10 is served first. Default: the type's, else 1. */
  priority?: InputMaybe<Scalars['Int']['input']>;
  /** A label to count by. Default: the type's, else "default". */
  queue?: InputMaybe<Scalars['String']['input']>;
  /** In line for one attempt for longer than this fails the job. Default: no bound. */
  queueTimeout?: InputMaybe<Scalars['Duration']['input']>;
  /** How failures are tried again. */
  retry?: InputMaybe<RetryInput>;
  /** Undo the finished steps when it fails or is aborted. Default true. */
  rollback?: InputMaybe<Scalars['Boolean']['input']>;
  /** Not in line before, at most ten years from now. One in the past is now. */
  startAt?: InputMaybe<Scalars['DateTime']['input']>;
  /** At most 50, of at most 64 characters. */
  tags?: InputMaybe<Array<Scalars['String']['input']>>;
  /** An attempt is killed after this long. Default: never. */
  timeout?: InputMaybe<Scalars['Duration']['input']>;
  /** One of `jobTypes`. */
  type: Scalars['String']['input'];
};

/** The job, or why there is none. */
export type CreateJobPayload = {
  __typename?: 'CreateJobPayload';
  /** What was created, or has the id already. null where it was refused, and where the journal has forgotten the job that has the id (ID_TAKEN). */
  job?: Maybe<Job>;
  /** The id that the job has, or was to have: what was not answered can be asked for again with it. null where it was refused before it had one. */
  jobId?: Maybe<Scalars['ID']['output']>;
  /** Empty when it was done. */
  userErrors: Array<UserError>;
};

/** Jobs to create. */
export type CreateJobsInput = {
  /** 1 to 1,000. */
  jobs: Array<CreateJobInput>;
};

/** A result for every item. */
export type CreateJobsPayload = {
  __typename?: 'CreateJobsPayload';
  /** In the order of the items. */
  results: Array<CreateJobPayload>;
};

/** Something that does not work as well as it could. */
export type Degradation = {
  __typename?: 'Degradation';
  /** What it costs. */
  message: Scalars['String']['output'];
  /** What. */
  part: Scalars['String']['output'];
};

/** A job to forget. */
export type DeleteJobInput = {
  /** Which. */
  id: Scalars['ID']['input'];
};

/** What was deleted. */
export type DeleteJobPayload = {
  __typename?: 'DeleteJobPayload';
  /** The id, which is free again; null when it was refused. */
  deletedJobId?: Maybe<Scalars['ID']['output']>;
  /** Empty when it was done. */
  userErrors: Array<UserError>;
};

/** What a dependency that FAILED or was ABORTED means for the job that waits for it. */
export type DependencyPolicy =
  /** The job fails as well, with DEPENDENCY_FAILED. */
  | 'FAIL'
  /** It counts as ended, like any other. */
  | 'RUN_ANYWAY';

/** Which way a list goes. */
export type Direction =
  /** Least first. */
  | 'ASC'
  /** Most first. */
  | 'DESC';

/** A job to start before others. */
export type ForceStartJobInput = {
  /** Which. */
  id: Scalars['ID']['input'];
  /** Do not wait for its concurrency key, nor for others of its exclusive type. Default false. */
  ignoreConcurrency?: InputMaybe<Scalars['Boolean']['input']>;
  /** Do not wait for the jobs it depends on. Default false. */
  ignoreDependencies?: InputMaybe<Scalars['Boolean']['input']>;
};

/** The job after the force. */
export type ForceStartJobPayload = {
  __typename?: 'ForceStartJobPayload';
  /** As it is now. */
  job?: Maybe<Job>;
  /** Empty when it was done. */
  userErrors: Array<UserError>;
};

/** A job to keep out of the line. */
export type HoldJobInput = {
  /** Which. */
  id: Scalars['ID']['input'];
};

/** The job on hold. */
export type HoldJobPayload = {
  __typename?: 'HoldJobPayload';
  /** As it is now. */
  job?: Maybe<Job>;
  /** Empty when it was done. */
  userErrors: Array<UserError>;
};

/** What to do when the id is taken. */
export type IfExists =
  /** Refuse: ID_TAKEN, with the job that has the id. */
  | 'ERROR'
  /** Answer with the job that has the id, whatever it was created with. */
  | 'RETURN_EXISTING';

/** One unit of work a client asked for. */
export type Job = {
  __typename?: 'Job';
  /** Set from the ask to stop on. */
  abortRequestedAt?: Maybe<Scalars['DateTime']['output']>;
  /** Attempts that have started. */
  attemptCount: Scalars['Int']['output'];
  /** Every attempt, first one first. */
  attempts: AttemptConnection;
  /** Where it stands in line, 1 (first) to 15. While it runs: where the next attempt would stand. null on hold, before a time, behind dependencies, and when it is final. */
  band?: Maybe<Scalars['Int']['output']>;
  /** When it was accepted. */
  createdAt: Scalars['DateTime']['output'];
  /** Jobs that wait for this one, or have, by id. */
  dependants: JobConnection;
  /** The jobs it waits for, or has waited for. */
  dependencies: Array<JobDependency>;
  /** With what it has gained by waiting in line (`ageAfter`), at most 10. Back to `priority` when that is set, or an attempt has failed. */
  effectivePriority: Scalars['Int']['output'];
  /** Of the last attempt that failed, halted, timed out, passed a limit or was lost. */
  error?: Maybe<JobError>;
  /**
   * What happened to it, as it became known, first event first. Its workflow and the worker of an attempt tell without waiting for each
   * other: under load a STARTED may stand before the QUEUED that led to it.
   */
  events: JobEventConnection;
  /** The handler named in failover has taken over. */
  failedOver: Scalars['Boolean']['output'];
  /** Attempts that failed or timed out. Each step, each undo and a failover count their own against `retry.maxAttempts`. */
  failures: Scalars['Int']['output'];
  /** When it became final. */
  finishedAt?: Maybe<Scalars['DateTime']['output']>;
  /** It was force-started and that still holds. */
  forced: Scalars['Boolean']['output'];
  /** Times it was requeued because its process died. */
  halts: Scalars['Int']['output'];
  /** As the client gave it, else a UUIDv7. */
  id: Scalars['ID']['output'];
  /** The type as workers have published it; null where no pool has it any more. */
  jobType?: Maybe<JobType>;
  /** The attempt that started last. */
  lastAttempt?: Maybe<Attempt>;
  /** Times it was requeued because its worker died or lost touch. */
  losses: Scalars['Int']['output'];
  /** As it was given. */
  metadata?: Maybe<Scalars['JSON']['output']>;
  /** What was asked for, defaults filled in. */
  options: JobOptions;
  /** As it was given. */
  payload?: Maybe<Scalars['JSON']['output']>;
  /** The workers that may run it. */
  pool: Scalars['String']['output'];
  /** What the client set, 1 to 10. 10 is served first, 1 is regular. */
  priority: Scalars['Int']['output'];
  /** What the running handler says, 0 to 1; null until it says so. */
  progress?: Maybe<Scalars['Float']['output']>;
  /** The label it is counted under. */
  queue: Scalars['String']['output'];
  /** First time in line. */
  queuedAt?: Maybe<Scalars['DateTime']['output']>;
  /** Why it FAILED or was ABORTED; null otherwise. */
  reason?: Maybe<Reason>;
  /** What the handler returned; null unless SUCCEEDED. */
  result?: Maybe<Scalars['JSON']['output']>;
  /** How far the undoing got; null where nothing was done that could be undone. */
  rollback?: Maybe<RollbackState>;
  /** When its first attempt started. */
  startedAt?: Maybe<Scalars['DateTime']['output']>;
  /** The start time asked for (startAt, delay), or the end of a retry's wait. */
  startsAt?: Maybe<Scalars['DateTime']['output']>;
  /** Where it stands. */
  status: JobStatus;
  /** How its steps stand, in order; empty for a job of one piece. */
  steps: Array<Step>;
  /** As they were given. */
  tags: Array<Scalars['String']['output']>;
  /** Its page in Temporal's Web UI; null where none is known. */
  temporalUrl?: Maybe<Scalars['String']['output']>;
  /** What it runs. */
  type: Scalars['String']['output'];
  /** The place in the feed of the job's last event; never falls. Drop what is older than what you have. */
  version: Scalars['Version']['output'];
  /** Why it does not run; null when it runs or is final. */
  waitingFor?: Maybe<WaitingFor>;
  /** Its workflow in Temporal. */
  workflowId: Scalars['String']['output'];
};


/** One unit of work a client asked for. */
export type JobAttemptsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: Scalars['Int']['input'];
};


/** One unit of work a client asked for. */
export type JobDependantsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: Scalars['Int']['input'];
};


/** One unit of work a client asked for. */
export type JobEventsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: Scalars['Int']['input'];
};

/** A page of jobs. */
export type JobConnection = {
  __typename?: 'JobConnection';
  /** The jobs with their cursors. */
  edges: Array<JobEdge>;
  /** The jobs. */
  nodes: Array<Job>;
  /** Where this page stands. */
  pageInfo: PageInfo;
};

/** How many jobs there are in each status. */
export type JobCounts = {
  __typename?: 'JobCounts';
  /** Stopped on demand. */
  aborted: Scalars['Int']['output'];
  /** Ended badly. */
  failed: Scalars['Int']['output'];
  /** On hold. */
  held: Scalars['Int']['output'];
  /** In line. */
  queued: Scalars['Int']['output'];
  /** Undoing their steps. */
  rollingBack: Scalars['Int']['output'];
  /** Running. */
  running: Scalars['Int']['output'];
  /** Waiting for a time. */
  scheduled: Scalars['Int']['output'];
  /** Ended well. */
  succeeded: Scalars['Int']['output'];
  /** All of these. */
  total: Scalars['Int']['output'];
  /** Waiting for other jobs. */
  waiting: Scalars['Int']['output'];
};

/** A job that another one waits for. */
export type JobDependency = {
  __typename?: 'JobDependency';
  /** Its id. */
  id: Scalars['ID']['output'];
  /** The job; null when it has been forgotten. */
  job?: Maybe<Job>;
  /** Where it stands; null when it has been forgotten. */
  status?: Maybe<JobStatus>;
};

/** A job on a page. */
export type JobEdge = {
  __typename?: 'JobEdge';
  /** Goes on after this job. */
  cursor: Scalars['String']['output'];
  /** The job. */
  node: Job;
};

/** An error as it crossed processes. */
export type JobError = {
  __typename?: 'JobError';
  /** Its text, at most 1,000 characters. */
  message: Scalars['String']['output'];
  /** The error's class. */
  name: Scalars['String']['output'];
  /** false: the handler marked it as final, or trying again can be of no use. */
  retryable: Scalars['Boolean']['output'];
  /** Where the handler threw it, at most 2,000 characters. */
  stack?: Maybe<Scalars['String']['output']>;
};

/** One thing that happened to a job. status and detail are as of the event; job is as of now. */
export type JobEvent = {
  __typename?: 'JobEvent';
  /** When, by the clock of whoever saw it. */
  at: Scalars['DateTime']['output'];
  /** Goes on after this event. */
  cursor: Scalars['String']['output'];
  /** What more there is to say, by kind. */
  detail?: Maybe<Scalars['JSON']['output']>;
  /** The job as it is now; null when it has been forgotten. */
  job?: Maybe<Job>;
  /** Whose. */
  jobId: Scalars['ID']['output'];
  /** What. */
  kind: JobEventKind;
  /** The job's status with it. */
  status: JobStatus;
  /** The event's place in the feed. */
  version: Scalars['Version']['output'];
};

/** A page of events. */
export type JobEventConnection = {
  __typename?: 'JobEventConnection';
  /** The events. */
  nodes: Array<JobEvent>;
  /** Where this page stands. */
  pageInfo: PageInfo;
};

/** What happened. Values are added. */
export type JobEventKind =
  /** It was asked to stop. Detail: message. */
  | 'ABORT_REQUESTED'
  /** It has waited in line and moves up one priority. Detail: effectivePriority. */
  | 'AGED'
  /** An attempt ended. Detail: attempt, outcome, error. */
  | 'ATTEMPT_ENDED'
  /** The job was accepted. */
  | 'CREATED'
  /** It was deleted, or had ended so long ago that it is kept no longer, and all of it is forgotten but this. What follows under its id is another job's. */
  | 'DELETED'
  /** A job it depends on has ended. Detail: id, status. */
  | 'DEPENDENCY_ENDED'
  /** Another handler takes over. Detail: to, error. */
  | 'FAILED_OVER'
  /** It is final. Detail: reason, message, where it did not succeed. */
  | 'FINISHED'
  /** It was force-started. */
  | 'FORCED'
  /** Its process died; it goes back in line. Detail: attempt, error. */
  | 'HALTED'
  /** It is on hold; with the status RUNNING: will be, if it comes back. */
  | 'HELD'
  /** Its worker died or lost touch; it goes back in line. Detail: attempt, error. */
  | 'LOST'
  /** Its priority was changed. Detail: priority. */
  | 'PRIORITY_SET'
  /** The handler said how far it is. Detail: attempt, progress. */
  | 'PROGRESSED'
  /** It got in line. */
  | 'QUEUED'
  /** The journal had missed something of it and was repaired from Temporal. */
  | 'RECONCILED'
  /** Its hold was ended. */
  | 'RELEASED'
  /** It was final and begins again. Detail: from. */
  | 'RETRIED'
  /** It will be tried again. Detail: attempt, error, and startsAt or, with more memory and at once, memoryBytes. */
  | 'RETRY_SCHEDULED'
  /** It waits for its start time. Detail: startsAt. */
  | 'SCHEDULED'
  /** An attempt got its process. Detail: attempt, workerId, pid. */
  | 'STARTED'
  /** A step ended. Detail: step, status. */
  | 'STEP_ENDED'
  /** An attempt at a step got its process. Detail: attempt, step. */
  | 'STEP_STARTED'
  /** An undo ended. Detail: step, status. */
  | 'UNDO_ENDED'
  /** An attempt at an undo got its process. Detail: attempt, step. */
  | 'UNDO_STARTED'
  /** It waits for its dependencies. */
  | 'WAITING';

/** Events that came together. */
export type JobEventsBatch = {
  __typename?: 'JobEventsBatch';
  /** Goes on after these events. */
  cursor: Scalars['String']['output'];
  /** In order. */
  events: Array<JobEvent>;
  /** true where events before these are not kept any more (retention, a journal made anew); read the jobs again. */
  gap: Scalars['Boolean']['output'];
};

/** Which jobs are meant: all that is set must hold. A list has at most 100 values; more are BAD_USER_INPUT. */
export type JobFilter = {
  /** Created after this moment. */
  createdAfter?: InputMaybe<Scalars['DateTime']['input']>;
  /** Created before this moment. */
  createdBefore?: InputMaybe<Scalars['DateTime']['input']>;
  /** Final after this moment. */
  finishedAfter?: InputMaybe<Scalars['DateTime']['input']>;
  /** Final before this moment. */
  finishedBefore?: InputMaybe<Scalars['DateTime']['input']>;
  /** Force-started, or not. */
  forced?: InputMaybe<Scalars['Boolean']['input']>;
  /** Halted this often or more. */
  haltsMin?: InputMaybe<Scalars['Int']['input']>;
  /** The id begins so. */
  idPrefix?: InputMaybe<Scalars['String']['input']>;
  /** One of these ids. */
  ids?: InputMaybe<Array<Scalars['ID']['input']>>;
  /** One of these. */
  pool?: InputMaybe<Array<Scalars['String']['input']>>;
  /** This priority or less. */
  priorityMax?: InputMaybe<Scalars['Int']['input']>;
  /** This priority or more. */
  priorityMin?: InputMaybe<Scalars['Int']['input']>;
  /** One of these. */
  queue?: InputMaybe<Array<Scalars['String']['input']>>;
  /** One of these. */
  reason?: InputMaybe<Array<ReasonCode>>;
  /** One of these. */
  status?: InputMaybe<Array<JobStatus>>;
  /** Has all of these tags. */
  tagsAll?: InputMaybe<Array<Scalars['String']['input']>>;
  /** Has one of these tags. */
  tagsAny?: InputMaybe<Array<Scalars['String']['input']>>;
  /** Stands somewhere in the id, the type or the reason's message; ASCII letters in either case. */
  text?: InputMaybe<Scalars['String']['input']>;
  /** One of these. */
  type?: InputMaybe<Array<Scalars['String']['input']>>;
  /** This worker ran an attempt of it. */
  workerId?: InputMaybe<Scalars['ID']['input']>;
};

/** What a job was created with, defaults filled in: the job's own, else the type's, else the product's. */
export type JobOptions = {
  __typename?: 'JobOptions';
  /** In line for this long it moves up one priority, each time, up to 10; 0s: never. */
  ageAfter: Scalars['Duration']['output'];
  /** So many jobs of this key at a time. */
  concurrency?: Maybe<Concurrency>;
  /** From its creation to its end, undoing not counted; null: no bound. */
  deadline?: Maybe<Scalars['Duration']['output']>;
  /** One job of its type at a time. */
  exclusive: Scalars['Boolean']['output'];
  /** The type whose handler takes over, once, where the attempts of the first would fail the job, but for BAD_PAYLOAD. */
  failover?: Maybe<Scalars['String']['output']>;
  /** From the ask to stop to SIGKILL. */
  grace: Scalars['Duration']['output'];
  /** What one attempt may use. */
  limits: Limits;
  /** More halts than this fail the job. */
  maxHalts: Scalars['Int']['output'];
  /** What a dependency that did not succeed means. */
  onDependencyFailure: DependencyPolicy;
  /** What follows when its worker is lost. */
  onLost: LostPolicy;
  /** In line for one attempt for longer than this fails the job; null: no bound. */
  queueTimeout?: Maybe<Scalars['Duration']['output']>;
  /** How failures are tried again. */
  retry: Retry;
  /** Undo the finished steps when it fails or is aborted. */
  rollback: Scalars['Boolean']['output'];
  /** Not in line before; null: at once. */
  startAt?: Maybe<Scalars['DateTime']['output']>;
  /** An attempt is killed after this long; null: never. */
  timeout?: Maybe<Scalars['Duration']['output']>;
};

/** The order of a list. */
export type JobOrder = {
  /** Which way. */
  direction: Direction;
  /** By what. */
  field: JobOrderField;
};

/** What jobs can be ordered by. A job that has no such value counts as having the least. Equal ones stand in the order of their ids. */
export type JobOrderField =
  /** When it was created. */
  | 'CREATED_AT'
  /** From the first start to the end. */
  | 'DURATION'
  /** When it became final. */
  | 'FINISHED_AT'
  /** What the client set. */
  | 'PRIORITY'
  /** When its first attempt started. */
  | 'STARTED_AT';

/** Figures of the jobs that became final in a window of time. Percentiles are in ms; null where there are none. */
export type JobStats = {
  __typename?: 'JobStats';
  /** How many of them FAILED. */
  failed: Scalars['Int']['output'];
  /** failed ÷ finished; 0 where none became final. */
  failureRate: Scalars['Float']['output'];
  /** How many became final. */
  finished: Scalars['Int']['output'];
  /** Whose figures. */
  key: Scalars['String']['output'];
  /** finished ÷ the window in minutes. */
  perMinute: Scalars['Float']['output'];
  /** From the first start to the end. */
  runMsP50?: Maybe<Scalars['Float']['output']>;
  /** From the first start to the end. */
  runMsP95?: Maybe<Scalars['Float']['output']>;
  /** From the first start to the end. */
  runMsP99?: Maybe<Scalars['Float']['output']>;
  /** From the first time in line to the first start. */
  waitMsP50?: Maybe<Scalars['Float']['output']>;
  /** From the first time in line to the first start. */
  waitMsP95?: Maybe<Scalars['Float']['output']>;
};

/** Where a job stands. Values are added; treat one you do not know as QUEUED while finishedAt is null, else as FAILED. */
export type JobStatus =
  /** Stopped because somebody asked for it. Final. */
  | 'ABORTED'
  /** Ended badly: `reason` and `error` say why. Final. */
  | 'FAILED'
  /** On hold until it is released. */
  | 'HELD'
  /** In line for a worker. */
  | 'QUEUED'
  /** Undoes its finished steps, last first. */
  | 'ROLLING_BACK'
  /** An attempt runs. */
  | 'RUNNING'
  /** Waits for its start time, or for the time of its next try. */
  | 'SCHEDULED'
  /** Ended well: `result` is there. Final. */
  | 'SUCCEEDED'
  /** Waits for the jobs it depends on. */
  | 'WAITING';

/** What a job can run, as workers publish it. */
export type JobType = {
  __typename?: 'JobType';
  /** What a job of it has where it sets nothing itself. */
  defaults: JobOptions;
  /** What it does. */
  description?: Maybe<Scalars['String']['output']>;
  /** What clients name in createJob. */
  name: Scalars['String']['output'];
  /** What a payload must be: JSON Schema 2020-12. */
  payloadSchema: Scalars['JSON']['output'];
  /** The pools whose workers have it. */
  pools: Array<Scalars['String']['output']>;
  /** Its steps, in order; empty for a type of one piece. */
  steps: Array<Scalars['String']['output']>;
};

/** What has changed since the update before. */
export type JobsUpdate = {
  __typename?: 'JobsUpdate';
  /** Jobs that match, as they are now. */
  changed: Array<Job>;
  /** Goes on after this update. */
  cursor: Scalars['String']['output'];
  /** true for the first one, and when the journal was made anew: `changed` is what there is. */
  isSnapshot: Scalars['Boolean']['output'];
  /** Jobs that changed and do not match now, whether you had them or not. */
  removed: Array<Scalars['ID']['output']>;
};

/** What one attempt may use, with all the processes it has started; null: as much as there is. Looked at every 200 ms: it may be passed by what can be used in that time, and then all of them are killed at once. */
export type Limits = {
  __typename?: 'Limits';
  /** Share of the CPU over 5 s; 100 is one core. */
  cpuPercent?: Maybe<Scalars['Float']['output']>;
  /** CPU time. */
  cpuSeconds?: Maybe<Scalars['Float']['output']>;
  /** Resident memory; what processes share is counted with each of them. The attempt has a process of its own, with a heap under this. */
  memoryBytes?: Maybe<Scalars['Bytes']['output']>;
  /** What follows when memoryBytes is passed; null: the job fails with MEMORY_LIMIT. */
  onMemoryLimit?: Maybe<OnMemoryLimit>;
};

/** What one attempt may use; what is left out comes from the type, else there is no limit. */
export type LimitsInput = {
  /** Share of the CPU over 5 s, at least 1; 100 is one core. */
  cpuPercent?: InputMaybe<Scalars['Float']['input']>;
  /** CPU time of all its processes, at least 0.1. */
  cpuSeconds?: InputMaybe<Scalars['Float']['input']>;
  /** Resident memory of all its processes, at least 16 MiB. Each attempt of a job that has it waits for a process of its own to start. */
  memoryBytes?: InputMaybe<Scalars['Bytes']['input']>;
  /** What follows when memoryBytes is passed. Default: the job fails with MEMORY_LIMIT. */
  onMemoryLimit?: InputMaybe<OnMemoryLimitInput>;
};

/** Lines that came together. */
export type LogBatch = {
  __typename?: 'LogBatch';
  /** Goes on after these lines. */
  cursor: Scalars['String']['output'];
  /** Lines left out before, between or after these: over the caps of an attempt (by default 1,000 a second and 20 MiB), or because the journal could not be written for long. There may be such a count without a line. */
  dropped: Scalars['Int']['output'];
  /** In order. */
  lines: Array<LogLine>;
};

/** A page of output. */
export type LogConnection = {
  __typename?: 'LogConnection';
  /** The lines. */
  nodes: Array<LogLine>;
  /** Where this page stands. */
  pageInfo: PageInfo;
};

/** One line of output. */
export type LogLine = {
  __typename?: 'LogLine';
  /** When the worker read it. */
  at: Scalars['DateTime']['output'];
  /** The attempt that wrote it. */
  attempt: Scalars['Int']['output'];
  /** Goes on after this line. */
  cursor: Scalars['String']['output'];
  /** Where it was written to. */
  stream: LogStream;
  /** At most 16,384 bytes of the output; a longer line is cut into several. What is not UTF-8, and NUL, stands as U+FFFD. */
  text: Scalars['String']['output'];
};

/** Where a line was written to. */
export type LogStream =
  /** Standard error. */
  | 'STDERR'
  /** Standard output, and the handler's log(). */
  | 'STDOUT';

/** What follows when the worker of a running attempt is lost. */
export type LostPolicy =
  /** The job fails: it must not run twice. */
  | 'FAIL'
  /** It runs again, before all others the first two times, and fails at the fifth. */
  | 'RUN_AGAIN';

/** What can be done. A refusal is answered in `userErrors`, beside what is known of the job. */
export type Mutation = {
  __typename?: 'Mutation';
  /** Stops a bulk operation; what it has done stays done. On an ABORTED one: no error. On one that has SUCCEEDED: ALREADY_FINISHED. */
  abortBulkOperation: AbortBulkOperationPayload;
  /** Asks the job to stop. Not running: final in the answer. Running: the answer shows abortRequestedAt, ABORTED follows when the process is gone. On an ABORTED job: the job, no error. On another final one: ALREADY_FINISHED and the job. */
  abortJob: AbortJobPayload;
  /** Does one thing to every job that matches as it starts, in the order of their ids, a few at a time. It goes on by itself, whatever dies: the answer comes when it has begun. */
  bulkJobs: BulkJobsPayload;
  /** Creates one job. It is durable when the answer comes, and a query that follows sees it. */
  createJob: CreateJobPayload;
  /** Creates up to 1,000 jobs. Each item has its own result, in order. Safe to repeat with the same ids and RETURN_EXISTING. At a BACKEND_UNAVAILABLE the items that were not begun are not. */
  createJobs: CreateJobsPayload;
  /** Forgets a final job: its row, attempts, log and Temporal history; its id is free again. */
  deleteJob: DeleteJobPayload;
  /** Next free slot: before all others but lost attempts and undos. Skips start time, backoff and hold; waits for dependencies unless told. No effect on a job that undoes its steps. */
  forceStartJob: ForceStartJobPayload;
  /** Keeps the job out of the line until it is released. One that runs goes on, and is held if it comes back. */
  holdJob: HoldJobPayload;
  /** Lets no attempt of a queue start from the answer on, also none that is in line already. What runs goes on; forced jobs and undos pass. */
  pauseQueue: PauseQueuePayload;
  /** Ends a hold: the job waits for what else it has to, or stands at the tail of its band. */
  releaseJob: ReleaseJobPayload;
  /** Ends a pause: what waited goes on in its order. */
  resumeQueue: ResumeQueuePayload;
  /** A final job again, under the same id; its attempts' numbers and its version go on. It waits for no dependency and no start time any more. */
  retryJob: RetryJobPayload;
  /** Changes how urgent the job is, also while it is in line: it moves to the tail of its new band. What it had gained by waiting is taken back. */
  setJobPriority: SetJobPriorityPayload;
  /** Lets at most so many attempts of a queue run at once: from the answer on none starts while so many run, those that run now included. Forced jobs and undos pass. null takes the limit away. */
  setQueueLimit: SetQueueLimitPayload;
};


/** What can be done. A refusal is answered in `userErrors`, beside what is known of the job. */
export type MutationAbortBulkOperationArgs = {
  input: AbortBulkOperationInput;
};


/** What can be done. A refusal is answered in `userErrors`, beside what is known of the job. */
export type MutationAbortJobArgs = {
  input: AbortJobInput;
};


/** What can be done. A refusal is answered in `userErrors`, beside what is known of the job. */
export type MutationBulkJobsArgs = {
  input: BulkJobsInput;
};


/** What can be done. A refusal is answered in `userErrors`, beside what is known of the job. */
export type MutationCreateJobArgs = {
  input: CreateJobInput;
};


/** What can be done. A refusal is answered in `userErrors`, beside what is known of the job. */
export type MutationCreateJobsArgs = {
  input: CreateJobsInput;
};


/** What can be done. A refusal is answered in `userErrors`, beside what is known of the job. */
export type MutationDeleteJobArgs = {
  input: DeleteJobInput;
};


/** What can be done. A refusal is answered in `userErrors`, beside what is known of the job. */
export type MutationForceStartJobArgs = {
  input: ForceStartJobInput;
};


/** What can be done. A refusal is answered in `userErrors`, beside what is known of the job. */
export type MutationHoldJobArgs = {
  input: HoldJobInput;
};


/** What can be done. A refusal is answered in `userErrors`, beside what is known of the job. */
export type MutationPauseQueueArgs = {
  input: PauseQueueInput;
};


/** What can be done. A refusal is answered in `userErrors`, beside what is known of the job. */
export type MutationReleaseJobArgs = {
  input: ReleaseJobInput;
};


/** What can be done. A refusal is answered in `userErrors`, beside what is known of the job. */
export type MutationResumeQueueArgs = {
  input: ResumeQueueInput;
};


/** What can be done. A refusal is answered in `userErrors`, beside what is known of the job. */
export type MutationRetryJobArgs = {
  input: RetryJobInput;
};


/** What can be done. A refusal is answered in `userErrors`, beside what is known of the job. */
export type MutationSetJobPriorityArgs = {
  input: SetJobPriorityInput;
};


/** What can be done. A refusal is answered in `userErrors`, beside what is known of the job. */
export type MutationSetQueueLimitArgs = {
  input: SetQueueLimitInput;
};

/** The next attempt may use more memory. It is in line at once, and does not count against `retry.maxAttempts`. */
export type OnMemoryLimit = {
  __typename?: 'OnMemoryLimit';
  /** So many times as much as the attempt before. */
  retryWith: Scalars['Float']['output'];
  /** Never more than this: an attempt that passes it fails the job. */
  upTo: Scalars['Bytes']['output'];
};

/** The next attempt may use more memory. */
export type OnMemoryLimitInput = {
  /** So many times as much as the attempt before, 1.1 to 100. */
  retryWith: Scalars['Float']['input'];
  /** Never more than this; at least memoryBytes. */
  upTo: Scalars['Bytes']['input'];
};

/** Where a page stands in its list. Lists go forward only. */
export type PageInfo = {
  __typename?: 'PageInfo';
  /** Of the last on this page. */
  endCursor?: Maybe<Scalars['String']['output']>;
  /** There is more after endCursor. */
  hasNextPage: Scalars['Boolean']['output'];
  /** There is something before this page. */
  hasPreviousPage: Scalars['Boolean']['output'];
  /** Of the first on this page. */
  startCursor?: Maybe<Scalars['String']['output']>;
};

/** A queue to pause. */
export type PauseQueueInput = {
  /** Which. */
  name: Scalars['String']['input'];
};

/** The queue that is paused. */
export type PauseQueuePayload = {
  __typename?: 'PauseQueuePayload';
  /** As it is now. */
  queue?: Maybe<Queue>;
  /** Empty when it was done. */
  userErrors: Array<UserError>;
};

/**
 * What can be read. What cannot be answered is a GraphQL error with `extensions.code`: BAD_USER_INPUT (a cursor, a page size, a scalar, a
 * document too large), BACKEND_UNAVAILABLE (try again in a moment), FORBIDDEN, BAD_REQUEST, PAYLOAD_TOO_LARGE, GRAPHQL_PARSE_FAILED,
 * GRAPHQL_VALIDATION_FAILED, INTERNAL_SERVER_ERROR (a fault of Millrace). Codes are added.
 */
export type Query = {
  __typename?: 'Query';
  /** A bulk operation, while it runs and for a week after; null where there is none of this id. */
  bulkOperation?: Maybe<BulkOperation>;
  /** One job; null where there is none of this id. */
  job?: Maybe<Job>;
  /** How many jobs there are in each status. */
  jobCounts: JobCounts;
  /** What can be created: every type that the workers of a pool have published last, by name, also while none of them is there. */
  jobTypes: Array<JobType>;
  /** Many jobs, a page at a time. */
  jobs: JobConnection;
  /** One queue; one that nobody has used yet has no jobs and no policy. null where the name is none. */
  queue?: Maybe<Queue>;
  /** The queues that have jobs, or a policy, by name. */
  queues: QueueConnection;
  /** What this server is and what it is connected to. */
  serverInfo: ServerInfo;
  /** The workers that are there, and those that were lost or have stopped. */
  workers: Array<Worker>;
};


/**
 * What can be read. What cannot be answered is a GraphQL error with `extensions.code`: BAD_USER_INPUT (a cursor, a page size, a scalar, a
 * document too large), BACKEND_UNAVAILABLE (try again in a moment), FORBIDDEN, BAD_REQUEST, PAYLOAD_TOO_LARGE, GRAPHQL_PARSE_FAILED,
 * GRAPHQL_VALIDATION_FAILED, INTERNAL_SERVER_ERROR (a fault of Millrace). Codes are added.
 */
export type QueryBulkOperationArgs = {
  id: Scalars['ID']['input'];
};


/**
 * What can be read. What cannot be answered is a GraphQL error with `extensions.code`: BAD_USER_INPUT (a cursor, a page size, a scalar, a
 * document too large), BACKEND_UNAVAILABLE (try again in a moment), FORBIDDEN, BAD_REQUEST, PAYLOAD_TOO_LARGE, GRAPHQL_PARSE_FAILED,
 * GRAPHQL_VALIDATION_FAILED, INTERNAL_SERVER_ERROR (a fault of Millrace). Codes are added.
 */
export type QueryJobArgs = {
  id: Scalars['ID']['input'];
};


/**
 * What can be read. What cannot be answered is a GraphQL error with `extensions.code`: BAD_USER_INPUT (a cursor, a page size, a scalar, a
 * document too large), BACKEND_UNAVAILABLE (try again in a moment), FORBIDDEN, BAD_REQUEST, PAYLOAD_TOO_LARGE, GRAPHQL_PARSE_FAILED,
 * GRAPHQL_VALIDATION_FAILED, INTERNAL_SERVER_ERROR (a fault of Millrace). Codes are added.
 */
export type QueryJobCountsArgs = {
  filter?: InputMaybe<JobFilter>;
};


/**
 * What can be read. What cannot be answered is a GraphQL error with `extensions.code`: BAD_USER_INPUT (a cursor, a page size, a scalar, a
 * document too large), BACKEND_UNAVAILABLE (try again in a moment), FORBIDDEN, BAD_REQUEST, PAYLOAD_TOO_LARGE, GRAPHQL_PARSE_FAILED,
 * GRAPHQL_VALIDATION_FAILED, INTERNAL_SERVER_ERROR (a fault of Millrace). Codes are added.
 */
export type QueryJobsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<JobFilter>;
  first?: Scalars['Int']['input'];
  orderBy?: JobOrder;
};


/**
 * What can be read. What cannot be answered is a GraphQL error with `extensions.code`: BAD_USER_INPUT (a cursor, a page size, a scalar, a
 * document too large), BACKEND_UNAVAILABLE (try again in a moment), FORBIDDEN, BAD_REQUEST, PAYLOAD_TOO_LARGE, GRAPHQL_PARSE_FAILED,
 * GRAPHQL_VALIDATION_FAILED, INTERNAL_SERVER_ERROR (a fault of Millrace). Codes are added.
 */
export type QueryQueueArgs = {
  name: Scalars['String']['input'];
};


/**
 * What can be read. What cannot be answered is a GraphQL error with `extensions.code`: BAD_USER_INPUT (a cursor, a page size, a scalar, a
 * document too large), BACKEND_UNAVAILABLE (try again in a moment), FORBIDDEN, BAD_REQUEST, PAYLOAD_TOO_LARGE, GRAPHQL_PARSE_FAILED,
 * GRAPHQL_VALIDATION_FAILED, INTERNAL_SERVER_ERROR (a fault of Millrace). Codes are added.
 */
export type QueryQueuesArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: Scalars['Int']['input'];
};


/**
 * What can be read. What cannot be answered is a GraphQL error with `extensions.code`: BAD_USER_INPUT (a cursor, a page size, a scalar, a
 * document too large), BACKEND_UNAVAILABLE (try again in a moment), FORBIDDEN, BAD_REQUEST, PAYLOAD_TOO_LARGE, GRAPHQL_PARSE_FAILED,
 * GRAPHQL_VALIDATION_FAILED, INTERNAL_SERVER_ERROR (a fault of Millrace). Codes are added.
 */
export type QueryWorkersArgs = {
  pool?: InputMaybe<Scalars['String']['input']>;
  status?: InputMaybe<Array<WorkerStatus>>;
};

/** A label with a policy. */
export type Queue = {
  __typename?: 'Queue';
  /** Its jobs by status. */
  counts: JobCounts;
  /** At most so many of its attempts run at once; null: no bound. */
  limit?: Maybe<Scalars['Int']['output']>;
  /** Its name. */
  name: Scalars['String']['output'];
  /** No attempt of it starts. */
  paused: Scalars['Boolean']['output'];
  /** Of its jobs that became final within the window. */
  stats: JobStats;
};


/** A label with a policy. */
export type QueueStatsArgs = {
  window?: Scalars['Duration']['input'];
};

/** A page of queues. */
export type QueueConnection = {
  __typename?: 'QueueConnection';
  /** The queues. */
  nodes: Array<Queue>;
  /** Where this page stands. */
  pageInfo: PageInfo;
};

/** Why a job is as it is. */
export type Reason = {
  __typename?: 'Reason';
  /** One of a closed set. */
  code: ReasonCode;
  /** A sentence for people. */
  message: Scalars['String']['output'];
};

/** Why a job is as it is. Values are added; treat one you do not know as INTERNAL. */
export type ReasonCode =
  /** abortJob, or a cancel in Temporal's Web UI. */
  | 'ABORTED_BY_USER'
  /** The payload breaks the schema of the type as the worker knows it. */
  | 'BAD_PAYLOAD'
  /** What the handler returned is not JSON, or is over 1 MiB; or what the steps have returned is over 512 KiB together. */
  | 'BAD_RESULT'
  /** An attempt used more CPU time, or a larger share of it, than its limit. Not tried again. */
  | 'CPU_LIMIT'
  /** Had not ended by its deadline. */
  | 'DEADLINE'
  /** A job it depends on did not succeed. */
  | 'DEPENDENCY_FAILED'
  /** Its processes died more often than `maxHalts` allows. */
  | 'HALTED'
  /** The handler threw, as often as the retries allow or an error that is not retried. */
  | 'HANDLER_ERROR'
  /** A fault of Millrace or of the cluster. */
  | 'INTERNAL'
  /** Its workers died, or lost touch, for the fifth time; with `onLost: FAIL` for the first. */
  | 'LOST'
  /** An attempt used more memory than its limit. Tried again only as `onMemoryLimit` says. */
  | 'MEMORY_LIMIT'
  /** No worker of the pool has the type. */
  | 'NO_HANDLER'
  /** Was in line for longer than its queue timeout. */
  | 'QUEUE_TIMEOUT'
  /** Terminated in Temporal: its processes were not asked, and are killed. */
  | 'TERMINATED'
  /** Ran longer than its timeout, as often as the retries allow. */
  | 'TIMED_OUT';

/** A job to let go on. */
export type ReleaseJobInput = {
  /** Which. */
  id: Scalars['ID']['input'];
};

/** The job after its release. */
export type ReleaseJobPayload = {
  __typename?: 'ReleaseJobPayload';
  /** As it is now. */
  job?: Maybe<Job>;
  /** Empty when it was done. */
  userErrors: Array<UserError>;
};

/** A queue to let go on. */
export type ResumeQueueInput = {
  /** Which. */
  name: Scalars['String']['input'];
};

/** The queue that goes on. */
export type ResumeQueuePayload = {
  __typename?: 'ResumeQueuePayload';
  /** As it is now. */
  queue?: Maybe<Queue>;
  /** Empty when it was done. */
  userErrors: Array<UserError>;
};

/** How a failed attempt is followed by another: of a job, or of each of its steps and undos. */
export type Retry = {
  __typename?: 'Retry';
  /** Each further wait is this many times the one before. */
  backoff: Scalars['Float']['output'];
  /** The wait before the second try. */
  delay: Scalars['Duration']['output'];
  /** The wait is drawn between 0 and that, so that jobs that failed together do not come back together. */
  jitter: Scalars['Boolean']['output'];
  /** Tries in all, the first included. */
  maxAttempts: Scalars['Int']['output'];
  /** No wait is longer. */
  maxDelay: Scalars['Duration']['output'];
};

/** Where a job begins when it is run again. */
export type RetryFrom =
  /** At the step that failed. Only where nothing was undone. */
  | 'FAILED_STEP'
  /** At its start. */
  | 'START';

/** How failures are tried again; what is left out comes from the type, else from the product. */
export type RetryInput = {
  /** Each further wait is this many times the one before, 1 to 100. Default 2. */
  backoff?: InputMaybe<Scalars['Float']['input']>;
  /** The wait before the second try. Default 1s. */
  delay?: InputMaybe<Scalars['Duration']['input']>;
  /** Draw the wait between 0 and that. Default true. */
  jitter?: InputMaybe<Scalars['Boolean']['input']>;
  /** Tries in all, 1 to 10,000. Default 3. */
  maxAttempts?: InputMaybe<Scalars['Int']['input']>;
  /** No wait is longer. Default 1h. */
  maxDelay?: InputMaybe<Scalars['Duration']['input']>;
};

/** A final job to run again. */
export type RetryJobInput = {
  /** Where it begins. */
  from?: RetryFrom;
  /** Which. */
  id: Scalars['ID']['input'];
  /** Another payload, checked like the first. Default: the one it has. */
  payload?: InputMaybe<Scalars['JSON']['input']>;
};

/** The job, begun again. */
export type RetryJobPayload = {
  __typename?: 'RetryJobPayload';
  /** As it is now. */
  job?: Maybe<Job>;
  /** Empty when it was done. */
  userErrors: Array<UserError>;
};

/** How far the undoing of a job's steps got. */
export type RollbackState =
  /** All that could be undone is. */
  | 'DONE'
  /** Something could not be undone: the steps that are UNDO_FAILED or still SUCCEEDED. */
  | 'INCOMPLETE'
  /** Under way. */
  | 'RUNNING'
  /** Not wanted: what was done is kept. */
  | 'SKIPPED';

/** What this server is and what it is connected to. */
export type ServerInfo = {
  __typename?: 'ServerInfo';
  /** What the cluster lacks, and what that costs; empty when all is there. */
  degraded: Array<Degradation>;
  /** What the journal is kept in. */
  journal: Scalars['String']['output'];
  /** The bands there are. */
  priorityLevels: Scalars['Int']['output'];
  /** Where Temporal is reached. */
  temporalAddress: Scalars['String']['output'];
  /** Temporal's Web UI; null where none is known. */
  temporalUiUrl?: Maybe<Scalars['String']['output']>;
  /** The Temporal server's version. */
  temporalVersion: Scalars['String']['output'];
  /** Millrace's version. */
  version: Scalars['String']['output'];
};

/** A job's new priority. */
export type SetJobPriorityInput = {
  /** Which. */
  id: Scalars['ID']['input'];
  /** 1 to 10. */
  priority: Scalars['Int']['input'];
};

/** The job with its new priority. */
export type SetJobPriorityPayload = {
  __typename?: 'SetJobPriorityPayload';
  /** As it is now. */
  job?: Maybe<Job>;
  /** Empty when it was done. */
  userErrors: Array<UserError>;
};

/** A queue's new limit. */
export type SetQueueLimitInput = {
  /** 1 to 100,000; null: no bound. */
  limit?: InputMaybe<Scalars['Int']['input']>;
  /** Which. */
  name: Scalars['String']['input'];
};

/** The queue with its new limit. */
export type SetQueueLimitPayload = {
  __typename?: 'SetQueueLimitPayload';
  /** As it is now. */
  queue?: Maybe<Queue>;
  /** Empty when it was done. */
  userErrors: Array<UserError>;
};

/** One step of a job of many. */
export type Step = {
  __typename?: 'Step';
  /** Attempts of it and of its undo; those of which only Temporal's history is left do not count. */
  attemptCount: Scalars['Int']['output'];
  /** Why it, or its undo, failed. */
  error?: Maybe<JobError>;
  /** When its last attempt ended; null before, and where only Temporal's history is left of them. */
  finishedAt?: Maybe<Scalars['DateTime']['output']>;
  /** As its type names it. */
  name: Scalars['String']['output'];
  /** What it returned. */
  result?: Maybe<Scalars['JSON']['output']>;
  /** When its first attempt started; null before, and where only Temporal's history is left of them. */
  startedAt?: Maybe<Scalars['DateTime']['output']>;
  /** Where it stands. */
  status: StepStatus;
};

/** Where a step stands. Values are added. */
export type StepStatus =
  /** Has failed for good, so that its job does. */
  | 'FAILED'
  /** Has not begun. */
  | 'PENDING'
  /** An attempt of it runs. */
  | 'RUNNING'
  /** Has returned. */
  | 'SUCCEEDED'
  /** Its undo is in line or runs. */
  | 'UNDOING'
  /** Has been undone. */
  | 'UNDONE'
  /** Its undo has failed for good, or was given up. */
  | 'UNDO_FAILED';

/** What can be watched. Every subscription ends by itself only where it says so. */
export type Subscription = {
  __typename?: 'Subscription';
  /** The operation now, then whenever it has changed; completes when it is done. null once, then completes, where there is none. */
  bulkOperationUpdated?: Maybe<BulkOperation>;
  /** The counts now, then whenever they have changed. */
  jobCountsUpdated: JobCounts;
  /** Everything that happens, in order and without a gap, from the cursor or from now on. */
  jobEvents: JobEventsBatch;
  /** The output of a job's attempts: what is kept, then what is written. Completes when the job is final and all was sent. */
  jobLog: LogBatch;
  /** The job now, then after every change (last state wins); completes when it is final. null once, then completes, where there is none. */
  jobUpdated?: Maybe<Job>;
  /** What the running attempt's processes use: one sample a second, from the last one on. Completes when the job is final, at once where there is none. */
  jobUsage: UsageSample;
  /** First the newest `first` that match (isSnapshot), then changes to any job that matches or has just stopped matching. */
  jobsUpdated: JobsUpdate;
  /** The workers now, then whenever one has changed. */
  workersUpdated: WorkersUpdate;
};


/** What can be watched. Every subscription ends by itself only where it says so. */
export type SubscriptionBulkOperationUpdatedArgs = {
  id: Scalars['ID']['input'];
};


/** What can be watched. Every subscription ends by itself only where it says so. */
export type SubscriptionJobCountsUpdatedArgs = {
  filter?: InputMaybe<JobFilter>;
};


/** What can be watched. Every subscription ends by itself only where it says so. */
export type SubscriptionJobEventsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  jobId?: InputMaybe<Scalars['ID']['input']>;
};


/** What can be watched. Every subscription ends by itself only where it says so. */
export type SubscriptionJobLogArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  attempt?: InputMaybe<Scalars['Int']['input']>;
  jobId: Scalars['ID']['input'];
};


/** What can be watched. Every subscription ends by itself only where it says so. */
export type SubscriptionJobUpdatedArgs = {
  id: Scalars['ID']['input'];
};


/** What can be watched. Every subscription ends by itself only where it says so. */
export type SubscriptionJobUsageArgs = {
  jobId: Scalars['ID']['input'];
};


/** What can be watched. Every subscription ends by itself only where it says so. */
export type SubscriptionJobsUpdatedArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<JobFilter>;
  first?: Scalars['Int']['input'];
};


/** What can be watched. Every subscription ends by itself only where it says so. */
export type SubscriptionWorkersUpdatedArgs = {
  pool?: InputMaybe<Scalars['String']['input']>;
};

/** A page of samples. */
export type UsageConnection = {
  __typename?: 'UsageConnection';
  /** The samples. */
  nodes: Array<UsageSample>;
  /** Where this page stands. */
  pageInfo: PageInfo;
};

/** What an attempt's process and all that it has started used at one moment. Once it has ended, one stands for several: the highest memory, the mean CPU. */
export type UsageSample = {
  __typename?: 'UsageSample';
  /** When it was taken. */
  at: Scalars['DateTime']['output'];
  /** The attempt it is of. */
  attempt: Scalars['Int']['output'];
  /** Since the sample before; 100 is one core. */
  cpuPercent: Scalars['Float']['output'];
  /** Resident memory; what processes share is counted with each of them. */
  memoryBytes: Scalars['Bytes']['output'];
};

/** A refusal that the caller can do something about. */
export type UserError = {
  __typename?: 'UserError';
  /** One of a closed set. */
  code: UserErrorCode;
  /** What is wrong, with what, and what would be right. */
  message: Scalars['String']['output'];
  /** Where in the input: [payload, width], or [jobs, 3, payload, width]. */
  path?: Maybe<Array<Scalars['String']['output']>>;
  /** The JSON Schema keyword that is broken, of a BAD_PAYLOAD. */
  rule?: Maybe<Scalars['String']['output']>;
};

/** Why something was refused. Values are added. */
export type UserErrorCode =
  /** The job, or the bulk operation, is final. */
  | 'ALREADY_FINISHED'
  /** Of an item of createJobs: Temporal or the journal does not answer. Where it is not known whether the job was created, jobId is the id to ask again with. */
  | 'BACKEND_UNAVAILABLE'
  /** The payload breaks the type's schema. */
  | 'BAD_PAYLOAD'
  /** The items wait for each other in a circle. */
  | 'DEPENDENCY_CYCLE'
  /** Another job has the id. */
  | 'ID_TAKEN'
  /** An argument is out of its bounds. */
  | 'INVALID_ARGUMENT'
  /** The job is not final yet. */
  | 'NOT_FINISHED'
  /** There is no such job, or bulk operation. */
  | 'NOT_FOUND'
  /** The job has no failed step to go on from, or what it had done was undone. */
  | 'NOT_RESUMABLE'
  /** The payload is over 1 MiB of JSON. */
  | 'PAYLOAD_TOO_LARGE'
  /** More items than one request may have. */
  | 'TOO_MANY'
  /** There is no such job to wait for. */
  | 'UNKNOWN_DEPENDENCY'
  /** No worker has published this type. */
  | 'UNKNOWN_TYPE'
  /** Not possible in the state the job is in. */
  | 'UNSUPPORTED';

/** Why a job does not run. */
export type WaitingFor = {
  __typename?: 'WaitingFor';
  /** The jobs it waits for, of DEPENDENCIES; at most 100. */
  jobIds: Array<Scalars['ID']['output']>;
  /** Of CONCURRENCY_KEY: key:<the key> or type:<the type>. Of QUEUE_PAUSED and QUEUE_LIMIT: the queue. */
  key?: Maybe<Scalars['String']['output']>;
  /** What keeps it. */
  kind: WaitingKind;
  /** A sentence for people: what it waits for, and what would make it run. */
  message: Scalars['String']['output'];
  /** Of LINE and NO_WORKER: how many stand before it in its pool, itself included. Exact but for jobs that got in line within 50 ms of each other. */
  placeInLine?: Maybe<Scalars['Int']['output']>;
  /** When that ends by itself, where it does. */
  until?: Maybe<Scalars['DateTime']['output']>;
};

/** What keeps a job from running. Values are added. */
export type WaitingKind =
  /** The wait before its next try is not over. */
  | 'BACKOFF'
  /** As many jobs of its key, or of its exclusive type, have their turn as may at a time. */
  | 'CONCURRENCY_KEY'
  /** Jobs it depends on have not ended. */
  | 'DEPENDENCIES'
  /** It is on hold: releaseJob or forceStartJob. */
  | 'HOLD'
  /** Others stand before it. */
  | 'LINE'
  /** No worker of its pool that has its type is there. */
  | 'NO_WORKER'
  /** As many jobs of its queue have their turn as its limit allows. */
  | 'QUEUE_LIMIT'
  /** Its queue is paused: resumeQueue or forceStartJob. */
  | 'QUEUE_PAUSED'
  /** Its start time has not come. */
  | 'START_TIME';

/** One supervisor process on one host. */
export type Worker = {
  __typename?: 'Worker';
  /** Attempts it runs now. */
  busy: Scalars['Int']['output'];
  /** Of it, its runners and all that they have started, over the last 2 s; 100 is one core. */
  cpuPercent?: Maybe<Scalars['Float']['output']>;
  /** When it stops waiting for its attempts; null unless DRAINING, and where that has no limit (MILLRACE_DRAIN_TIMEOUT). */
  drainsUntil?: Maybe<Scalars['DateTime']['output']>;
  /** Where it is. */
  host: Scalars['String']['output'];
  /** Kept over a restart with the same data directory. */
  id: Scalars['ID']['output'];
  /** What it can run. */
  jobTypes: Array<Scalars['String']['output']>;
  /** Its last sign of life; one comes every 2 s. */
  lastSeenAt: Scalars['DateTime']['output'];
  /** Resident memory of it, its runners and all that they have started; what processes share is counted with each of them. */
  memoryBytes?: Maybe<Scalars['Bytes']['output']>;
  /** Its process. */
  pid: Scalars['Int']['output'];
  /** The line it serves. */
  pool: Scalars['String']['output'];
  /** Job modules and commands it could not load, and why; and why it has no process to run attempts in, where that is so. */
  problems: Array<Scalars['String']['output']>;
  /** Its attempts that have not ended. */
  running: Array<Attempt>;
  /** Attempts it runs at once. */
  slots: Scalars['Int']['output'];
  /** When its process started. */
  startedAt: Scalars['DateTime']['output'];
  /** How it is. */
  status: WorkerStatus;
};

/** How a worker is. */
export type WorkerStatus =
  /** Lets its attempts end and takes no more. */
  | 'DRAINING'
  /** Gave no sign of life for 10 s. */
  | 'LOST'
  /** Takes attempts. */
  | 'RUNNING'
  /** Ended in good order. */
  | 'STOPPED';

/** The workers, all of them, as they are now. */
export type WorkersUpdate = {
  __typename?: 'WorkersUpdate';
  /** By the time they started. */
  workers: Array<Worker>;
};



export type ResolverTypeWrapper<T> = Promise<T> | T;


export type ResolverWithResolve<TResult, TParent, TContext, TArgs> = {
  resolve: ResolverFn<TResult, TParent, TContext, TArgs>;
};
export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs> | ResolverWithResolve<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<any, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, any, TContext, TArgs>;
}

export type SubscriptionObject<TResult, TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;





/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  AbortBulkOperationInput: AbortBulkOperationInput;
  AbortBulkOperationPayload: ResolverTypeWrapper<Omit<AbortBulkOperationPayload, 'operation'> & { operation?: Maybe<ResolversTypes['BulkOperation']> }>;
  AbortJobInput: AbortJobInput;
  AbortJobPayload: ResolverTypeWrapper<Omit<AbortJobPayload, 'job'> & { job?: Maybe<ResolversTypes['Job']> }>;
  Attempt: ResolverTypeWrapper<AttemptRow>;
  AttemptConnection: ResolverTypeWrapper<Omit<AttemptConnection, 'nodes'> & { nodes: Array<ResolversTypes['Attempt']> }>;
  AttemptOutcome: AttemptOutcome;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  BulkAction: BulkAction;
  BulkError: ResolverTypeWrapper<BulkErrorRow>;
  BulkJobsInput: BulkJobsInput;
  BulkJobsPayload: ResolverTypeWrapper<Omit<BulkJobsPayload, 'operation'> & { operation?: Maybe<ResolversTypes['BulkOperation']> }>;
  BulkOperation: ResolverTypeWrapper<BulkRow>;
  BulkStatus: BulkStatus;
  Bytes: ResolverTypeWrapper<Scalars['Bytes']['output']>;
  Concurrency: ResolverTypeWrapper<Concurrency>;
  ConcurrencyInput: ConcurrencyInput;
  CreateJobInput: CreateJobInput;
  CreateJobPayload: ResolverTypeWrapper<Omit<CreateJobPayload, 'job'> & { job?: Maybe<ResolversTypes['Job']> }>;
  CreateJobsInput: CreateJobsInput;
  CreateJobsPayload: ResolverTypeWrapper<Omit<CreateJobsPayload, 'results'> & { results: Array<ResolversTypes['CreateJobPayload']> }>;
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  Degradation: ResolverTypeWrapper<Degradation>;
  DeleteJobInput: DeleteJobInput;
  DeleteJobPayload: ResolverTypeWrapper<DeleteJobPayload>;
  DependencyPolicy: DependencyPolicy;
  Direction: Direction;
  Duration: ResolverTypeWrapper<Scalars['Duration']['output']>;
  Float: ResolverTypeWrapper<Scalars['Float']['output']>;
  ForceStartJobInput: ForceStartJobInput;
  ForceStartJobPayload: ResolverTypeWrapper<Omit<ForceStartJobPayload, 'job'> & { job?: Maybe<ResolversTypes['Job']> }>;
  HoldJobInput: HoldJobInput;
  HoldJobPayload: ResolverTypeWrapper<Omit<HoldJobPayload, 'job'> & { job?: Maybe<ResolversTypes['Job']> }>;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  IfExists: IfExists;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  JSON: ResolverTypeWrapper<Scalars['JSON']['output']>;
  Job: ResolverTypeWrapper<JobRow>;
  JobConnection: ResolverTypeWrapper<Omit<JobConnection, 'edges' | 'nodes'> & { edges: Array<ResolversTypes['JobEdge']>, nodes: Array<ResolversTypes['Job']> }>;
  JobCounts: ResolverTypeWrapper<JobCounts>;
  JobDependency: ResolverTypeWrapper<Dependency>;
  JobEdge: ResolverTypeWrapper<Omit<JobEdge, 'node'> & { node: ResolversTypes['Job'] }>;
  JobError: ResolverTypeWrapper<JobError>;
  JobEvent: ResolverTypeWrapper<EventRow>;
  JobEventConnection: ResolverTypeWrapper<Omit<JobEventConnection, 'nodes'> & { nodes: Array<ResolversTypes['JobEvent']> }>;
  JobEventKind: JobEventKind;
  JobEventsBatch: ResolverTypeWrapper<Omit<JobEventsBatch, 'events'> & { events: Array<ResolversTypes['JobEvent']> }>;
  JobFilter: JobFilter;
  JobOptions: ResolverTypeWrapper<Options>;
  JobOrder: JobOrder;
  JobOrderField: JobOrderField;
  JobStats: ResolverTypeWrapper<JobStats>;
  JobStatus: JobStatus;
  JobType: ResolverTypeWrapper<JobTypeRow>;
  JobsUpdate: ResolverTypeWrapper<Omit<JobsUpdate, 'changed'> & { changed: Array<ResolversTypes['Job']> }>;
  Limits: ResolverTypeWrapper<Limits>;
  LimitsInput: LimitsInput;
  LogBatch: ResolverTypeWrapper<Omit<LogBatch, 'lines'> & { lines: Array<ResolversTypes['LogLine']> }>;
  LogConnection: ResolverTypeWrapper<Omit<LogConnection, 'nodes'> & { nodes: Array<ResolversTypes['LogLine']> }>;
  LogLine: ResolverTypeWrapper<LogLineRow>;
  LogStream: LogStream;
  LostPolicy: LostPolicy;
  Mutation: ResolverTypeWrapper<Record<PropertyKey, never>>;
  OnMemoryLimit: ResolverTypeWrapper<OnMemoryLimit>;
  OnMemoryLimitInput: OnMemoryLimitInput;
  PageInfo: ResolverTypeWrapper<PageInfo>;
  PauseQueueInput: PauseQueueInput;
  PauseQueuePayload: ResolverTypeWrapper<Omit<PauseQueuePayload, 'queue'> & { queue?: Maybe<ResolversTypes['Queue']> }>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Queue: ResolverTypeWrapper<QueueRow>;
  QueueConnection: ResolverTypeWrapper<Omit<QueueConnection, 'nodes'> & { nodes: Array<ResolversTypes['Queue']> }>;
  Reason: ResolverTypeWrapper<Reason>;
  ReasonCode: ReasonCode;
  ReleaseJobInput: ReleaseJobInput;
  ReleaseJobPayload: ResolverTypeWrapper<Omit<ReleaseJobPayload, 'job'> & { job?: Maybe<ResolversTypes['Job']> }>;
  ResumeQueueInput: ResumeQueueInput;
  ResumeQueuePayload: ResolverTypeWrapper<Omit<ResumeQueuePayload, 'queue'> & { queue?: Maybe<ResolversTypes['Queue']> }>;
  Retry: ResolverTypeWrapper<RetryPolicy>;
  RetryFrom: RetryFrom;
  RetryInput: RetryInput;
  RetryJobInput: RetryJobInput;
  RetryJobPayload: ResolverTypeWrapper<Omit<RetryJobPayload, 'job'> & { job?: Maybe<ResolversTypes['Job']> }>;
  RollbackState: RollbackState;
  ServerInfo: ResolverTypeWrapper<ServerInfo>;
  SetJobPriorityInput: SetJobPriorityInput;
  SetJobPriorityPayload: ResolverTypeWrapper<Omit<SetJobPriorityPayload, 'job'> & { job?: Maybe<ResolversTypes['Job']> }>;
  SetQueueLimitInput: SetQueueLimitInput;
  SetQueueLimitPayload: ResolverTypeWrapper<Omit<SetQueueLimitPayload, 'queue'> & { queue?: Maybe<ResolversTypes['Queue']> }>;
  Step: ResolverTypeWrapper<ShownStep>;
  StepStatus: StepStatus;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  Subscription: ResolverTypeWrapper<Record<PropertyKey, never>>;
  UsageConnection: ResolverTypeWrapper<Omit<UsageConnection, 'nodes'> & { nodes: Array<ResolversTypes['UsageSample']> }>;
  UsageSample: ResolverTypeWrapper<UsageRow>;
  UserError: ResolverTypeWrapper<UserError>;
  UserErrorCode: UserErrorCode;
  Version: ResolverTypeWrapper<Scalars['Version']['output']>;
  WaitingFor: ResolverTypeWrapper<Wait>;
  WaitingKind: WaitingKind;
  Worker: ResolverTypeWrapper<WorkerRow>;
  WorkerStatus: WorkerStatus;
  WorkersUpdate: ResolverTypeWrapper<Omit<WorkersUpdate, 'workers'> & { workers: Array<ResolversTypes['Worker']> }>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  AbortBulkOperationInput: AbortBulkOperationInput;
  AbortBulkOperationPayload: Omit<AbortBulkOperationPayload, 'operation'> & { operation?: Maybe<ResolversParentTypes['BulkOperation']> };
  AbortJobInput: AbortJobInput;
  AbortJobPayload: Omit<AbortJobPayload, 'job'> & { job?: Maybe<ResolversParentTypes['Job']> };
  Attempt: AttemptRow;
  AttemptConnection: Omit<AttemptConnection, 'nodes'> & { nodes: Array<ResolversParentTypes['Attempt']> };
  Boolean: Scalars['Boolean']['output'];
  BulkError: BulkErrorRow;
  BulkJobsInput: BulkJobsInput;
  BulkJobsPayload: Omit<BulkJobsPayload, 'operation'> & { operation?: Maybe<ResolversParentTypes['BulkOperation']> };
  BulkOperation: BulkRow;
  Bytes: Scalars['Bytes']['output'];
  Concurrency: Concurrency;
  ConcurrencyInput: ConcurrencyInput;
  CreateJobInput: CreateJobInput;
  CreateJobPayload: Omit<CreateJobPayload, 'job'> & { job?: Maybe<ResolversParentTypes['Job']> };
  CreateJobsInput: CreateJobsInput;
  CreateJobsPayload: Omit<CreateJobsPayload, 'results'> & { results: Array<ResolversParentTypes['CreateJobPayload']> };
  DateTime: Scalars['DateTime']['output'];
  Degradation: Degradation;
  DeleteJobInput: DeleteJobInput;
  DeleteJobPayload: DeleteJobPayload;
  Duration: Scalars['Duration']['output'];
  Float: Scalars['Float']['output'];
  ForceStartJobInput: ForceStartJobInput;
  ForceStartJobPayload: Omit<ForceStartJobPayload, 'job'> & { job?: Maybe<ResolversParentTypes['Job']> };
  HoldJobInput: HoldJobInput;
  HoldJobPayload: Omit<HoldJobPayload, 'job'> & { job?: Maybe<ResolversParentTypes['Job']> };
  ID: Scalars['ID']['output'];
  Int: Scalars['Int']['output'];
  JSON: Scalars['JSON']['output'];
  Job: JobRow;
  JobConnection: Omit<JobConnection, 'edges' | 'nodes'> & { edges: Array<ResolversParentTypes['JobEdge']>, nodes: Array<ResolversParentTypes['Job']> };
  JobCounts: JobCounts;
  JobDependency: Dependency;
  JobEdge: Omit<JobEdge, 'node'> & { node: ResolversParentTypes['Job'] };
  JobError: JobError;
  JobEvent: EventRow;
  JobEventConnection: Omit<JobEventConnection, 'nodes'> & { nodes: Array<ResolversParentTypes['JobEvent']> };
  JobEventsBatch: Omit<JobEventsBatch, 'events'> & { events: Array<ResolversParentTypes['JobEvent']> };
  JobFilter: JobFilter;
  JobOptions: Options;
  JobOrder: JobOrder;
  JobStats: JobStats;
  JobType: JobTypeRow;
  JobsUpdate: Omit<JobsUpdate, 'changed'> & { changed: Array<ResolversParentTypes['Job']> };
  Limits: Limits;
  LimitsInput: LimitsInput;
  LogBatch: Omit<LogBatch, 'lines'> & { lines: Array<ResolversParentTypes['LogLine']> };
  LogConnection: Omit<LogConnection, 'nodes'> & { nodes: Array<ResolversParentTypes['LogLine']> };
  LogLine: LogLineRow;
  Mutation: Record<PropertyKey, never>;
  OnMemoryLimit: OnMemoryLimit;
  OnMemoryLimitInput: OnMemoryLimitInput;
  PageInfo: PageInfo;
  PauseQueueInput: PauseQueueInput;
  PauseQueuePayload: Omit<PauseQueuePayload, 'queue'> & { queue?: Maybe<ResolversParentTypes['Queue']> };
  Query: Record<PropertyKey, never>;
  Queue: QueueRow;
  QueueConnection: Omit<QueueConnection, 'nodes'> & { nodes: Array<ResolversParentTypes['Queue']> };
  Reason: Reason;
  ReleaseJobInput: ReleaseJobInput;
  ReleaseJobPayload: Omit<ReleaseJobPayload, 'job'> & { job?: Maybe<ResolversParentTypes['Job']> };
  ResumeQueueInput: ResumeQueueInput;
  ResumeQueuePayload: Omit<ResumeQueuePayload, 'queue'> & { queue?: Maybe<ResolversParentTypes['Queue']> };
  Retry: RetryPolicy;
  RetryInput: RetryInput;
  RetryJobInput: RetryJobInput;
  RetryJobPayload: Omit<RetryJobPayload, 'job'> & { job?: Maybe<ResolversParentTypes['Job']> };
  ServerInfo: ServerInfo;
  SetJobPriorityInput: SetJobPriorityInput;
  SetJobPriorityPayload: Omit<SetJobPriorityPayload, 'job'> & { job?: Maybe<ResolversParentTypes['Job']> };
  SetQueueLimitInput: SetQueueLimitInput;
  SetQueueLimitPayload: Omit<SetQueueLimitPayload, 'queue'> & { queue?: Maybe<ResolversParentTypes['Queue']> };
  Step: ShownStep;
  String: Scalars['String']['output'];
  Subscription: Record<PropertyKey, never>;
  UsageConnection: Omit<UsageConnection, 'nodes'> & { nodes: Array<ResolversParentTypes['UsageSample']> };
  UsageSample: UsageRow;
  UserError: UserError;
  Version: Scalars['Version']['output'];
  WaitingFor: Wait;
  Worker: WorkerRow;
  WorkersUpdate: Omit<WorkersUpdate, 'workers'> & { workers: Array<ResolversParentTypes['Worker']> };
};

export type AbortBulkOperationPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['AbortBulkOperationPayload'] = ResolversParentTypes['AbortBulkOperationPayload']> = {
  operation?: Resolver<Maybe<ResolversTypes['BulkOperation']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type AbortJobPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['AbortJobPayload'] = ResolversParentTypes['AbortJobPayload']> = {
  job?: Resolver<Maybe<ResolversTypes['Job']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type AttemptResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Attempt'] = ResolversParentTypes['Attempt']> = {
  annotations?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  cpuSeconds?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  durationMs?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  error?: Resolver<Maybe<ResolversTypes['JobError']>, ParentType, ContextType>;
  exitCode?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  finishedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  host?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  job?: Resolver<ResolversTypes['Job'], ParentType, ContextType>;
  killMs?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  killedPids?: Resolver<Array<ResolversTypes['Int']>, ParentType, ContextType>;
  log?: Resolver<ResolversTypes['LogConnection'], ParentType, ContextType, RequireFields<AttemptLogArgs, 'first'>>;
  number?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  outcome?: Resolver<Maybe<ResolversTypes['AttemptOutcome']>, ParentType, ContextType>;
  peakMemoryBytes?: Resolver<Maybe<ResolversTypes['Bytes']>, ParentType, ContextType>;
  pid?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  signal?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  startedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  step?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  undo?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  usage?: Resolver<ResolversTypes['UsageConnection'], ParentType, ContextType, RequireFields<AttemptUsageArgs, 'first'>>;
  worker?: Resolver<Maybe<ResolversTypes['Worker']>, ParentType, ContextType>;
  workerId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
};

export type AttemptConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['AttemptConnection'] = ResolversParentTypes['AttemptConnection']> = {
  nodes?: Resolver<Array<ResolversTypes['Attempt']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type BulkErrorResolvers<ContextType = Context, ParentType extends ResolversParentTypes['BulkError'] = ResolversParentTypes['BulkError']> = {
  error?: Resolver<ResolversTypes['UserError'], ParentType, ContextType>;
  jobId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
};

export type BulkJobsPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['BulkJobsPayload'] = ResolversParentTypes['BulkJobsPayload']> = {
  matched?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  operation?: Resolver<Maybe<ResolversTypes['BulkOperation']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type BulkOperationResolvers<ContextType = Context, ParentType extends ResolversParentTypes['BulkOperation'] = ResolversParentTypes['BulkOperation']> = {
  action?: Resolver<ResolversTypes['BulkAction'], ParentType, ContextType>;
  done?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  errors?: Resolver<Array<ResolversTypes['BulkError']>, ParentType, ContextType, RequireFields<BulkOperationErrorsArgs, 'first'>>;
  failed?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  finishedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  matched?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  startedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  status?: Resolver<ResolversTypes['BulkStatus'], ParentType, ContextType>;
};

export interface BytesScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Bytes'], any> {
  name: 'Bytes';
}

export type ConcurrencyResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Concurrency'] = ResolversParentTypes['Concurrency']> = {
  key?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  limit?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type CreateJobPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['CreateJobPayload'] = ResolversParentTypes['CreateJobPayload']> = {
  job?: Resolver<Maybe<ResolversTypes['Job']>, ParentType, ContextType>;
  jobId?: Resolver<Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type CreateJobsPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['CreateJobsPayload'] = ResolversParentTypes['CreateJobsPayload']> = {
  results?: Resolver<Array<ResolversTypes['CreateJobPayload']>, ParentType, ContextType>;
};

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

export type DegradationResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Degradation'] = ResolversParentTypes['Degradation']> = {
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  part?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type DeleteJobPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['DeleteJobPayload'] = ResolversParentTypes['DeleteJobPayload']> = {
  deletedJobId?: Resolver<Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export interface DurationScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Duration'], any> {
  name: 'Duration';
}

export type ForceStartJobPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ForceStartJobPayload'] = ResolversParentTypes['ForceStartJobPayload']> = {
  job?: Resolver<Maybe<ResolversTypes['Job']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type HoldJobPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['HoldJobPayload'] = ResolversParentTypes['HoldJobPayload']> = {
  job?: Resolver<Maybe<ResolversTypes['Job']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export interface JsonScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['JSON'], any> {
  name: 'JSON';
}

export type JobResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Job'] = ResolversParentTypes['Job']> = {
  abortRequestedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  attemptCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  attempts?: Resolver<ResolversTypes['AttemptConnection'], ParentType, ContextType, RequireFields<JobAttemptsArgs, 'first'>>;
  band?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  createdAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  dependants?: Resolver<ResolversTypes['JobConnection'], ParentType, ContextType, RequireFields<JobDependantsArgs, 'first'>>;
  dependencies?: Resolver<Array<ResolversTypes['JobDependency']>, ParentType, ContextType>;
  effectivePriority?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  error?: Resolver<Maybe<ResolversTypes['JobError']>, ParentType, ContextType>;
  events?: Resolver<ResolversTypes['JobEventConnection'], ParentType, ContextType, RequireFields<JobEventsArgs, 'first'>>;
  failedOver?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  failures?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  finishedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  forced?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  halts?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  jobType?: Resolver<Maybe<ResolversTypes['JobType']>, ParentType, ContextType>;
  lastAttempt?: Resolver<Maybe<ResolversTypes['Attempt']>, ParentType, ContextType>;
  losses?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  metadata?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  options?: Resolver<ResolversTypes['JobOptions'], ParentType, ContextType>;
  payload?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  pool?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  priority?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  progress?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  queue?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  queuedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  reason?: Resolver<Maybe<ResolversTypes['Reason']>, ParentType, ContextType>;
  result?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  rollback?: Resolver<Maybe<ResolversTypes['RollbackState']>, ParentType, ContextType>;
  startedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  startsAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  status?: Resolver<ResolversTypes['JobStatus'], ParentType, ContextType>;
  steps?: Resolver<Array<ResolversTypes['Step']>, ParentType, ContextType>;
  tags?: Resolver<Array<ResolversTypes['String']>, ParentType, ContextType>;
  temporalUrl?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  type?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  version?: Resolver<ResolversTypes['Version'], ParentType, ContextType>;
  waitingFor?: Resolver<Maybe<ResolversTypes['WaitingFor']>, ParentType, ContextType>;
  workflowId?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type JobConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['JobConnection'] = ResolversParentTypes['JobConnection']> = {
  edges?: Resolver<Array<ResolversTypes['JobEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['Job']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type JobCountsResolvers<ContextType = Context, ParentType extends ResolversParentTypes['JobCounts'] = ResolversParentTypes['JobCounts']> = {
  aborted?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  failed?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  held?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  queued?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  rollingBack?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  running?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  scheduled?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  succeeded?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  total?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  waiting?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type JobDependencyResolvers<ContextType = Context, ParentType extends ResolversParentTypes['JobDependency'] = ResolversParentTypes['JobDependency']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  job?: Resolver<Maybe<ResolversTypes['Job']>, ParentType, ContextType>;
  status?: Resolver<Maybe<ResolversTypes['JobStatus']>, ParentType, ContextType>;
};

export type JobEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['JobEdge'] = ResolversParentTypes['JobEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Job'], ParentType, ContextType>;
};

export type JobErrorResolvers<ContextType = Context, ParentType extends ResolversParentTypes['JobError'] = ResolversParentTypes['JobError']> = {
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  retryable?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  stack?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type JobEventResolvers<ContextType = Context, ParentType extends ResolversParentTypes['JobEvent'] = ResolversParentTypes['JobEvent']> = {
  at?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  detail?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  job?: Resolver<Maybe<ResolversTypes['Job']>, ParentType, ContextType>;
  jobId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  kind?: Resolver<ResolversTypes['JobEventKind'], ParentType, ContextType>;
  status?: Resolver<ResolversTypes['JobStatus'], ParentType, ContextType>;
  version?: Resolver<ResolversTypes['Version'], ParentType, ContextType>;
};

export type JobEventConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['JobEventConnection'] = ResolversParentTypes['JobEventConnection']> = {
  nodes?: Resolver<Array<ResolversTypes['JobEvent']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type JobEventsBatchResolvers<ContextType = Context, ParentType extends ResolversParentTypes['JobEventsBatch'] = ResolversParentTypes['JobEventsBatch']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  events?: Resolver<Array<ResolversTypes['JobEvent']>, ParentType, ContextType>;
  gap?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type JobOptionsResolvers<ContextType = Context, ParentType extends ResolversParentTypes['JobOptions'] = ResolversParentTypes['JobOptions']> = {
  ageAfter?: Resolver<ResolversTypes['Duration'], ParentType, ContextType>;
  concurrency?: Resolver<Maybe<ResolversTypes['Concurrency']>, ParentType, ContextType>;
  deadline?: Resolver<Maybe<ResolversTypes['Duration']>, ParentType, ContextType>;
  exclusive?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  failover?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  grace?: Resolver<ResolversTypes['Duration'], ParentType, ContextType>;
  limits?: Resolver<ResolversTypes['Limits'], ParentType, ContextType>;
  maxHalts?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  onDependencyFailure?: Resolver<ResolversTypes['DependencyPolicy'], ParentType, ContextType>;
  onLost?: Resolver<ResolversTypes['LostPolicy'], ParentType, ContextType>;
  queueTimeout?: Resolver<Maybe<ResolversTypes['Duration']>, ParentType, ContextType>;
  retry?: Resolver<ResolversTypes['Retry'], ParentType, ContextType>;
  rollback?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  startAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  timeout?: Resolver<Maybe<ResolversTypes['Duration']>, ParentType, ContextType>;
};

export type JobStatsResolvers<ContextType = Context, ParentType extends ResolversParentTypes['JobStats'] = ResolversParentTypes['JobStats']> = {
  failed?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  failureRate?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  finished?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  key?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  perMinute?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  runMsP50?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  runMsP95?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  runMsP99?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  waitMsP50?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  waitMsP95?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
};

export type JobTypeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['JobType'] = ResolversParentTypes['JobType']> = {
  defaults?: Resolver<ResolversTypes['JobOptions'], ParentType, ContextType>;
  description?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  payloadSchema?: Resolver<ResolversTypes['JSON'], ParentType, ContextType>;
  pools?: Resolver<Array<ResolversTypes['String']>, ParentType, ContextType>;
  steps?: Resolver<Array<ResolversTypes['String']>, ParentType, ContextType>;
};

export type JobsUpdateResolvers<ContextType = Context, ParentType extends ResolversParentTypes['JobsUpdate'] = ResolversParentTypes['JobsUpdate']> = {
  changed?: Resolver<Array<ResolversTypes['Job']>, ParentType, ContextType>;
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  isSnapshot?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  removed?: Resolver<Array<ResolversTypes['ID']>, ParentType, ContextType>;
};

export type LimitsResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Limits'] = ResolversParentTypes['Limits']> = {
  cpuPercent?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  cpuSeconds?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  memoryBytes?: Resolver<Maybe<ResolversTypes['Bytes']>, ParentType, ContextType>;
  onMemoryLimit?: Resolver<Maybe<ResolversTypes['OnMemoryLimit']>, ParentType, ContextType>;
};

export type LogBatchResolvers<ContextType = Context, ParentType extends ResolversParentTypes['LogBatch'] = ResolversParentTypes['LogBatch']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  dropped?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  lines?: Resolver<Array<ResolversTypes['LogLine']>, ParentType, ContextType>;
};

export type LogConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['LogConnection'] = ResolversParentTypes['LogConnection']> = {
  nodes?: Resolver<Array<ResolversTypes['LogLine']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type LogLineResolvers<ContextType = Context, ParentType extends ResolversParentTypes['LogLine'] = ResolversParentTypes['LogLine']> = {
  at?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  attempt?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  stream?: Resolver<ResolversTypes['LogStream'], ParentType, ContextType>;
  text?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type MutationResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Mutation'] = ResolversParentTypes['Mutation']> = {
  abortBulkOperation?: Resolver<ResolversTypes['AbortBulkOperationPayload'], ParentType, ContextType, RequireFields<MutationAbortBulkOperationArgs, 'input'>>;
  abortJob?: Resolver<ResolversTypes['AbortJobPayload'], ParentType, ContextType, RequireFields<MutationAbortJobArgs, 'input'>>;
  bulkJobs?: Resolver<ResolversTypes['BulkJobsPayload'], ParentType, ContextType, RequireFields<MutationBulkJobsArgs, 'input'>>;
  createJob?: Resolver<ResolversTypes['CreateJobPayload'], ParentType, ContextType, RequireFields<MutationCreateJobArgs, 'input'>>;
  createJobs?: Resolver<ResolversTypes['CreateJobsPayload'], ParentType, ContextType, RequireFields<MutationCreateJobsArgs, 'input'>>;
  deleteJob?: Resolver<ResolversTypes['DeleteJobPayload'], ParentType, ContextType, RequireFields<MutationDeleteJobArgs, 'input'>>;
  forceStartJob?: Resolver<ResolversTypes['ForceStartJobPayload'], ParentType, ContextType, RequireFields<MutationForceStartJobArgs, 'input'>>;
  holdJob?: Resolver<ResolversTypes['HoldJobPayload'], ParentType, ContextType, RequireFields<MutationHoldJobArgs, 'input'>>;
  pauseQueue?: Resolver<ResolversTypes['PauseQueuePayload'], ParentType, ContextType, RequireFields<MutationPauseQueueArgs, 'input'>>;
  releaseJob?: Resolver<ResolversTypes['ReleaseJobPayload'], ParentType, ContextType, RequireFields<MutationReleaseJobArgs, 'input'>>;
  resumeQueue?: Resolver<ResolversTypes['ResumeQueuePayload'], ParentType, ContextType, RequireFields<MutationResumeQueueArgs, 'input'>>;
  retryJob?: Resolver<ResolversTypes['RetryJobPayload'], ParentType, ContextType, RequireFields<MutationRetryJobArgs, 'input'>>;
  setJobPriority?: Resolver<ResolversTypes['SetJobPriorityPayload'], ParentType, ContextType, RequireFields<MutationSetJobPriorityArgs, 'input'>>;
  setQueueLimit?: Resolver<ResolversTypes['SetQueueLimitPayload'], ParentType, ContextType, RequireFields<MutationSetQueueLimitArgs, 'input'>>;
};

export type OnMemoryLimitResolvers<ContextType = Context, ParentType extends ResolversParentTypes['OnMemoryLimit'] = ResolversParentTypes['OnMemoryLimit']> = {
  retryWith?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  upTo?: Resolver<ResolversTypes['Bytes'], ParentType, ContextType>;
};

export type PageInfoResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PageInfo'] = ResolversParentTypes['PageInfo']> = {
  endCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  hasNextPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  hasPreviousPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  startCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type PauseQueuePayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PauseQueuePayload'] = ResolversParentTypes['PauseQueuePayload']> = {
  queue?: Resolver<Maybe<ResolversTypes['Queue']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type QueryResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  bulkOperation?: Resolver<Maybe<ResolversTypes['BulkOperation']>, ParentType, ContextType, RequireFields<QueryBulkOperationArgs, 'id'>>;
  job?: Resolver<Maybe<ResolversTypes['Job']>, ParentType, ContextType, RequireFields<QueryJobArgs, 'id'>>;
  jobCounts?: Resolver<ResolversTypes['JobCounts'], ParentType, ContextType, Partial<QueryJobCountsArgs>>;
  jobTypes?: Resolver<Array<ResolversTypes['JobType']>, ParentType, ContextType>;
  jobs?: Resolver<ResolversTypes['JobConnection'], ParentType, ContextType, RequireFields<QueryJobsArgs, 'first' | 'orderBy'>>;
  queue?: Resolver<Maybe<ResolversTypes['Queue']>, ParentType, ContextType, RequireFields<QueryQueueArgs, 'name'>>;
  queues?: Resolver<ResolversTypes['QueueConnection'], ParentType, ContextType, RequireFields<QueryQueuesArgs, 'first'>>;
  serverInfo?: Resolver<ResolversTypes['ServerInfo'], ParentType, ContextType>;
  workers?: Resolver<Array<ResolversTypes['Worker']>, ParentType, ContextType, Partial<QueryWorkersArgs>>;
};

export type QueueResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Queue'] = ResolversParentTypes['Queue']> = {
  counts?: Resolver<ResolversTypes['JobCounts'], ParentType, ContextType>;
  limit?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  paused?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  stats?: Resolver<ResolversTypes['JobStats'], ParentType, ContextType, RequireFields<QueueStatsArgs, 'window'>>;
};

export type QueueConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['QueueConnection'] = ResolversParentTypes['QueueConnection']> = {
  nodes?: Resolver<Array<ResolversTypes['Queue']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type ReasonResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Reason'] = ResolversParentTypes['Reason']> = {
  code?: Resolver<ResolversTypes['ReasonCode'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type ReleaseJobPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ReleaseJobPayload'] = ResolversParentTypes['ReleaseJobPayload']> = {
  job?: Resolver<Maybe<ResolversTypes['Job']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type ResumeQueuePayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ResumeQueuePayload'] = ResolversParentTypes['ResumeQueuePayload']> = {
  queue?: Resolver<Maybe<ResolversTypes['Queue']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type RetryResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Retry'] = ResolversParentTypes['Retry']> = {
  backoff?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  delay?: Resolver<ResolversTypes['Duration'], ParentType, ContextType>;
  jitter?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  maxAttempts?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  maxDelay?: Resolver<ResolversTypes['Duration'], ParentType, ContextType>;
};

export type RetryJobPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['RetryJobPayload'] = ResolversParentTypes['RetryJobPayload']> = {
  job?: Resolver<Maybe<ResolversTypes['Job']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type ServerInfoResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ServerInfo'] = ResolversParentTypes['ServerInfo']> = {
  degraded?: Resolver<Array<ResolversTypes['Degradation']>, ParentType, ContextType>;
  journal?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  priorityLevels?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  temporalAddress?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  temporalUiUrl?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  temporalVersion?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  version?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type SetJobPriorityPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['SetJobPriorityPayload'] = ResolversParentTypes['SetJobPriorityPayload']> = {
  job?: Resolver<Maybe<ResolversTypes['Job']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type SetQueueLimitPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['SetQueueLimitPayload'] = ResolversParentTypes['SetQueueLimitPayload']> = {
  queue?: Resolver<Maybe<ResolversTypes['Queue']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type StepResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Step'] = ResolversParentTypes['Step']> = {
  attemptCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  error?: Resolver<Maybe<ResolversTypes['JobError']>, ParentType, ContextType>;
  finishedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  result?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  startedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  status?: Resolver<ResolversTypes['StepStatus'], ParentType, ContextType>;
};

export type SubscriptionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Subscription'] = ResolversParentTypes['Subscription']> = {
  bulkOperationUpdated?: SubscriptionResolver<Maybe<ResolversTypes['BulkOperation']>, "bulkOperationUpdated", ParentType, ContextType, RequireFields<SubscriptionBulkOperationUpdatedArgs, 'id'>>;
  jobCountsUpdated?: SubscriptionResolver<ResolversTypes['JobCounts'], "jobCountsUpdated", ParentType, ContextType, Partial<SubscriptionJobCountsUpdatedArgs>>;
  jobEvents?: SubscriptionResolver<ResolversTypes['JobEventsBatch'], "jobEvents", ParentType, ContextType, Partial<SubscriptionJobEventsArgs>>;
  jobLog?: SubscriptionResolver<ResolversTypes['LogBatch'], "jobLog", ParentType, ContextType, RequireFields<SubscriptionJobLogArgs, 'jobId'>>;
  jobUpdated?: SubscriptionResolver<Maybe<ResolversTypes['Job']>, "jobUpdated", ParentType, ContextType, RequireFields<SubscriptionJobUpdatedArgs, 'id'>>;
  jobUsage?: SubscriptionResolver<ResolversTypes['UsageSample'], "jobUsage", ParentType, ContextType, RequireFields<SubscriptionJobUsageArgs, 'jobId'>>;
  jobsUpdated?: SubscriptionResolver<ResolversTypes['JobsUpdate'], "jobsUpdated", ParentType, ContextType, RequireFields<SubscriptionJobsUpdatedArgs, 'first'>>;
  workersUpdated?: SubscriptionResolver<ResolversTypes['WorkersUpdate'], "workersUpdated", ParentType, ContextType, Partial<SubscriptionWorkersUpdatedArgs>>;
};

export type UsageConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['UsageConnection'] = ResolversParentTypes['UsageConnection']> = {
  nodes?: Resolver<Array<ResolversTypes['UsageSample']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type UsageSampleResolvers<ContextType = Context, ParentType extends ResolversParentTypes['UsageSample'] = ResolversParentTypes['UsageSample']> = {
  at?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  attempt?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  cpuPercent?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  memoryBytes?: Resolver<ResolversTypes['Bytes'], ParentType, ContextType>;
};

export type UserErrorResolvers<ContextType = Context, ParentType extends ResolversParentTypes['UserError'] = ResolversParentTypes['UserError']> = {
  code?: Resolver<ResolversTypes['UserErrorCode'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  path?: Resolver<Maybe<Array<ResolversTypes['String']>>, ParentType, ContextType>;
  rule?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export interface VersionScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Version'], any> {
  name: 'Version';
}

export type WaitingForResolvers<ContextType = Context, ParentType extends ResolversParentTypes['WaitingFor'] = ResolversParentTypes['WaitingFor']> = {
  jobIds?: Resolver<Array<ResolversTypes['ID']>, ParentType, ContextType>;
  key?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  kind?: Resolver<ResolversTypes['WaitingKind'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  placeInLine?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  until?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
};

export type WorkerResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Worker'] = ResolversParentTypes['Worker']> = {
  busy?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  cpuPercent?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  drainsUntil?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  host?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  jobTypes?: Resolver<Array<ResolversTypes['String']>, ParentType, ContextType>;
  lastSeenAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  memoryBytes?: Resolver<Maybe<ResolversTypes['Bytes']>, ParentType, ContextType>;
  pid?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  pool?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  problems?: Resolver<Array<ResolversTypes['String']>, ParentType, ContextType>;
  running?: Resolver<Array<ResolversTypes['Attempt']>, ParentType, ContextType>;
  slots?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  startedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  status?: Resolver<ResolversTypes['WorkerStatus'], ParentType, ContextType>;
};

export type WorkersUpdateResolvers<ContextType = Context, ParentType extends ResolversParentTypes['WorkersUpdate'] = ResolversParentTypes['WorkersUpdate']> = {
  workers?: Resolver<Array<ResolversTypes['Worker']>, ParentType, ContextType>;
};

export type Resolvers<ContextType = Context> = {
  AbortBulkOperationPayload?: AbortBulkOperationPayloadResolvers<ContextType>;
  AbortJobPayload?: AbortJobPayloadResolvers<ContextType>;
  Attempt?: AttemptResolvers<ContextType>;
  AttemptConnection?: AttemptConnectionResolvers<ContextType>;
  BulkError?: BulkErrorResolvers<ContextType>;
  BulkJobsPayload?: BulkJobsPayloadResolvers<ContextType>;
  BulkOperation?: BulkOperationResolvers<ContextType>;
  Bytes?: GraphQLScalarType;
  Concurrency?: ConcurrencyResolvers<ContextType>;
  CreateJobPayload?: CreateJobPayloadResolvers<ContextType>;
  CreateJobsPayload?: CreateJobsPayloadResolvers<ContextType>;
  DateTime?: GraphQLScalarType;
  Degradation?: DegradationResolvers<ContextType>;
  DeleteJobPayload?: DeleteJobPayloadResolvers<ContextType>;
  Duration?: GraphQLScalarType;
  ForceStartJobPayload?: ForceStartJobPayloadResolvers<ContextType>;
  HoldJobPayload?: HoldJobPayloadResolvers<ContextType>;
  JSON?: GraphQLScalarType;
  Job?: JobResolvers<ContextType>;
  JobConnection?: JobConnectionResolvers<ContextType>;
  JobCounts?: JobCountsResolvers<ContextType>;
  JobDependency?: JobDependencyResolvers<ContextType>;
  JobEdge?: JobEdgeResolvers<ContextType>;
  JobError?: JobErrorResolvers<ContextType>;
  JobEvent?: JobEventResolvers<ContextType>;
  JobEventConnection?: JobEventConnectionResolvers<ContextType>;
  JobEventsBatch?: JobEventsBatchResolvers<ContextType>;
  JobOptions?: JobOptionsResolvers<ContextType>;
  JobStats?: JobStatsResolvers<ContextType>;
  JobType?: JobTypeResolvers<ContextType>;
  JobsUpdate?: JobsUpdateResolvers<ContextType>;
  Limits?: LimitsResolvers<ContextType>;
  LogBatch?: LogBatchResolvers<ContextType>;
  LogConnection?: LogConnectionResolvers<ContextType>;
  LogLine?: LogLineResolvers<ContextType>;
  Mutation?: MutationResolvers<ContextType>;
  OnMemoryLimit?: OnMemoryLimitResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  PauseQueuePayload?: PauseQueuePayloadResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  Queue?: QueueResolvers<ContextType>;
  QueueConnection?: QueueConnectionResolvers<ContextType>;
  Reason?: ReasonResolvers<ContextType>;
  ReleaseJobPayload?: ReleaseJobPayloadResolvers<ContextType>;
  ResumeQueuePayload?: ResumeQueuePayloadResolvers<ContextType>;
  Retry?: RetryResolvers<ContextType>;
  RetryJobPayload?: RetryJobPayloadResolvers<ContextType>;
  ServerInfo?: ServerInfoResolvers<ContextType>;
  SetJobPriorityPayload?: SetJobPriorityPayloadResolvers<ContextType>;
  SetQueueLimitPayload?: SetQueueLimitPayloadResolvers<ContextType>;
  Step?: StepResolvers<ContextType>;
  Subscription?: SubscriptionResolvers<ContextType>;
  UsageConnection?: UsageConnectionResolvers<ContextType>;
  UsageSample?: UsageSampleResolvers<ContextType>;
  UserError?: UserErrorResolvers<ContextType>;
  Version?: GraphQLScalarType;
  WaitingFor?: WaitingForResolvers<ContextType>;
  Worker?: WorkerResolvers<ContextType>;
  WorkersUpdate?: WorkersUpdateResolvers<ContextType>;
};

