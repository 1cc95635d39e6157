import type { LoggedLine } from '../journal/entries.ts';

/** What is kept of an attempt's output; more is counted and left out. */
export type LogCaps = { linesPerSecond: number; bytes: number };

/** The output of one attempt, of both its streams: keeps what the caps allow and says how much it has left out. */
export class AttemptLog {
  readonly #caps: LogCaps;
  readonly #keep: (line: LoggedLine) => void;
  #bytes = 0;
  #second = 0;
  #inSecond = 0;
  #isFull = false;
  #dropped = 0;
  #droppedSince = 0;

  constructor(caps: LogCaps, keep: (line: LoggedLine) => void) {
    this.#caps = caps;
    this.#keep = keep;
  }

  /** Whether a line is kept now. Where not, it is cheaper to count what comes than to make lines of it. */
  hasRoom(at: number): boolean {
    const second = Math.floor(at / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#inSecond = 0;
    }
    return !this.#isFull && this.#inSecond < this.#caps.linesPerSecond;
  }

  /** Keeps a line, without its end, or counts it. */
  add(at: number, stream: 'STDOUT' | 'STDERR', line: Buffer): void {
    if (!this.hasRoom(at)) return this.drop(1, at);
    this.#bytes += line.length + 1;
    // For good: what comes later and is shorter would stand there as if nothing were missing before it.
    this.#isFull = this.#bytes > this.#caps.bytes;
    if (this.#isFull) return this.drop(1, at);
    this.#inSecond += 1;
    // No database keeps a NUL in a text.
    this.#keep({ at, stream, text: line.toString('utf8').replaceAll('\u0000', '\uFFFD'), dropped: this.#dropped });
    this.#dropped = 0;
  }

  drop(lines: number, at: number): void {
    if (lines === 0) return;
    if (this.#dropped === 0) this.#droppedSince = at;
    this.#dropped += lines;
    if (at - this.#droppedSince >= TELL_MS) this.#tellDropped(at);
  }

  /** No line may come to carry the count. */
  end(): void {
    if (this.#dropped > 0) this.#tellDropped(Date.now());
  }

  #tellDropped(at: number): void {
    this.#keep({ at, stream: 'DROPPED', text: '', dropped: this.#dropped });
    this.#dropped = 0;
  }
}

/** How long a count may wait for a line to go with: lines come again in the next second, unless the log is full. */
const TELL_MS = 5_000;
