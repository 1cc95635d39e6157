import type { AttemptLog } from './attempt-log.ts';
import { endOfOutput } from './protocol.ts';

/**
 * One stream of a runner as lines. Bytes that are not UTF-8 become U+FFFD, a line longer than {@link LINE_BYTES} is cut
 * into several; {@link endOfOutput} ends an attempt's part.
 *
 * It never stops reading, for a handler would block on its next write; so what is over the caps must cost next to nothing,
 * and no more than a line and a chunk are ever held.
 */
export class LineReader {
  readonly #stream: 'STDOUT' | 'STDERR';
  readonly #closed = Promise.withResolvers<void>();
  #attempt: { log: AttemptLog; mark: Buffer; ended: () => void } | undefined;
  /** The beginning of a line. */
  #rest: Buffer = NOTHING;
  isClosed = false;

  constructor(source: NodeJS.ReadableStream, stream: 'STDOUT' | 'STDERR') {
    this.#stream = stream;
    source.on('data', (chunk: Buffer) => this.#take(chunk));
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

  /** Gives the lines to the attempt's log from now on; resolves when its output is through or the stream has closed. */
  read(number: number, log: AttemptLog): Promise<void> {
    return new Promise((resolve) => {
      if (this.isClosed) return resolve();
      this.#rest = NOTHING;
      this.#attempt = { log, mark: Buffer.from(endOfOutput(number)), ended: resolve };
    });
  }

  #take(chunk: Buffer): void {
    const { log, mark } = this.#attempt ?? {};
    if (!log || !mark) return;
    const at = Date.now();
    const all = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    const end = all.indexOf(mark);
    const output = end >= 0 ? all.subarray(0, end) : all;
    let from = 0;
    for (let newline; log.hasRoom(at) && (newline = output.indexOf(NEWLINE, from)) >= 0; from = newline + 1)
      this.#line(log, at, output.subarray(from, newline));
    if (!log.hasRoom(at)) {
      const through = output.lastIndexOf(NEWLINE) + 1;
      if (through > from) {
        log.drop(countLines(output, from, through), at);
        from = through;
      }
    }
    this.#rest = output.subarray(from);
    if (end >= 0) return this.#end();
    // A partial mark must not be cut in two.
    while (this.#rest.length > LINE_BYTES + mark.length) this.#rest = this.#part(log, at, this.#rest);
  }

  /** A whole line, in as many parts as it takes. */
  #line(log: AttemptLog, at: number, line: Buffer): void {
    let rest = line.at(-1) === RETURN ? line.subarray(0, -1) : line;
    while (rest.length > LINE_BYTES) rest = this.#part(log, at, rest);
    log.add(at, this.#stream, rest);
  }

  /** Adds the first part of a line that is too long, and answers with the rest. */
  #part(log: AttemptLog, at: number, line: Buffer): Buffer {
    const cut = cutBetweenCharacters(line, LINE_BYTES);
    log.add(at, this.#stream, line.subarray(0, cut));
    return line.subarray(cut);
  }

  #end(): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    if (this.#rest.length > 0) this.#line(attempt.log, Date.now(), this.#rest);
    this.#rest = NOTHING;
    this.#attempt = undefined;
    attempt.ended();
  }
}

function countLines(bytes: Buffer, from: number, to: number): number {
  let lines = 0;
  for (let at = from; at < to; at++) if (bytes[at] === NEWLINE) lines += 1;
  return lines;
}

/** The last place up to `most` where no character of UTF-8 is cut; `most` where there is none near. */
function cutBetweenCharacters(bytes: Buffer, most: number): number {
  const isWithin = (at: number): boolean => (bytes[at]! & 0b1100_0000) === 0b1000_0000;
  for (let at = most; at > most - MAX_CHARACTER_BYTES; at--) if (!isWithin(at)) return at;
  return most;
}

const NOTHING = Buffer.alloc(0);
const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** What a line may have; so it has no more characters than that either. */
export const LINE_BYTES = 16_384;
const MAX_CHARACTER_BYTES = 4;
