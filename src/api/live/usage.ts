import { isFinal, type JobStatus } from '../../job/status.ts';
import { readJobsById } from '../../journal/read-jobs.ts';
import { readJobUsage, type UsageRow } from '../../journal/read-usage.ts';
import { endable, type Wake } from '../wake.ts';
import { CHUNK, type Source } from './source.ts';

/** A job's samples from now on, whatever attempt they are of, until it is final. */
export function followUsage(source: Source, jobId: string): AsyncGenerator<UsageRow> {
  return endable(source.wake(), (wake) => samplesOf(source, jobId, wake));
}

async function* samplesOf(source: Source, jobId: string, wake: Wake): AsyncGenerator<UsageRow> {
  let last: Pick<UsageRow, 'attempt' | 'at'> | undefined;
  do {
    // Asked before the samples are read: a final job has none to come.
    const [job] = await source.read((db) => readJobsById(db, [jobId]));
    if (!job) return;
    // What has been before is read by Attempt.usage.
    last ??= { attempt: job.last_started, at: Date.now() - FRESH_SAMPLE_MS };
    let samples: UsageRow[];
    do {
      samples = await source.read((db) => readJobUsage(db, { jobId, after: last!, limit: CHUNK }));
      last = samples.at(-1) ?? last;
      yield* samples;
    } while (samples.length === CHUNK);
    if (isFinal(job.status as JobStatus)) return;
  } while (await wake.next());
}

/** The sample that there is when somebody asks: one is taken every second. */
const FRESH_SAMPLE_MS = 1_200;
