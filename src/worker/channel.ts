import type { Duplex } from 'node:stream';

export type Hearer = {
  heard(message: unknown): void;
  /** What came is no message. Nothing is heard after it. */
  broken(why: string): void;
  /** The other side has closed the pipe, by its own death maybe. Nothing is heard after it. */
  closed(): void;
};

/**
 * Messages between a supervisor and its runner: JSON, one to a line, over a pipe of their own.
 *
 * Not Node's IPC channel: a line on it that is no JSON is thrown out of any try in the process that reads, and the code of
 * any job can write there. Here whatever comes is either a message or the channel's end.
 */
export class Channel {
  readonly #pipe: Duplex;
  readonly #hearer: Hearer;
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;
  #isClosed = false;

  /** `maxBytes`: of one message from the other side; a longer one breaks the channel. */
  constructor(pipe: Duplex, hearer: Hearer, maxBytes = Infinity) {
    this.#pipe = pipe;
    this.#hearer = hearer;
    this.#maxBytes = maxBytes;
    pipe.on('data', (chunk: Buffer) => this.#take(chunk));
    // A pipe whose other end is gone; the close follows.
    pipe.on('error', () => {});
    // What is left of a message that was cut off says nothing.
    for (const event of ['end', 'close']) pipe.on(event, () => this.#close(() => hearer.closed()));
  }

  /** One to a channel that is closed is dropped. @throws TypeError where it is not JSON. */
  send(message: object): void {
    const line = `${JSON.stringify(message)}\n`;
    if (!this.#isClosed) this.#pipe.write(line);
  }

  #take(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0 && !this.#isClosed; end = chunk.indexOf(NEWLINE, from)) {
      this.#hear(Buffer.concat([...this.#parts, chunk.subarray(from, end)]));
      this.#parts = [];
      this.#bytes = 0;
      from = end + 1;
    }
    if (this.#isClosed) return;
    this.#parts.push(chunk.subarray(from));
    this.#bytes += chunk.length - from;
    if (this.#bytes > this.#maxBytes) this.#break(`a message of more than ${this.#maxBytes} bytes`);
  }

  #hear(line: Buffer): void {
    if (levelsOf(line) > MAX_LEVELS) return this.#break(`a message of more than ${MAX_LEVELS} levels`);
    let message: unknown;
    try {
      message = JSON.parse(line.toString('utf8'));
    } catch {
      return this.#break(`what is no JSON: ${line.toString('utf8', 0, EXCERPT)}`);
    }
    this.#hearer.heard(message);
  }

  #break(why: string): void {
    this.#close(() => this.#hearer.broken(why));
  }

  #close(tell: () => void): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts = [];
    this.#pipe.destroy();
    tell();
  }
}

/** How deep its brackets are nested. What is deeper than a stack breaks wherever it is passed on. */
function levelsOf(line: Buffer): number {
  let level = 0;
  let most = 0;
  let inText = false;
  for (let at = 0; at < line.length; at++) {
    const byte = line[at]!;
    if (byte === QUOTE) inText = !inText;
    else if (inText && byte === BACKSLASH) at += 1;
    else if (!inText && (byte === BRACKET || byte === BRACE)) most = Math.max(most, ++level);
    else if (!inText && (byte === BRACKET_END || byte === BRACE_END)) level -= 1;
  }
  return most;
}

/** The pipe's number in a runner. */
export const CHANNEL_FD = 3;

const NEWLINE = 0x0a;
const [QUOTE, BACKSLASH, BRACKET, BRACKET_END, BRACE, BRACE_END] = Buffer.from('"\\[]{}');
const MAX_LEVELS = 1_000;
const EXCERPT = 100;
