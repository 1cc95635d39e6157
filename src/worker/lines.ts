import { StringDecoder } from 'node:string_decoder';
import type { LoggedLine } from '../journal/entries.ts';
import { endOfOutput } from './protocol.ts';

/** What is kept of an attempt's output: more is counted and left out. */
export const LOG_CAPS = { linesPerSecond: 1_000, bytes: 20 * 2 ** 20, lineLength: 16_384 };

/** Counts an attempt's lines, of both its streams, against the caps. */
export class LogBudget {
  #bytes = 0;
  #second = 0;
  #inSecond = 0;
  dropped = 0;

  take(length: number, at: number): boolean {
    const second = Math.floor(at / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#inSecond = 0;
    }
    if (this.#inSecond >= LOG_CAPS.linesPerSecond || this.#bytes + length > LOG_CAPS.bytes) {
      this.dropped += 1;
      return false;
    }
    this.#inSecond += 1;
    this.#bytes += length;
    return true;
  }
}

/**
 * One stream of a runner as lines. Bytes that are not UTF-8 become U+FFFD, a line longer than the cap is cut into
 * several; {@link endOfOutput} ends an attempt's part.
 */
export class LineReader {
  readonly #stream: LoggedLine['stream'];
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #sink: { budget: LogBudget; keep: (line: LoggedLine) => void; mark: string; ended: () => void } | undefined;

  readonly #closed = Promise.withResolvers<void>();
  isClosed = false;

  constructor(source: NodeJS.ReadableStream, stream: LoggedLine['stream']) {
    this.#stream = stream;
    source.on('data', (chunk: Buffer) => this.#take(this.#decoder.write(chunk)));
    source.on('close', () => {
      this.isClosed = true;
      this.#end();
      this.#closed.resolve();
    });
    source.on('error', () => {});
  }

  /** Resolves when the other side has closed the stream: nothing will ever be read from it again. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Gives the lines to `keep` from now on; resolves when the attempt's output is through or the stream has closed. */
  read(number: number, budget: LogBudget, keep: (line: LoggedLine) => void): Promise<void> {
    return new Promise((resolve) => {
      if (this.isClosed) return resolve();
      this.#sink = { budget, keep, mark: endOfOutput(number), ended: resolve };
    });
  }

  #take(text: string): void {
    if (!this.#sink) return;
    this.#rest += text;
    const end = this.#rest.indexOf(this.#sink.mark);
    const through = end >= 0 ? this.#rest.slice(0, end) : this.#rest;
    const lines = through.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#keep(line);
    if (end >= 0) return this.#end();
    // A partial mark must not be cut in two.
    while (this.#rest.length > LOG_CAPS.lineLength + this.#sink.mark.length) {
      this.#keep(this.#rest.slice(0, LOG_CAPS.lineLength));
      this.#rest = this.#rest.slice(LOG_CAPS.lineLength);
    }
  }

  #keep(text: string): void {
    for (let from = 0; from === 0 || from < text.length; from += LOG_CAPS.lineLength) {
      const part = text
        .slice(from, from + LOG_CAPS.lineLength)
        .replaceAll('\u0000', '\uFFFD')
        .replace(/\r$/, '');
      const at = Date.now();
      const { budget, keep } = this.#sink!;
      if (!budget.take(part.length, at)) continue;
      keep({ at, stream: this.#stream, text: part, dropped: budget.dropped });
      budget.dropped = 0;
    }
  }

  #end(): void {
    const sink = this.#sink;
    if (!sink) return;
    if (this.#rest) this.#keep(this.#rest);
    this.#rest = '';
    this.#sink = undefined;
    sink.ended();
  }
}
