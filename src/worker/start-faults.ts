import { LoadFailed } from './loading.ts';

/**
 * What keeps runners from becoming ready. A module that ends or blocks the first ones while they load it is left out from then on. For any
 * other cause there are longer and longer pauses before the next start.
 */
export class StartFaults {
  readonly #onProblem: (message: string) => void;
  readonly #onPauseEnd: () => void;
  readonly #skipped = new Map<string, string>();
  #last: string | undefined;
  #inARow = 0;
  #pause: NodeJS.Timeout | undefined;

  constructor(onProblem: (message: string) => void, onPauseEnd: () => void) {
    this.#onProblem = onProblem;
    this.#onPauseEnd = onPauseEnd;
  }

  /** Files that are left out, and why. */
  get skipped(): ReadonlyMap<string, string> {
    return this.#skipped;
  }

  /** What keeps runners from starting now. */
  get last(): string | undefined {
    return this.#last;
  }

  /** No runner will be ready soon. */
  get isLasting(): boolean {
    return this.#inARow >= GIVE_UP_AFTER;
  }

  /** None is to be started now. */
  get isPausing(): boolean {
    return this.#pause !== undefined;
  }

  /** @param wasReady whether a runner has ever been ready: what could be loaded once is not at fault, or not for good. */
  failed(error: Error, wasReady: boolean): void {
    const file = error instanceof LoadFailed ? error.file : undefined;
    if (file && this.#skipped.has(file)) return;
    this.#onProblem(error.message);
    if (file && !wasReady) return void this.#skipped.set(file, error.message);
    this.#last = error.message;
    // Those that fail together are one failure.
    if (this.#pause) return;
    this.#inARow += 1;
    this.#pause = setTimeout(
      () => {
        this.#pause = undefined;
        this.#onPauseEnd();
      },
      Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#inARow),
    );
    this.#pause.unref();
  }

  succeeded(): void {
    this.#inARow = 0;
    this.#last = undefined;
  }

  stop(): void {
    clearTimeout(this.#pause);
  }
}

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 30_000;
/** Failed starts in a row after which a worker goes on without a runner, and shows why. */
const GIVE_UP_AFTER = 3;
