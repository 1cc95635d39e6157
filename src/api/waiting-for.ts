import { type GatePolicy, queueOfGate } from '../job/gate.ts';
import type { JobOptions } from '../job/spec.ts';
import { isFinal, type JobStatus } from '../job/status.ts';
import type { Journal } from '../journal/journal.ts';
import { type JobRow, placeInLine } from '../journal/read-jobs.ts';
import { readPolicy } from '../journal/read-queues.ts';
import { readWorkers } from '../journal/read-workers.ts';
import { fromJournal } from './errors.ts';
import type { Loaders } from './loaders.ts';
import { workerStatus } from './present.ts';
import type { WaitingKind } from './schema.gen.ts';

export type Wait = {
  kind: WaitingKind;
  message: string;
  jobIds: string[];
  until: number | null;
  key: string | null;
  placeInLine: number | null;
};

/** Why a job, or its undo, does not run, and what would make it run; null where it runs or is final. */
export async function waitingFor(row: JobRow, journal: Journal, loaders: Loaders): Promise<Wait | null> {
  const because = (kind: WaitingKind, message: string, more: Partial<Wait> = {}): Wait => ({
    kind,
    message,
    jobIds: [],
    until: null,
    key: null,
    placeInLine: null,
    ...more,
  });
  const until = row.starts_at === null ? 'a time' : new Date(row.starts_at).toISOString();
  switch (row.status as JobStatus) {
    case 'HELD':
      return because('HOLD', 'on hold: releaseJob or forceStartJob lets it go on');
    case 'WAITING': {
      const jobIds = await openDependencies(row, loaders);
      return because(
        'DEPENDENCIES',
        `waits for ${jobIds.length} job${jobIds.length === 1 ? '' : 's'} to end: ${jobIds.slice(0, 10).join(', ')}`,
        {
          jobIds: jobIds.slice(0, MAX_IDS),
        },
      );
    }
    case 'SCHEDULED':
      return row.attempts_ended === 0 || (JSON.parse(row.options) as JobOptions).startAt === row.starts_at
        ? because('START_TIME', `starts at ${until}; forceStartJob starts it now`, { until: row.starts_at })
        : because('BACKOFF', `its next try comes at ${until}; forceStartJob tries now`, { until: row.starts_at });
    case 'QUEUED':
      return because(...(await lineOf(row, journal)));
    case 'ROLLING_BACK':
      if (row.last_started > row.attempts_ended) return null;
      // In no band: not in line, nor at a gate.
      return row.band === null
        ? because('BACKOFF', `the next try of its undo comes at ${until}`, { until: row.starts_at })
        : because(...(await lineOf(row, journal)));
    default:
      return null;
  }
}

async function lineOf(row: JobRow, journal: Journal): Promise<[WaitingKind, string, Partial<Wait>]> {
  const { gate, queue, pool, type, band } = row;
  const isUndo = row.status === 'ROLLING_BACK';
  if (gate !== null && queueOfGate(gate) === undefined)
    return [
      'CONCURRENCY_KEY',
      `waits for its turn at ${gate}, in band ${band}: it comes when one that is in ends${isUndo ? '' : '; forceStartJob with ignoreConcurrency goes past'}`,
      { key: gate },
    ];
  const policy = row.forced === 1 || isUndo ? undefined : await fromJournal(() => readPolicy(journal.db, queue));
  if (policy?.paused) return ['QUEUE_PAUSED', `the queue "${queue}" is paused; resumeQueue or forceStartJob lets it go on`, { key: queue }];
  if (gate !== null) return ['QUEUE_LIMIT', limitOf(queue, policy), { key: queue }];
  const [workers, place] = await fromJournal(() => Promise.all([readWorkers(journal.db, { pool }), placeInLine(journal.db, row)]));
  const able = workers.filter((worker) => workerStatus(worker) === 'RUNNING' && (JSON.parse(worker.job_types) as string[]).includes(type));
  if (able.length === 0)
    return ['NO_WORKER', `no worker of the pool "${pool}" that has the type "${type}" is there: start one`, { placeInLine: place }];
  return [
    'LINE',
    `number ${place} in the line of the pool "${pool}", in band ${band}: it starts when a worker has a slot for it; ${forward(row)}`,
    { placeInLine: place },
  ];
}

function forward({ status, forced }: JobRow): string {
  if (status === 'ROLLING_BACK') return 'undos go before all others';
  return forced === 1 ? 'it has been forced already' : 'setJobPriority or forceStartJob moves it forward';
}

/** Where the limit was lifted, or the job was forced, a moment ago its gate has not let it in yet. */
const limitOf = (queue: string, policy: GatePolicy | undefined): string =>
  typeof policy?.limit === 'number'
    ? `the queue "${queue}" has as many running as its limit of ${policy.limit} allows: it goes on when one of them ends; setQueueLimit or forceStartJob lets it go on now`
    : `the queue "${queue}" does not hold it any more: it gets in line in a moment`;

async function openDependencies(row: JobRow, loaders: Loaders): Promise<string[]> {
  const ids = await loaders.dependencies.load(row.id);
  const jobs = await Promise.all(ids.map((id) => loaders.job.load(id)));
  // Also one that the journal has not got, or not any more: the job waits for it as long as it has not been told.
  return ids.filter((_, index) => !jobs[index] || !isFinal(jobs[index].status as JobStatus));
}

const MAX_IDS = 100;
