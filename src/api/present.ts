import { Fault } from '../job/errors.ts';
import type { StepState } from '../job/spec.ts';
import { isFinal, type JobStatus } from '../job/status.ts';
import type { AttemptRow, JobFilter, JobRow } from '../journal/read-jobs.ts';
import { SILENT_MS, type WorkerRow } from '../journal/read-workers.ts';
import type { JobFilter as JobFilterInput, WorkerStatus } from './schema.gen.ts';
import { MAX_PAGE } from './cursor.ts';

/** @throws Fault BAD_USER_INPUT where a list in the filter is too long. */
export function readFilter(filter: JobFilterInput | null | undefined): JobFilter {
  for (const [name, value] of Object.entries(filter ?? {})) {
    if (Array.isArray(value) && value.length > MAX_PAGE)
      throw new Fault('BAD_USER_INPUT', `filter.${name} has ${value.length} items, ${MAX_PAGE} are allowed`);
  }
  return (filter ?? {}) as JobFilter;
}

/** A worker that says it runs and has been silent counts as lost. */
export function workerStatus(row: WorkerRow, nowMs = Date.now()): WorkerStatus {
  const silent = nowMs - row.last_seen_at > SILENT_MS;
  return silent && row.status !== 'STOPPED' ? 'LOST' : (row.status as WorkerStatus);
}

export type Dependency = { id: string; job: JobRow | null };
export type ShownStep = StepState & { attemptCount: number; startedAt: number | null; finishedAt: number | null };

/** A job's steps, with what only its attempts tell of them. */
export function stepsOf(row: JobRow, attempts: readonly AttemptRow[]): ShownStep[] {
  const steps = JSON.parse(row.steps) as StepState[];
  return steps.map((step) => {
    const own = attempts.filter((attempt) => attempt.step === step.name);
    const open = own.some(({ finished_at }) => finished_at === null) && !isFinal(row.status as JobStatus);
    return {
      ...step,
      status: open && step.status === 'PENDING' ? 'RUNNING' : step.status,
      attemptCount: own.length,
      startedAt: own[0]?.started_at ?? null,
      finishedAt: open || step.status === 'PENDING' ? null : (own.at(-1)?.finished_at ?? null),
    };
  });
}

type Counts = Record<JobStatus, number>;
const count = (status: JobStatus) => (counts: unknown) => (counts as Counts)[status];

/** JobCounts from what the journal counts by status. */
export const totalOf = {
  waiting: count('WAITING'),
  scheduled: count('SCHEDULED'),
  held: count('HELD'),
  queued: count('QUEUED'),
  running: count('RUNNING'),
  rollingBack: count('ROLLING_BACK'),
  succeeded: count('SUCCEEDED'),
  failed: count('FAILED'),
  aborted: count('ABORTED'),
  total: (counts: unknown) => Object.values(counts as Counts).reduce((sum, some) => sum + some, 0),
};
