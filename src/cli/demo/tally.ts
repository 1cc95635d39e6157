import type { JobEventKind, JobStatus } from '../../job/status.ts';

/** A job as the demo follows it. `name` is what people read: its type, and its number among those of the type. */
export type DemoRow = {
  id: string;
  name: string;
  queue: string;
  status: JobStatus | undefined;
  progress: number | undefined;
  tries: Try[];
};

/** One attempt, by the worker's clock. */
export type Try = { pid: number; startedAt: number; endedAt?: number; outcome?: string; error?: string };

/** `jobEvents { events }`, as far as the demo asks for it. */
export type FeedEvent = { jobId: string; kind: JobEventKind; status: JobStatus; version: number; at: string; detail: Detail | null };
type Detail = { attempt?: number; pid?: number; outcome?: string; error?: string; progress?: number; startsAt?: string; message?: string };

/** What became of the demo's jobs so far, made of the feed alone. */
export class Tally {
  readonly rows: ReadonlyMap<string, DemoRow>;
  #version = 0;

  constructor(jobs: readonly { id: string; type: string; queue: string }[]) {
    const seen = new Map<string, number>();
    this.rows = new Map(
      jobs.map(({ id, type, queue }) => {
        const number = (seen.get(type) ?? 0) + 1;
        seen.set(type, number);
        return [id, { id, name: `${type} ${number}`, queue, status: undefined, progress: undefined, tries: [] }];
      }),
    );
  }

  /** Answers with the event's job; undefined where it is not one of the demo's, or was counted already. */
  take({ jobId, kind, status, version, at, detail }: FeedEvent): DemoRow | undefined {
    const row = this.rows.get(jobId);
    if (!row || version <= this.#version) return undefined;
    this.#version = version;
    row.status = status;
    if (kind === 'STARTED') row.tries[(detail?.attempt ?? 1) - 1] = { pid: detail?.pid ?? 0, startedAt: Date.parse(at) };
    if (kind === 'PROGRESSED') row.progress = detail?.progress;
    if (kind === 'ATTEMPT_ENDED') {
      row.progress = undefined;
      const attempt = row.tries[(detail?.attempt ?? 1) - 1];
      if (attempt) Object.assign(attempt, { endedAt: Date.parse(at), outcome: detail?.outcome, error: detail?.error });
    }
    return row;
  }

  count(...statuses: JobStatus[]): number {
    return Array.from(this.rows.values()).filter(({ status }) => status !== undefined && statuses.includes(status)).length;
  }

  get created(): number {
    return Array.from(this.rows.values()).filter(({ status }) => status !== undefined).length;
  }

  get ended(): number {
    return this.count('SUCCEEDED', 'FAILED', 'ABORTED');
  }

  get isOver(): boolean {
    return this.ended === this.rows.size;
  }

  /** The processes that have run attempts, in the order of their first. */
  runners(): { pid: number; now: DemoRow | undefined; tries: Try[] }[] {
    const all = Array.from(this.rows.values()).flatMap((row) => row.tries.map((attempt) => ({ row, attempt })));
    const pids = new Set(all.toSorted((a, b) => a.attempt.startedAt - b.attempt.startedAt).map(({ attempt }) => attempt.pid));
    return Array.from(pids, (pid) => {
      const own = all.filter(({ attempt }) => attempt.pid === pid);
      return { pid, now: own.find(({ attempt }) => attempt.endedAt === undefined)?.row, tries: own.map(({ attempt }) => attempt) };
    });
  }
}
