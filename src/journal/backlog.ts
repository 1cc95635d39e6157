import type { Entry } from './entries.ts';

export type Told = { entry: Entry; done: (() => void) | undefined };

/**
 * What a process has to tell and its journal has not taken yet, in order. It is bounded, however long the journal is locked,
 * full or gone:
 *
 * - Log lines and samples of usage wait as long as there are few bytes of them; more are left out, and the lines' count is told in
 *   their place.
 * - Of a worker's state and of an attempt's progress only the newest waits.
 * - All else is kept in preference to these, and has a bound of its own: what is beyond it the reconciler tells again, as far
 *   as Temporal knows it.
 */
export class Backlog {
  readonly #onLeftOut: (entry: Entry) => void;
  readonly #bounds: Bounds;
  #waiting: Waiting[] = [];
  #lineBytes = 0;
  #recordBytes = 0;
  /** By what it is the state of. */
  readonly #newest = new Map<string, Waiting>();
  /** Lines that were left out, by attempt. */
  readonly #dropped = new Map<string, { jobId: string; number: number; lines: number }>();

  constructor(onLeftOut: (entry: Entry) => void, bounds: Bounds = BOUNDS) {
    this.#onLeftOut = onLeftOut;
    this.#bounds = bounds;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** `done` is called when it was taken in, or left out. */
  put(entry: Entry, done?: () => void): void {
    const key = done ? undefined : stateOf(entry);
    const before = key === undefined ? undefined : this.#newest.get(key);
    if (before) {
      before.entry = entry;
      return;
    }
    const waiting: Waiting = { entry, done, bytes: bytesOf(entry), key };
    if (isLeftOutFirst(entry)) {
      if (this.#lineBytes + waiting.bytes > this.#bounds.lineBytes) return this.#drop(entry, done);
      this.#lineBytes += waiting.bytes;
    } else {
      if (this.#recordBytes + waiting.bytes > this.#bounds.recordBytes) {
        this.#onLeftOut(entry);
        return done?.();
      }
      this.#recordBytes += waiting.bytes;
    }
    if (key !== undefined) this.#newest.set(key, waiting);
    this.#waiting.push(waiting);
  }

  /** The oldest, at most so many. */
  take(most: number): Told[] {
    const taken = this.#waiting.splice(0, most);
    for (const { entry, bytes, key } of taken) {
      if (isLeftOutFirst(entry)) this.#lineBytes -= bytes;
      else this.#recordBytes -= bytes;
      if (key !== undefined) this.#newest.delete(key);
    }
    // After the lines that were kept before them.
    if (this.#lineBytes > 0 || this.#dropped.size === 0) return taken;
    const counts = Array.from(this.#dropped.values(), ({ jobId, number, lines }): Told => {
      const line = { at: Date.now(), stream: 'DROPPED' as const, text: '', dropped: lines };
      return { entry: { kind: 'log', jobId, number, lines: [line] }, done: undefined };
    });
    this.#dropped.clear();
    return [...taken, ...counts];
  }

  #drop(entry: Entry, done: (() => void) | undefined): void {
    if (entry.kind === 'log') {
      const { jobId, number, lines } = entry;
      const key = `${jobId}/${number}`;
      const before = this.#dropped.get(key)?.lines ?? 0;
      const count = lines.reduce((sum, line) => sum + line.dropped + (line.stream === 'DROPPED' ? 0 : 1), before);
      this.#dropped.set(key, { jobId, number, lines: count });
    }
    done?.();
  }
}

type Waiting = Told & { bytes: number; key: string | undefined };
type Bounds = { lineBytes: number; recordBytes: number };

/** What is kept for a while only, and nothing else needs. */
const isLeftOutFirst = ({ kind }: Entry): boolean => kind === 'log' || kind === 'usage';

/** What an entry tells the state of, where the next one of its kind makes it worthless. */
function stateOf(entry: Entry): string | undefined {
  if (entry.kind === 'worker') return `worker ${entry.worker.id}`;
  if (entry.kind === 'progress') return `progress ${entry.jobId}/${entry.number}`;
  return undefined;
}

/** About what it takes in memory. */
function bytesOf(entry: Entry): number {
  if (entry.kind !== 'log') return OBJECT_BYTES + 2 * JSON.stringify(entry).length;
  return entry.lines.reduce((sum, { text }) => sum + OBJECT_BYTES + text.length, OBJECT_BYTES);
}

const OBJECT_BYTES = 200;
const BOUNDS: Bounds = { lineBytes: 16 * 2 ** 20, recordBytes: 128 * 2 ** 20 };
