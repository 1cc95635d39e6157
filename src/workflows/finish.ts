import { upsertSearchAttributes } from '@temporalio/workflow';
import type { Json } from '../index.ts';
import type { EventNote, JobError } from '../job/spec.ts';
import type { AttemptOutcome } from '../job/status.ts';
import type { BadJobEnd, JobLife } from './job-life.ts';
import { searchAttributes } from './search-attributes.ts';

export type JobEnd = { status: 'SUCCEEDED'; result: Json } | BadJobEnd;
/** An attempt's end, as the job's record tells it. */
export type EndedAttempt = { number: number; outcome: AttemptOutcome; error?: JobError };

/** Tells the job's end. */
export function finish(job: JobLife, end: JobEnd, ended?: EndedAttempt, events: EventNote[] = []): JobEnd {
  const finishedAt = Date.now();
  const { status, ...rest } = end;
  job.startsAt = undefined;
  job.status = status;
  upsertSearchAttributes([{ key: searchAttributes.status, value: status }]);
  const detail = end.status === 'SUCCEEDED' ? {} : { reason: end.reason.code, message: end.reason.message };
  job.tell([...events, { kind: 'FINISHED', detail }], { ...rest, ...(ended ? { ended } : {}), finishedAt });
  return end;
}
