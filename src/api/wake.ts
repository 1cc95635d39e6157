/** One subscriber's wake-up: any number of calls while it is busy are one. */
export class Wake {
  readonly #stop: () => void;
  #woken = false;
  #stopped = false;
  #resume: (() => void) | undefined;
  #lastAt = 0;

  constructor(listen: (wake: () => void) => () => void) {
    this.#stop = listen(() => {
      this.#woken = true;
      this.#resume?.();
    });
  }

  /** Resolves true when something has happened since the last call, not sooner than pauseMs after that; false once stopped. */
  async next(pauseMs = 0): Promise<boolean> {
    if (!this.#woken && !this.#stopped) await new Promise<void>((resolve) => (this.#resume = resolve));
    const early = this.#lastAt + pauseMs - Date.now();
    if (early > 0 && !this.#stopped) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, early);
        this.#resume = () => {
          if (!this.#stopped) return;
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#resume = undefined;
    this.#woken = false;
    this.#lastAt = Date.now();
    return !this.#stopped;
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#stop();
    this.#resume?.();
  }
}

/**
 * A generator that ends at once when its client leaves. A plain one would hear of `return()` only after the await it is
 * in, and the next thing it waits for may never happen.
 */
export function endable<T>(wake: Wake, start: (wake: Wake) => AsyncGenerator<T>): AsyncGenerator<T> {
  const generator = start(wake);
  return {
    async next() {
      const result = await generator.next().catch((error: unknown) => {
        wake.stop();
        throw error;
      });
      if (result.done) wake.stop();
      return result;
    },
    return(value: unknown) {
      wake.stop();
      return generator.return(value);
    },
    throw(error: unknown) {
      wake.stop();
      return generator.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await this.return(undefined);
    },
  };
}
