import { isFinal, type JobStatus } from '../../job/status.ts';
import { type LogLineRow, readLog } from '../../journal/read-events.ts';
import { readJobsById } from '../../journal/read-jobs.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { endable, type Wake } from '../wake.ts';
import { CHUNK, type Source } from './source.ts';

/** A job's lines from the cursor on, of one attempt or of all, until it is final. */
export function followLog(source: Source, jobId: string, attempt: number | null | undefined, after: string | null | undefined) {
  const from = Number(decodeCursor('log', after)?.[0] ?? 0);
  return endable(source.wake(), (wake) => batches(source, jobId, attempt, from, wake));
}

async function* batches(source: Source, jobId: string, attempt: number | null | undefined, from: number, wake: Wake) {
  let seq = from;
  let isAnew = source.whetherReplaced();
  do {
    // Asked before the lines are read: a final job has none to come.
    const [job] = await source.read((db) => readJobsById(db, [jobId]));
    let lines: LogLineRow[];
    do {
      lines = await source.read((db) => readLog(db, { jobId, attempt, after: seq, limit: CHUNK, counts: true }));
      seq = lines.at(-1)?.seq ?? seq;
      if (lines.length > 0) yield { jobLog: batchOf(lines) };
    } while (lines.length === CHUNK);
    // A journal that was made anew has it again in a moment.
    if (!job && isAnew()) continue;
    if (!job || isFinal(job.status as JobStatus)) return;
    isAnew = source.whetherReplaced();
  } while (await wake.next());
}

function batchOf(rows: LogLineRow[]) {
  return {
    lines: rows.filter(({ stream }) => stream !== 'DROPPED'),
    cursor: encodeCursor('log', rows.at(-1)!.seq),
    dropped: rows.reduce((sum, { dropped }) => sum + dropped, 0),
  };
}
