import { formatBytes } from '../job/bytes.ts';
import type { Limits } from '../job/spec.ts';
import type { AttemptSample } from '../journal/entries.ts';
import type { TreeMeter } from './tree-meter.ts';

/** The attempt that is measured. */
export type Follow = { jobId: string; number: number; limits: Limits };

/** A limit that an attempt has passed, with the figure it had reached. `signal`: it has ended itself by that. */
export type Exceeded = { kind: 'exceeded'; code: 'MEMORY_LIMIT' | 'CPU_LIMIT'; message: string; signal?: NodeJS.Signals };

/** Of a whole attempt: the highest memory that was seen, and its CPU time. */
export type Used = { peakMemoryBytes: number; cpuSeconds: number };

/** Measures one attempt in a tree that may have served others before, and says when it passes a limit. */
export class Gauge {
  readonly #tree: TreeMeter;
  readonly #follow: Follow;
  readonly #onStop: () => void;
  readonly #exceeded = Promise.withResolvers<Exceeded>();
  readonly #began: Reading;
  #sampled: Reading;
  /** Back to the one before the window of cpuPercent, where that is limited. */
  readonly #window: Reading[];
  #peakMemoryBytes = 0;

  constructor(tree: TreeMeter, follow: Follow, onStop: () => void) {
    this.#tree = tree;
    this.#follow = follow;
    this.#onStop = onStop;
    tree.read();
    this.#began = this.#sampled = this.#read();
    this.#window = [this.#began];
  }

  /** Resolves when it has passed a limit: it is to be killed. */
  get exceeded(): Promise<Exceeded> {
    return this.#exceeded.promise;
  }

  /** The tree has just been read. @returns a sample where one is due. */
  sample(): AttemptSample | undefined {
    // It has ended, and nobody has told us yet; or there is no /proc.
    if (this.#tree.memoryBytes === 0) return undefined;
    const now = this.#read();
    const exceeded = this.#check(now);
    if (exceeded) this.#exceeded.resolve(exceeded);
    const before = this.#sampled;
    if (now.at - before.at < KEEP_MS) return undefined;
    this.#sampled = now;
    const { jobId, number } = this.#follow;
    const { memoryBytes } = this.#tree;
    return { jobId, number, at: Date.now(), memoryBytes, cpuPercent: percentBetween(before, now), cpuSeconds: this.#secondsAt(now) };
  }

  /** Reads it between two samples: what has used more is about to be killed, and tells nothing any more after that. */
  note(): void {
    this.#tree.read();
    this.#read();
  }

  /** Ends it. Undefined where nothing could be measured. */
  stop(): Used | undefined {
    this.#onStop();
    this.#tree.read();
    const now = this.#read();
    return this.#peakMemoryBytes > 0 ? { peakMemoryBytes: this.#peakMemoryBytes, cpuSeconds: this.#secondsAt(now) } : undefined;
  }

  #read(): Reading {
    this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, this.#tree.memoryBytes);
    return { at: performance.now(), cpuMs: this.#tree.cpuMs };
  }

  #secondsAt({ cpuMs }: Reading): number {
    return (cpuMs - this.#began.cpuMs) / 1_000;
  }

  #check(now: Reading): Exceeded | undefined {
    const { memoryBytes, cpuSeconds, cpuPercent } = this.#follow.limits;
    if (memoryBytes !== null && this.#tree.memoryBytes > memoryBytes)
      return {
        kind: 'exceeded',
        code: 'MEMORY_LIMIT',
        message: `used ${formatBytes(this.#tree.memoryBytes)} of memory and was killed: its limit is ${formatBytes(memoryBytes)}`,
      };
    if (cpuSeconds !== null && this.#secondsAt(now) > cpuSeconds)
      return {
        kind: 'exceeded',
        code: 'CPU_LIMIT',
        message: `used ${this.#secondsAt(now)} s of CPU time and was killed: its limit is ${cpuSeconds} s`,
      };
    if (cpuPercent === null) return undefined;
    this.#window.push(now);
    while (now.at - this.#window[1]!.at >= CPU_WINDOW_MS) this.#window.shift();
    const first = this.#window[0]!;
    if (now.at - first.at < CPU_WINDOW_MS) return undefined;
    const used = percentBetween(first, now);
    if (used <= cpuPercent) return undefined;
    return {
      kind: 'exceeded',
      code: 'CPU_LIMIT',
      message: `used ${used} % of a core over ${CPU_WINDOW_MS / 1_000} s and was killed: its limit is ${cpuPercent} %`,
    };
  }
}

type Reading = { at: number; cpuMs: number };

const percentBetween = (from: Reading, to: Reading): number => Math.round((1_000 * (to.cpuMs - from.cpuMs)) / (to.at - from.at)) / 10;

/** One that is over its cpuPercent for a moment is not killed for it. */
export const CPU_WINDOW_MS = 5_000;
/** A sample a second, and not every other one a look later. */
const KEEP_MS = 950;
