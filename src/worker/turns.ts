type Turn = { heart: { giveUp(): void }; over: Promise<void> };

/**
 * Never two attempts of one job at once on a worker. Temporal hands out a second one where the job was terminated or reset
 * and has begun again before that has reached the first: the first is then given up, and the second waits for its end.
 */
export class Turns {
  readonly #last = new Map<string, Turn>();

  async take<T>(jobId: string, heart: Turn['heart'], run: () => Promise<T>): Promise<T> {
    const before = this.#last.get(jobId);
    before?.heart.giveUp();
    const running = before ? before.over.then(run) : run();
    const turn: Turn = { heart, over: running.then(nothing, nothing) };
    this.#last.set(jobId, turn);
    try {
      return await running;
    } finally {
      if (this.#last.get(jobId) === turn) this.#last.delete(jobId);
    }
  }
}

const nothing = (): void => {};
