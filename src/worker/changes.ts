/** Wakes whoever waits for a change of something, to look again. */
export class Changes {
  readonly #wakers = new Set<() => void>();

  tell(): void {
    for (const waker of this.#wakers) waker();
  }

  /** Resolves at the next change. Rejects with the signal's own reason: the SDK takes any other error for a fault of ours. */
  next(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.#wakers.delete(done);
        signal?.removeEventListener('abort', aborted);
        resolve();
      };
      const aborted = (): void => {
        this.#wakers.delete(done);
        reject(signal?.reason as Error);
      };
      if (signal?.aborted) return aborted();
      this.#wakers.add(done);
      signal?.addEventListener('abort', aborted);
    });
  }
}
