import type { ActivitySlotInfo, CustomSlotSupplier, SlotPermit } from '@temporalio/worker';
import type { Runner } from './runner.ts';

export type RunnerPoolOptions = {
  slots: number;
  fork: () => Runner;
  onReady: (runner: Runner) => void;
  onProblem: (message: string) => void;
};

/**
 * `slots` warm runners, forked ahead. A poll for an attempt begins only when a runner is free for it: the pool is the
 * worker's slot supplier, so no attempt is ever taken that would have to wait for a process.
 */
export class RunnerPool {
  readonly #options: RunnerPoolOptions;
  readonly #all = new Set<Runner>();
  readonly #ready: Runner[] = [];
  readonly #wakers = new Set<() => void>();
  #permits = 0;
  #leased = 0;
  #failedForks = 0;
  #stopped = false;

  constructor(options: RunnerPoolOptions) {
    this.#options = options;
    for (let slot = 0; slot < options.slots; slot++) this.#fork();
  }

  get busy(): number {
    return this.#leased;
  }

  get pids(): number[] {
    return Array.from(this.#all, (runner) => runner.pid);
  }

  /** A warm runner. There is one at once for who has a slot, unless it has just died: then the next that is ready. */
  async lease(): Promise<Runner> {
    this.#leased += 1;
    for (;;) {
      const runner = this.#ready.shift();
      if (runner) return runner;
      await this.#change();
    }
  }

  /** Ends a lease: a runner in good order serves the next attempt, another one takes the place of any other. */
  giveBack(runner: Runner, reusable: boolean): void {
    this.#leased -= 1;
    if (reusable && !runner.spent && this.#all.has(runner)) this.#ready.push(runner);
    else void runner.kill(0);
    this.#wake();
  }

  /** What Temporal's worker asks before it polls. */
  get slotSupplier(): CustomSlotSupplier<ActivitySlotInfo> {
    return {
      type: 'custom',
      reserveSlot: async (_, signal) => {
        while (!this.#take()) await this.#change(signal);
        return {};
      },
      tryReserveSlot: () => (this.#take() ? {} : null),
      markSlotUsed: () => {},
      releaseSlot: () => {
        this.#permits -= 1;
        this.#wake();
      },
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(Array.from(this.#all, (runner) => runner.kill(0)));
  }

  /** One more permit, if a ready runner is left that no permit counts on. */
  #take(): SlotPermit | undefined {
    if (this.#stopped || this.#ready.length <= this.#permits - this.#leased) return undefined;
    this.#permits += 1;
    return {};
  }

  #fork(): void {
    if (this.#stopped) return;
    const runner = this.#options.fork();
    this.#all.add(runner);
    void runner.ready.then(
      () => {
        this.#failedForks = 0;
        this.#ready.push(runner);
        this.#options.onReady(runner);
        this.#wake();
      },
      (error: Error) => {
        this.#failedForks += 1;
        if (!this.#stopped) this.#options.onProblem(error.message);
      },
    );
    void runner.untilSpent.then(() => {
      if (this.#unready(runner)) void runner.kill(0);
    });
    void runner.exited.then(() => {
      this.#all.delete(runner);
      this.#unready(runner);
      if (this.#failedForks === 0) this.#fork();
      else setTimeout(() => this.#fork(), Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failedForks)).unref();
    });
  }

  /** Takes a runner out of those that wait for an attempt. False where it was not among them. */
  #unready(runner: Runner): boolean {
    const at = this.#ready.indexOf(runner);
    if (at >= 0) this.#ready.splice(at, 1);
    return at >= 0;
  }

  #wake(): void {
    for (const waker of this.#wakers) waker();
  }

  #change(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.#wakers.delete(done);
        signal?.removeEventListener('abort', aborted);
        resolve();
      };
      const aborted = (): void => {
        this.#wakers.delete(done);
        // The SDK takes any other error for a fault of ours.
        reject(signal?.reason as Error);
      };
      if (signal?.aborted) return aborted();
      this.#wakers.add(done);
      signal?.addEventListener('abort', aborted);
    });
  }
}

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 10_000;
