import DataLoader from 'dataloader';
import type { Journal } from '../journal/journal.ts';
import {
  readDependencies,
  readJobsById,
  readLastAttempts,
  readRunningAttempts,
  type AttemptRow,
  type JobRow,
} from '../journal/read-jobs.ts';
import { readWorkers, type WorkerRow } from '../journal/read-workers.ts';
import { fromJournal } from './errors.ts';

export type Loaders = ReturnType<typeof makeLoaders>;

/** Reads of one request, gathered: a page of jobs with their last attempts is two queries. */
export const makeLoaders = ({ db }: Journal) => ({
  job: new DataLoader<string, JobRow | undefined>((ids) => fromJournal(() => readJobsById(db, ids)), FRESH),
  lastAttempt: new DataLoader<string, AttemptRow | undefined>(async (jobIds) => {
    const rows = new Map((await fromJournal(() => readLastAttempts(db, jobIds))).map((row) => [row.job_id, row]));
    return jobIds.map((id) => rows.get(id));
  }, FRESH),
  dependencies: new DataLoader<string, string[]>(async (jobIds) => {
    const rows = Map.groupBy(await fromJournal(() => readDependencies(db, jobIds)), (row) => row.job_id);
    return jobIds.map((id) => rows.get(id)?.map(({ depends_on }) => depends_on) ?? []);
  }, FRESH),
  worker: new DataLoader<string, WorkerRow | undefined>(async (ids) => {
    const rows = new Map((await fromJournal(() => readWorkers(db, { ids }))).map((row) => [row.id, row]));
    return ids.map((id) => rows.get(id));
  }, FRESH),
  runningAttempts: new DataLoader<string, AttemptRow[]>(async (workerIds) => {
    const rows = Map.groupBy(await fromJournal(() => readRunningAttempts(db, workerIds)), (row) => row.worker_id);
    return workerIds.map((id) => rows.get(id) ?? []);
  }, FRESH),
});

/** They gather and do not keep: a subscription lives on the same loaders for hours. */
const FRESH = { cache: false };
