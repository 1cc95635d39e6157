import type { WorkerState } from '../journal/entries.ts';
import type { JournalWriter } from '../journal/writer.ts';
import type { WorkerIdentity } from './identity.ts';
import type { Meter } from './meter.ts';
import type { RunnerPool } from './runner-pool.ts';

type Options = {
  writer: JournalWriter;
  identity: WorkerIdentity;
  pool: RunnerPool;
  meter: Meter;
  slots: number;
  poolName: string;
  drainMs: number;
};

/** Keeps the worker's row in the journal true: who it is, what it does, what it uses. Who is silent for 10 s counts as lost. */
export class SignsOfLife {
  readonly #options: Options;
  readonly #startedAt = Math.round(performance.timeOrigin);
  #status: WorkerState['status'] = 'RUNNING';
  #drainsUntil: number | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  start(): void {
    this.#options.writer.tell(this.#entry());
    this.#timer = setInterval(() => this.#options.writer.tell(this.#entry()), EVERY_MS);
  }

  draining(): void {
    this.#status = 'DRAINING';
    const until = Date.now() + this.#options.drainMs;
    this.#drainsUntil = Number.isFinite(until) ? until : null;
    this.#options.writer.tell(this.#entry());
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#status = 'STOPPED';
    this.#drainsUntil = null;
    this.#options.writer.tell(this.#entry());
  }

  #entry(): { kind: 'worker'; worker: WorkerState } {
    const { identity, pool, meter, slots, poolName } = this.#options;
    const at = Date.now();
    return {
      kind: 'worker',
      worker: {
        id: identity.id,
        host: identity.host,
        pool: poolName,
        pid: process.pid,
        slots,
        busy: pool.busy,
        status: this.#status,
        jobTypes: pool.types.map(({ name }) => name),
        problems: pool.problems,
        startedAt: this.#startedAt,
        at,
        drainsUntil: this.#drainsUntil,
        ...meter.usage(),
      },
    };
  }
}

const EVERY_MS = 2_000;
