import { isFinal, type JobStatus } from '../job/status.ts';
import type { Journal } from '../journal/journal.ts';
import { hasFirstEvent, isKeptSince, lastEventSeq, readEvents, readLog, type EventRow, type LogLineRow } from '../journal/read-events.ts';
import { type BulkRow, readBulk } from '../journal/read-bulk.ts';
import { countJobs, readJobs, readJobsById, readRunningAttempts, type JobFilter, type JobRow } from '../journal/read-jobs.ts';
import { readJobUsage, type UsageRow } from '../journal/read-usage.ts';
import { readWorkers, type WorkerRow } from '../journal/read-workers.ts';
import { decodeCursor, encodeCursor, pageSize } from './cursor.ts';
import { fromJournal } from './errors.ts';
import { workerStatus } from './present.ts';
import { endable, Wake } from './wake.ts';

type Events = EventRow[];
/** The jobs that have changed and were not sent yet, and how far in the feed that is known. */
type Heard = { ids: Set<string>; seq: number };

/**
 * The live feed. Every subscription is a generator that reads the journal from its own place when it is woken, so a slow
 * client costs no memory: what it has not read yet stands in the journal.
 */
export class Live {
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Woken when the journal has changed and `concerns` holds for its new events. */
  wake(concerns: (events: Events) => boolean = () => true): Wake {
    return new Wake((wake) => this.#journal.tail.listen((events) => concerns(events) && wake()));
  }

  job(id: string): AsyncGenerator<JobRow | null> {
    return endable(
      this.wake((events) => events.some((event) => event.job_id === id)),
      (wake) => this.#job(id, wake),
    );
  }

  async *#job(id: string, wake: Wake): AsyncGenerator<JobRow | null> {
    let seen = -1;
    let isAnew = this.#whetherReplaced();
    do {
      const [row] = await this.#read((db) => readJobsById(db, [id]));
      // A journal that was made anew has it again in a moment.
      if (!row && seen >= 0 && isAnew()) continue;
      if (!row) return yield null;
      isAnew = this.#whetherReplaced();
      if (row.version !== seen) yield row;
      seen = row.version;
      if (isFinal(row.status as JobStatus)) return;
    } while (await wake.next());
  }

