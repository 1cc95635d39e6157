import { type EventRow, hasFirstEvent, lastEventSeq, readEvents } from '../../journal/read-events.ts';
import { endable, type Wake } from '../wake.ts';
import { CHUNK, type Source } from './source.ts';

/** What happens to one job, or to all, in order: from the cursor on, and told where something in between is no longer there. */
export function followEvents(source: Source, jobId: string | undefined, after: string | null | undefined) {
  const from = source.seqOf(after);
  return endable(
    source.wake((events) => events.some((event) => jobId === undefined || event.job_id === jobId)),
    (wake) => batches(source, jobId, from, wake),
  );
}

async function* batches(source: Source, jobId: string | undefined, from: number | undefined, wake: Wake) {
  let isAnew = source.whetherReplaced();
  let seq = from ?? (jobId === undefined ? await source.read(lastEventSeq) : 0);
  // Without a cursor a job's feed is from its first event on, if that is kept.
  const fromFirst = from === undefined && jobId !== undefined;
  let gap = fromFirst && !(await source.read((db) => hasFirstEvent(db, jobId)));
  // At once, with or without events: from here on the client has a cursor to come back with.
  let first = true;
  do {
    let events: EventRow[];
    do {
      events = await source.read((db) => readEvents(db, { jobId, after: seq, limit: CHUNK }));
      // Asked afterwards, for what is pruned while we read is missing as well.
      if (isAnew() || !((first && fromFirst) || (await source.isKept(seq)))) {
        isAnew = source.whetherReplaced();
        events = [];
        seq = await source.read(lastEventSeq);
        gap = true;
      }
      seq = events.at(-1)?.seq ?? seq;
      if (first || gap || events.length > 0) yield { jobEvents: { events, cursor: source.cursor(seq), gap } };
      first = false;
      gap = false;
    } while (events.length === CHUNK);
  } while (await wake.next());
}
