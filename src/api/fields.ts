import { BANDS } from '../job/bands.ts';
import { workflowIdOf } from '../job/ids.ts';
import type { Json } from '../index.ts';
import { PRODUCT_DEFAULTS, type JobError, type JobOptions } from '../job/spec.ts';
import type { UserErrorCode } from '../job/errors.ts';
import type { AttemptOutcome, JobEventKind, JobStatus, ReasonCode, RollbackState } from '../job/status.ts';
import type { BulkAction, BulkStatus } from '../job/bulk.ts';
import { MAX_ERRORS } from '../journal/record-bulk.ts';
import { readBulkErrors } from '../journal/read-bulk.ts';
import { readEvents, readLog } from '../journal/read-events.ts';
import { readAttempts, readStepAttempts } from '../journal/read-attempts.ts';
import { countJobs, readDependants } from '../journal/read-jobs.ts';
import { readUsage } from '../journal/read-usage.ts';
import { version } from '../version.ts';
import { decodeCursor, encodeCursor, pageOf, pageSize } from './cursor.ts';
import { fromJournal } from './errors.ts';
import { stepsOf, totalOf, workerStatus } from './present.ts';
import { defaultOptions } from './read-input.ts';
import type { Resolvers } from './schema.gen.ts';
import { waitingFor } from './waiting-for.ts';

const parse = <T = Json>(text: string | null): T | null => (text === null ? null : (JSON.parse(text) as T));

