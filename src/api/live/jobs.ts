import { lastEventSeq, readEvents } from '../../journal/read-events.ts';
import type { JobFilter } from '../../journal/job-filter.ts';
import { type JobRow, readJobs } from '../../journal/read-jobs.ts';
import { pageSize } from '../cursor.ts';
import { endable, type Wake } from '../wake.ts';
import { ChangedJobs } from './changed-jobs.ts';
import { CHUNK, type Source } from './source.ts';

type Asked = { filter: JobFilter; limit: number; from: number | undefined };

/** The jobs that match: the newest `first` of them, or with a cursor what has changed since; then what changes. */
export function followJobs(source: Source, filter: JobFilter, first: number, after: string | null | undefined) {
  const asked: Asked = { filter, limit: pageSize(first), from: source.seqOf(after) };
  const unsent = new ChangedJobs();
  const wake = source.wake((events) => {
    unsent.add(events);
    return events.length > 0;
  });
  return endable(wake, () => updates(source, asked, unsent, wake));
}

async function* updates(source: Source, { filter, limit, from }: Asked, unsent: ChangedJobs, wake: Wake) {
  const update = (seq: number, isSnapshot: boolean, changed: JobRow[], removed: string[]) => ({
    jobsUpdated: { cursor: source.cursor(seq), isSnapshot, changed, removed },
  });
  const snapshot = () => source.read((db) => readJobs(db, filter, { orderBy: { field: 'CREATED_AT', direction: 'DESC' }, limit }));

  const now = await source.read(lastEventSeq);
  let sent = now;
  let isAnew = source.whetherReplaced();
  if (from !== undefined && (await source.isKept(from))) {
    sent = from;
    await addMissed(source, unsent, from, now);
  } else yield update(sent, true, await snapshot(), []);
  for (;;) {
    if (isAnew()) {
      isAnew = source.whetherReplaced();
      sent = await source.read(lastEventSeq);
      yield update(sent, true, await snapshot(), []);
    }
    while (!unsent.isEmpty) {
      const { seq } = unsent;
      const ids = unsent.take(CHUNK);
      const changed = await readMatching(source, filter, ids);
      const matching = new Set(changed.map(({ id }) => id));
      const removed = ids.filter((id) => !matching.has(id));
      // The cursor must not pass what is still to be sent.
      if (unsent.isEmpty) sent = Math.max(sent, seq);
      yield update(sent, false, changed, removed);
    }
    if (!(await wake.next())) return;
  }
}

/** What has changed since the client was here. */
async function addMissed(source: Source, unsent: ChangedJobs, from: number, until: number): Promise<void> {
  for (let at = from; at < until;) {
    const events = await source.read((db) => readEvents(db, { after: at, limit: CHUNK }));
    unsent.add(events);
    at = events.at(-1)?.seq ?? until;
  }
}

function readMatching(source: Source, filter: JobFilter, ids: string[]): Promise<JobRow[]> {
  const wanted = filter.ids ? ids.filter((id) => filter.ids?.includes(id)) : ids;
  const oldestFirst = { field: 'CREATED_AT', direction: 'ASC' } as const;
  return source.read((db) => readJobs(db, { ...filter, ids: wanted }, { orderBy: oldestFirst, limit: CHUNK }));
}
