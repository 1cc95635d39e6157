import type { Annotations, Json } from '../index.ts';
import type { LoggedLine } from '../journal/entries.ts';
import type { JournalWriter } from '../journal/writer.ts';
import type { Listener } from './runner.ts';

/** What a running attempt says of itself, on its way to the journal: lines as they come, progress at most 10 times a second. */
export class Reporter implements Listener {
  readonly #writer: JournalWriter;
  readonly #jobId: string;
  readonly #number: number;
  readonly #onCheckpoint: (value: Json) => void;
  #lines: LoggedLine[] = [];
  #characters = 0;
  #linger: NodeJS.Timeout | undefined;
  #fraction: number | undefined;
  #pause: NodeJS.Timeout | undefined;
  checkpoint: Json | undefined;
  annotations: Annotations | undefined;
  readonly #answered = Promise.withResolvers<'answered'>();

  constructor(writer: JournalWriter, jobId: string, number: number, onCheckpoint: (value: Json) => void) {
    this.#writer = writer;
    this.#jobId = jobId;
    this.#number = number;
    this.#onCheckpoint = onCheckpoint;
  }

  line(line: LoggedLine): void {
    this.#lines.push(line);
    this.#characters += line.text.length;
    if (this.#lines.length >= MAX_LINES || this.#characters >= MAX_CHARACTERS) this.#tellLines();
    else this.#linger ??= setTimeout(() => this.#tellLines(), LINES_LINGER_MS);
  }

  progress(fraction: number): void {
    this.#fraction = fraction;
    if (!this.#pause) this.#tellProgress();
  }

  save(value: Json): void {
    this.checkpoint = value;
    this.#onCheckpoint(value);
  }

  annotate(value: Annotations): void {
    this.annotations = value;
  }

  answered(): void {
    this.#answered.resolve('answered');
  }

  /** Resolves when the handler has ended and only its hooks go on. Never where none are called. */
  get hasAnswered(): Promise<'answered'> {
    return this.#answered.promise;
  }

  /** Tells what is left. */
  end(): void {
    this.#tellLines();
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#tellProgress();
    clearTimeout(this.#pause);
  }

  #tellLines(): void {
    clearTimeout(this.#linger);
    this.#linger = undefined;
    if (this.#lines.length === 0) return;
    this.#writer.tell({ kind: 'log', jobId: this.#jobId, number: this.#number, lines: this.#lines });
    this.#lines = [];
    this.#characters = 0;
  }

  #tellProgress(): void {
    const fraction = this.#fraction;
    if (fraction === undefined) return;
    this.#fraction = undefined;
    this.#writer.tell({ kind: 'progress', jobId: this.#jobId, number: this.#number, fraction, at: Date.now() });
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#tellProgress();
    }, PROGRESS_PAUSE_MS);
  }
}

const LINES_LINGER_MS = 20;
const MAX_LINES = 500;
const MAX_CHARACTERS = 2 ** 19;
const PROGRESS_PAUSE_MS = 100;