  jobs(filter: JobFilter, first: number, after: string | null | undefined) {
    const limit = pageSize(first);
    const from = this.#seqOf(after);
    const heard: Heard = { ids: new Set(), seq: 0 };
    const wake = this.wake((events) => {
      hear(heard, events);
      return events.length > 0;
    });
    return endable(wake, () => this.#jobs(filter, limit, from, heard, wake));
  }

  async *#jobs(filter: JobFilter, limit: number, from: number | undefined, heard: Heard, wake: Wake) {
    const now = await this.#read(lastEventSeq);
    let sent = now;
    let isAnew = this.#whetherReplaced();
    const snapshot = async () => {
      const changed = await this.#read((db) => readJobs(db, filter, { orderBy: { field: 'CREATED_AT', direction: 'DESC' }, limit }));
      return this.#update(sent, true, changed, []);
    };
    if (from !== undefined && (await this.#isKept(from))) {
      sent = from;
      for (let at = from; at < now;) {
        const events = await this.#read((db) => readEvents(db, { after: at, limit: CHUNK }));
        hear(heard, events);
        at = events.at(-1)?.seq ?? now;
      }
    } else yield await snapshot();
    for (;;) {
      if (isAnew()) {
        isAnew = this.#whetherReplaced();
        sent = await this.#read(lastEventSeq);
        yield await snapshot();
      }
      while (heard.ids.size > 0) {
        const { seq } = heard;
        const ids = Array.from(heard.ids).slice(0, CHUNK);
        for (const id of ids) heard.ids.delete(id);
        const wanted = filter.ids ? ids.filter((id) => filter.ids?.includes(id)) : ids;
        const changed = await this.#read((db) =>
          readJobs(db, { ...filter, ids: wanted }, { orderBy: { field: 'CREATED_AT', direction: 'ASC' }, limit: CHUNK }),
        );
        const matching = new Set(changed.map(({ id }) => id));
        // The cursor must not pass what is still to be sent.
        if (heard.ids.size === 0) sent = Math.max(sent, seq);
        yield this.#update(
          sent,
          false,
          changed,
          ids.filter((id) => !matching.has(id)),
        );
      }
      if (!(await wake.next())) return;
    }
  }

  #update(seq: number, isSnapshot: boolean, changed: JobRow[], removed: string[]) {
    return { jobsUpdated: { cursor: this.#cursor(seq), isSnapshot, changed, removed } };
  }

  events(jobId: string | undefined, after: string | null | undefined) {
    const from = this.#seqOf(after);
    return endable(
      this.wake((events) => events.some((event) => jobId === undefined || event.job_id === jobId)),
      (wake) => this.#events(jobId, from, wake),
    );
  }

  async *#events(jobId: string | undefined, from: number | undefined, wake: Wake) {
    let isAnew = this.#whetherReplaced();
    let seq = from ?? (jobId === undefined ? await this.#read(lastEventSeq) : 0);
    // Without a cursor a job's feed is from its first event on, if that is kept.
    const fromFirst = from === undefined && jobId !== undefined;
    let gap = fromFirst && !(await this.#read((db) => hasFirstEvent(db, jobId)));
    // At once, with or without events: from here on the client has a cursor to come back with.
    let first = true;
    do {
      let events: Events;
      do {
        events = await this.#read((db) => readEvents(db, { jobId, after: seq, limit: CHUNK }));
        // Asked afterwards, for what is pruned while we read is missing as well.
        if (isAnew() || !((first && fromFirst) || (await this.#isKept(seq)))) {
          isAnew = this.#whetherReplaced();
          events = [];
          seq = await this.#read(lastEventSeq);
          gap = true;
        }
        seq = events.at(-1)?.seq ?? seq;
        if (first || gap || events.length > 0) yield { jobEvents: { events, cursor: this.#cursor(seq), gap } };
        first = false;
        gap = false;
      } while (events.length === CHUNK);
    } while (await wake.next());
  }

  log(jobId: string, attempt: number | null | undefined, after: string | null | undefined) {
    const from = Number(decodeCursor('log', after)?.[0] ?? 0);
    return endable(this.wake(), (wake) => this.#log(jobId, attempt, from, wake));
  }

  async *#log(jobId: string, attempt: number | null | undefined, from: number, wake: Wake) {
    let seq = from;
    let isAnew = this.#whetherReplaced();
    do {
      // Asked before the lines are read: a final job has none to come.
      const [job] = await this.#read((db) => readJobsById(db, [jobId]));
      let lines: LogLineRow[];
      do {
        lines = await this.#read((db) => readLog(db, { jobId, attempt, after: seq, limit: CHUNK, counts: true }));
        seq = lines.at(-1)?.seq ?? seq;
        if (lines.length > 0) yield { jobLog: batchOf(lines) };
      } while (lines.length === CHUNK);
      // A journal that was made anew has it again in a moment.
      if (!job && isAnew()) continue;
      if (!job || isFinal(job.status as JobStatus)) return;
      isAnew = this.#whetherReplaced();
    } while (await wake.next());
  }

  usage(jobId: string): AsyncGenerator<UsageRow> {
    return endable(this.wake(), (wake) => this.#usage(jobId, wake));
  }

  async *#usage(jobId: string, wake: Wake): AsyncGenerator<UsageRow> {
    let last: Pick<UsageRow, 'attempt' | 'at'> | undefined;
    do {
      // Asked before the samples are read: a final job has none to come.
      const [job] = await this.#read((db) => readJobsById(db, [jobId]));
      if (!job) return;
      // What has been before is read by Attempt.usage.
      last ??= { attempt: job.last_started, at: Date.now() - FRESH_SAMPLE_MS };
      let samples: UsageRow[];
      do {
        samples = await this.#read((db) => readJobUsage(db, { jobId, after: last!, limit: CHUNK }));
        last = samples.at(-1) ?? last;
        yield* samples;
      } while (samples.length === CHUNK);
      if (isFinal(job.status as JobStatus)) return;
    } while (await wake.next());
  }

  workers(pool: string | null | undefined) {
    const listen = (wake: () => void): (() => void) => {
      const stop = this.#journal.tail.listen(wake);
      // A worker that was killed writes nothing: its silence has to be noticed.
      const timer = setInterval(wake, SILENCE_LOOK_MS);
      return () => {
        clearInterval(timer);
        stop();
      };
    };
    return endable(new Wake(listen), (wake) => this.#workers(pool, wake));
  }

  async *#workers(pool: string | null | undefined, wake: Wake): AsyncGenerator<{ workersUpdated: { workers: WorkerRow[] } }> {
    let seen = '';
    do {
      const workers = await this.#read((db) => readWorkers(db, { pool }));
      const running = await this.#read((db) =>
        readRunningAttempts(
          db,
          workers.map(({ id }) => id),
        ),
      );
      const now = JSON.stringify([
        workers.map((worker) => [worker, workerStatus(worker)]),
        running.map(({ job_id: job, number }) => [job, number]),
      ]);
      if (now !== seen) yield { workersUpdated: { workers } };
      seen = now;
    } while (await wake.next(AGGREGATE_PAUSE_MS));
  }

  counts(filter: JobFilter) {
    return endable(
      this.wake((events) => events.length > 0),
      (wake) => this.#counts(filter, wake),
    );
  }

  async *#counts(filter: JobFilter, wake: Wake) {
    let seen = '';
    do {
      const jobCountsUpdated = await this.#read((db) => countJobs(db, filter));
      const now = JSON.stringify(jobCountsUpdated);
      if (now !== seen) yield { jobCountsUpdated };
      seen = now;
    } while (await wake.next(AGGREGATE_PAUSE_MS));
  }

  bulk(id: string): AsyncGenerator<BulkRow | null> {
    return endable(this.wake(), (wake) => this.#bulk(id, wake));
  }

  async *#bulk(id: string, wake: Wake): AsyncGenerator<BulkRow | null> {
    let seen = '';
    do {
      const row = await this.#read((db) => readBulk(db, id));
      if (!row) return yield null;
      const now = JSON.stringify(row);
      if (now !== seen) yield row;
      seen = now;
      if (row.status !== 'RUNNING') return;
    } while (await wake.next(AGGREGATE_PAUSE_MS));
  }

  /** The seq a client comes back with; one of another journal is older than all that is kept. */
  #seqOf(cursor: string | null | undefined): number | undefined {
    const values = decodeCursor('event', cursor);
    return values && (values[0] === this.#journal.id ? Number(values[1]) : FOREIGN);
  }

  #cursor(seq: number): string {
    return encodeCursor('event', this.#journal.id, seq);
  }

  async #isKept(seq: number): Promise<boolean> {
    return seq !== FOREIGN && (await this.#read((db) => isKeptSince(db, seq)));
  }

  /** Answers whether another journal has taken the place of the one that is there now. */
  #whetherReplaced(): () => boolean {
    const { id } = this.#journal;
    return () => this.#journal.id !== id;
  }

  #read<T>(read: (db: Journal['db']) => Promise<T>): Promise<T> {
    return fromJournal(() => read(this.#journal.db));
  }
}

function batchOf(rows: LogLineRow[]) {
  return {
    lines: rows.filter(({ stream }) => stream !== 'DROPPED'),
    cursor: encodeCursor('log', rows.at(-1)!.seq),
    dropped: rows.reduce((sum, { dropped }) => sum + dropped, 0),
  };
}

function hear(heard: Heard, events: Events): void {
  for (const event of events) heard.ids.add(event.job_id);
  heard.seq = Math.max(heard.seq, events.at(-1)?.seq ?? 0);
}

const CHUNK = 500;
const FOREIGN = -1;
/** The sample that there is when somebody asks: one is taken every second. */
const FRESH_SAMPLE_MS = 1_200;
/** Counts and workers are read as a whole at every change: not more often than this. */
const AGGREGATE_PAUSE_MS = 200;
const SILENCE_LOOK_MS = 1_000;
