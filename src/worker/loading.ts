import type { FromRunner, Loaded } from './protocol.ts';
import type { Exit } from './runner-process.ts';

/** A runner has not become ready. `file` is what it was loading, where it got that far. */
export class LoadFailed extends Error {
  override name = 'LoadFailed';
  readonly file: string | undefined;
  constructor(file: string | undefined, what: string) {
    super(`${file ? `${file}: ` : 'a runner: '}${what}`);
    this.file = file;
  }
}

/** A runner's life until it is ready. Each file has loadMs of its own; who takes longer is late, and to be killed. */
export class Loading {
  readonly #loaded = Promise.withResolvers<Loaded>();
  readonly #timer: NodeJS.Timeout;
  readonly #lines: string[] = [];
  #file: string | undefined;

  constructor(loadMs: number, exited: Promise<Exit>, onLate: () => void) {
    let isLate = false;
    this.#timer = setTimeout(() => {
      isLate = true;
      onLate();
    }, loadMs);
    void exited.then((exit) => {
      clearTimeout(this.#timer);
      const what = isLate ? `not loaded within ${loadMs / 1_000} s, the process was killed` : whatOf(exit);
      const why = this.#lines.find((line) => /^\w*Error\b|^FATAL ERROR/.test(line)) ?? this.#lines.slice(-LAST_LINES).join(' ');
      this.#loaded.reject(new LoadFailed(this.#file, what + (why ? `: ${why}` : '')));
    });
  }

  /** Rejects with a {@link LoadFailed} when the process ends, or takes too long. */
  get loaded(): Promise<Loaded> {
    return this.#loaded.promise;
  }

  hear(message: FromRunner): void {
    this.#timer.refresh();
    if (message.type === 'loading') this.#file = message.file;
    if (message.type !== 'ready') return;
    clearTimeout(this.#timer);
    this.#loaded.resolve(message);
  }

  /** A line that it has written to stderr. */
  line(text: string): void {
    this.#lines.push(text);
  }
}

const whatOf = ({ exitCode, signal, error }: Exit): string =>
  error
    ? `its process could not be started: ${error.message}`
    : `the process ended by ${signal ?? `exit code ${exitCode}`} while it was loaded`;

const LAST_LINES = 5;