/** What the types' fields say: of a row, or of what is asked for with it. */
export const fields: Omit<Resolvers, 'Query' | 'Mutation' | 'Subscription'> = {
  Job: {
    status: (row) => row.status as JobStatus,
    jobType: async (row, _, { jobTypes }) => (await jobTypes.all()).get(row.type) ?? null,
    reason: (row) => (row.reason_code === null ? null : { code: row.reason_code as ReasonCode, message: row.reason_message ?? '' }),
    effectivePriority: (row) => row.effective_priority,
    forced: (row) => row.forced === 1,
    abortRequestedAt: (row) => row.abort_requested_at,
    payload: (row) => parse(row.payload),
    result: (row) => parse(row.result),
    error: (row) => parse<JobError>(row.error),
    options: (row) => ({ ...PRODUCT_DEFAULTS.options, ...(JSON.parse(row.options) as JobOptions) }),
    tags: (row) => JSON.parse(row.tags) as string[],
    metadata: (row) => parse(row.metadata),
    failedOver: (row) => row.failed_over === 1,
    async dependencies(row, _, { loaders }) {
      const ids = await loaders.dependencies.load(row.id);
      return Promise.all(ids.map(async (id) => ({ id, job: (await loaders.job.load(id)) ?? null })));
    },
    async dependants(row, { first, after }, { journal }) {
      const from = String(decodeCursor('dependant', after)?.[0] ?? '');
      const rows = await fromJournal(() => readDependants(journal.db, row.id, { after: from, limit: pageSize(first) + 1 }));
      return pageOf(rows, first, after, ({ id }) => encodeCursor('dependant', id));
    },
    waitingFor: (row, _, { journal, loaders }) => waitingFor(row, journal, loaders),
    async steps(row, _, { journal }) {
      if (row.steps === '[]') return [];
      return stepsOf(row, await fromJournal(() => readStepAttempts(journal.db, row.id)));
    },
    rollback: (row) => row.rollback as RollbackState | null,
    attemptCount: (row) => row.last_started,
    lastAttempt: async (row, _, { loaders }) => (await loaders.lastAttempt.load(row.id)) ?? null,
    async attempts(row, { first, after }, { journal }) {
      const from = Number(decodeCursor('attempt', after)?.[0] ?? 0);
      const rows = await fromJournal(() => readAttempts(journal.db, row.id, { after: from, limit: pageSize(first) + 1 }));
      return pageOf(rows, first, after, ({ number }) => encodeCursor('attempt', number));
    },
    async events(row, { first, after }, { journal }) {
      const from = Number(decodeCursor('event', after)?.[1] ?? 0);
      const rows = await fromJournal(() => readEvents(journal.db, { jobId: row.id, own: true, after: from, limit: pageSize(first) + 1 }));
      return pageOf(rows, first, after, ({ seq }) => encodeCursor('event', journal.id, seq));
    },
    createdAt: (row) => row.created_at,
    startsAt: (row) => row.starts_at,
    queuedAt: (row) => row.queued_at,
    startedAt: (row) => row.started_at,
    finishedAt: (row) => row.finished_at,
    workflowId: (row) => workflowIdOf(row.id),
    temporalUrl: (row, _, { facts }) => facts.temporalUrl(workflowIdOf(row.id)),
  },
  JobDependency: { status: ({ job }) => (job?.status as JobStatus | undefined) ?? null },
  JobOptions: {
    queueTimeout: ({ queueTimeoutMs }) => queueTimeoutMs ?? null,
    deadline: ({ deadlineMs }) => deadlineMs ?? null,
    timeout: ({ timeoutMs }) => timeoutMs,
    grace: ({ graceMs }) => graceMs,
    ageAfter: ({ ageAfterMs }) => ageAfterMs,
  },
  Retry: { delay: ({ delayMs }) => delayMs, maxDelay: ({ maxDelayMs }) => maxDelayMs },
  JobType: {
    defaults: (type) => defaultOptions(type),
    payloadSchema: (type) => type.payloadSchema,
    steps: (type) => (type.steps ?? []).map(({ name }) => name),
  },

  Attempt: {
    id: (row) => `${row.job_id}/${row.number}`,
    job: async (row, _, { loaders }) => (await loaders.job.load(row.job_id))!,
    undo: (row) => row.undo === 1,
    outcome: (row) => row.outcome as AttemptOutcome | null,
    worker: async (row, _, { loaders }) => (await loaders.worker.load(row.worker_id)) ?? null,
    workerId: (row) => row.worker_id,
    startedAt: (row) => row.started_at,
    finishedAt: (row) => row.finished_at,
    durationMs: (row) => (row.finished_at === null ? null : row.finished_at - row.started_at),
    exitCode: (row) => row.exit_code,
    killMs: (row) => row.kill_ms,
    killedPids: (row) => JSON.parse(row.killed_pids) as number[],
    peakMemoryBytes: (row) => row.peak_memory_bytes,
    cpuSeconds: (row) => row.cpu_seconds,
    error: (row) => parse<JobError>(row.error),
    annotations: (row) => parse(row.annotations),
    async usage(row, { first, after }, { journal }) {
      const from = Number(decodeCursor('usage', after)?.[0] ?? 0);
      const where = { jobId: row.job_id, number: row.number, after: from, limit: pageSize(first) + 1 };
      const rows = await fromJournal(() => readUsage(journal.db, where));
      return pageOf(rows, first, after, ({ at }) => encodeCursor('usage', at));
    },
    async log(row, { first, after }, { journal }) {
      const from = Number(decodeCursor('log', after)?.[0] ?? 0);
      const rows = await fromJournal(() =>
        readLog(journal.db, { jobId: row.job_id, attempt: row.number, after: from, limit: pageSize(first) + 1 }),
      );
      return pageOf(rows, first, after, ({ seq }) => encodeCursor('log', seq));
    },
  },
  UsageSample: { memoryBytes: (row) => row.memory_bytes, cpuPercent: (row) => row.cpu_percent },
  LogLine: { cursor: (row) => encodeCursor('log', row.seq), stream: (row) => row.stream as 'STDOUT' | 'STDERR' },
  JobEvent: {
    cursor: (row, _, { journal }) => encodeCursor('event', journal.id, row.seq),
    jobId: (row) => row.job_id,
    kind: (row) => row.kind as JobEventKind,
    status: (row) => row.status as JobStatus,
    version: (row) => row.seq,
    detail: (row) => parse(row.detail),
    job: async (row, _, { loaders }) => (await loaders.job.load(row.job_id)) ?? null,
  },
  JobCounts: totalOf,

  Queue: {
    paused: ({ policy }) => policy.paused,
    limit: ({ policy }) => policy.limit,
    counts: ({ name }, _, { journal }) => fromJournal(() => countJobs(journal.db, { queue: [name] })) as never,
    stats: ({ name }, { window }, { queues }) => queues.stats(name, window),
  },
  BulkOperation: {
    action: (row) => row.action as BulkAction,
    status: (row) => row.status as BulkStatus,
    startedAt: (row) => row.started_at,
    finishedAt: (row) => row.finished_at,
    errors: (row, { first }, { journal }) => fromJournal(() => readBulkErrors(journal.db, row.id, pageSize(first, MAX_ERRORS))),
  },
  BulkError: {
    jobId: (row) => row.job_id,
    error: ({ code, message, path, rule }) => ({ code: code as UserErrorCode, message, path: parse<string[]>(path), rule }),
  },

  Worker: {
    status: (row) => workerStatus(row),
    jobTypes: (row) => JSON.parse(row.job_types) as string[],
    problems: (row) => JSON.parse(row.problems) as string[],
    startedAt: (row) => row.started_at,
    lastSeenAt: (row) => row.last_seen_at,
    drainsUntil: (row) => row.drains_until,
    cpuPercent: (row) => row.cpu_percent,
    memoryBytes: (row) => row.memory_bytes,
    running: (row, _, { loaders }) => loaders.runningAttempts.load(row.id),
  },
  ServerInfo: {
    version: () => version,
    temporalAddress: (_, __, { facts }) => facts.temporal.address,
    temporalVersion: (_, __, { facts }) => facts.temporalVersion(),
    temporalUiUrl: (_, __, { facts }) => facts.temporal.uiUrl,
    priorityLevels: () => BANDS,
    degraded: (_, __, { facts }) => facts.degraded(),
    journal: (_, __, { journal }) => `sqlite ${journal.file}`,
  },
};
