import type { ActivitySlotInfo, CustomSlotSupplier, SlotPermit } from '@temporalio/worker';
import { readStat } from '../process/proc.ts';
import type { Loaded } from './protocol.ts';
import { LoadFailed, type Runner } from './runner.ts';

export type RunnerPoolOptions = {
  slots: number;
  /** A runner that has run so many attempts is replaced. 0: never. */
  maxAttempts: number;
  /** One that holds more than this after an attempt is replaced. */
  maxMemoryBytes: number | undefined;
  /** `skip`: files that it must not load, for they have ended a runner. `heapBytes`: without, as much as every runner has. */
  fork: (skip: readonly string[], heapBytes?: number) => Runner;
  onProblem: (message: string) => void;
};

/** What the pool knows of a runner. `isLast`: the attempt it has is its last one, another runner takes its place. */
type Seat = { attempts: number; isLast: boolean };

/**
 * `slots` warm runners, forked ahead. A poll for an attempt begins only when a runner is free for it: the pool is the
 * worker's slot supplier, so no attempt is ever taken that would have to wait for a process.
 *
 * A module that ends or blocks the first runners while they load it is left out from then on. Whatever keeps a runner from
 * becoming ready later is tried again, with longer and longer pauses, and stands in `problems` meanwhile.
 */
export class RunnerPool {
  readonly #options: RunnerPoolOptions;
  readonly #all = new Map<Runner, Seat>();
  /** Each for one attempt that has a memory limit of its own. */
  readonly #single = new Set<Runner>();
  readonly #ready: Runner[] = [];
  readonly #wakers = new Set<() => void>();
  readonly #skipped = new Map<string, string>();
  readonly #loaded = Promise.withResolvers<Loaded>();
  readonly #settled = Promise.withResolvers<void>();
  #latest: Loaded | undefined;
  #starting = 0;
  #permits = 0;
  #leased = 0;
  /** Leases that have no runner yet, and how many of them want one that has run nothing. */
  #waiting = 0;
  #waitingFresh = 0;
  #failures = 0;
  #lastFailure: string | undefined;
  #pause: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: RunnerPoolOptions) {
    this.#options = options;
    this.#refill();
  }

  /** Resolves when a runner is ready for the first time. */
  get loaded(): Promise<Loaded> {
    return this.#loaded.promise;
  }

  /** Resolves when a runner is ready, or it is clear that none will be soon. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** A runner has been ready. */
  get isReady(): boolean {
    return this.#latest !== undefined;
  }

  get types(): Loaded['types'] {
    return this.#latest?.types ?? [];
  }

  get problems(): string[] {
    return [...this.#skipped.values(), ...(this.#latest?.problems ?? []), ...(this.#lastFailure ? [this.#lastFailure] : [])];
  }

  get busy(): number {
    return this.#leased;
  }

  /** All its runners, those that start or are about to end as well. */
  get size(): number {
    return this.#all.size + this.#single.size;
  }

  /** Runners that wait for an attempt. */
  get readyCount(): number {
    return this.#ready.length;
  }

  /** A warm runner. There is one at once for who has a slot, unless it has just died, or the type wants a fresh one. */
  async lease(type: string): Promise<Runner> {
    const { maxAttempts } = this.#options;
    const fresh = this.types.some(({ name, reuse }) => name === type && !reuse);
    this.#leased += 1;
    const runner = await this.#next(fresh);
    const seat = this.#all.get(runner)!;
    seat.attempts += 1;
    // Its successor starts while it works, so that the slot is not empty after it.
    if (fresh || seat.attempts === maxAttempts) this.#replace(runner);
    return runner;
  }

  /** A new runner with a heap of its own, for one attempt, in place of a warm one. It is not ready yet. */
  leaseSingle(heapBytes: number): Runner {
    const runner = this.#options.fork([...this.#skipped.keys()], heapBytes);
    this.#leased += 1;
    this.#single.add(runner);
    void runner.exited.then(() => this.#single.delete(runner));
    return runner;
  }

  /** Ends a lease: a runner in good order serves the next attempt, another one takes the place of any other. */
  giveBack(runner: Runner, reusable: boolean): void {
    this.#leased -= 1;
    const isGood = reusable && !runner.spent && this.#all.get(runner)?.isLast === false && !this.#isTooLarge(runner);
    if (isGood) this.#ready.push(runner);
    else {
      this.#replace(runner);
      void runner.kill(0);
    }
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
    clearTimeout(this.#pause);
    await Promise.all([...this.#all.keys(), ...this.#single].map((runner) => runner.kill(0)));
  }

  /** One more permit, if a slot is free and a ready runner is left that nobody counts on. Who can run nothing takes nothing. */
  #take(): SlotPermit | undefined {
    // A runner for one attempt takes a slot, and no warm one.
    if (this.#stopped || this.types.length === 0 || this.#permits >= this.#options.slots) return undefined;
    if (this.#ready.length <= this.#permits - this.#leased + this.#waiting) return undefined;
    this.#permits += 1;
    return {};
  }

  async #next(fresh: boolean): Promise<Runner> {
    this.#waiting += 1;
    this.#waitingFresh += Number(fresh);
    try {
      for (;;) {
        const runner = this.#pick(fresh);
        if (runner) return runner;
        // No fresh one is on its way for us: a used one makes room.
        const used = this.#ready[0];
        if (fresh && used && !this.#pause && this.#starting < this.#waitingFresh) {
          this.#unready(used);
          this.#replace(used);
          void used.kill(0);
        }
        await this.#change();
      }
    } finally {
      this.#waiting -= 1;
      this.#waitingFresh -= Number(fresh);
    }
  }

  /** Fresh ones are left to those who want one, while there are others. */
  #pick(fresh: boolean): Runner | undefined {
    const at = this.#ready.findIndex((runner) => (this.#all.get(runner)?.attempts === 0) === fresh);
    if (at < 0 && fresh) return undefined;
    return this.#ready.splice(Math.max(0, at), 1)[0];
  }

  #isTooLarge(runner: Runner): boolean {
    const { maxMemoryBytes } = this.#options;
    return maxMemoryBytes !== undefined && (readStat(runner.pid)?.rssBytes ?? 0) > maxMemoryBytes;
  }

  /** Forks the runner that comes after this one, which gets no further attempt. */
  #replace(runner: Runner): void {
    const seat = this.#all.get(runner);
    if (!seat || seat.isLast) return;
    seat.isLast = true;
    this.#refill();
  }

  #refill(): void {
    if (this.#stopped || this.#pause) return;
    const staying = Array.from(this.#all.values()).filter(({ isLast }) => !isLast).length;
    for (let count = staying; count < this.#options.slots; count++) this.#fork();
  }

  #fork(): void {
    const runner = this.#options.fork([...this.#skipped.keys()]);
    this.#all.set(runner, { attempts: 0, isLast: false });
    this.#starting += 1;
    void runner.ready
      .then(
        (loaded) => this.#hasLoaded(runner, loaded),
        (error: Error) => this.#hasFailed(error),
      )
      .then(() => this.#wake());
    void runner.untilSpent.then(() => {
      if (this.#unready(runner)) void runner.kill(0);
    });
    // In this order: what a failed start means is settled before the next one.
    void Promise.allSettled([runner.ready, runner.exited]).then(() => {
      this.#all.delete(runner);
      this.#unready(runner);
      this.#refill();
    });
  }

  #hasLoaded(runner: Runner, loaded: Loaded): void {
    this.#starting -= 1;
    this.#failures = 0;
    this.#lastFailure = undefined;
    this.#latest = loaded;
    this.#ready.push(runner);
    this.#loaded.resolve(loaded);
    this.#settled.resolve();
  }

  #hasFailed(error: Error): void {
    this.#starting -= 1;
    if (this.#stopped) return;
    const file = error instanceof LoadFailed ? error.file : undefined;
    if (file && this.#skipped.has(file)) return;
    this.#options.onProblem(error.message);
    // What has been loaded once is served: it is not the module that is at fault, or not for good.
    if (file && !this.#latest) return void this.#skipped.set(file, error.message);
    this.#lastFailure = error.message;
    // Those that fail together are one failure.
    if (this.#pause) return;
    this.#failures += 1;
    if (this.#failures >= GIVE_UP_AFTER) this.#settled.resolve();
    this.#pause = setTimeout(
      () => {
        this.#pause = undefined;
        this.#refill();
        this.#wake();
      },
      Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures),
    );
    this.#pause.unref();
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
const MAX_PAUSE_MS = 30_000;
/** Failed starts in a row after which a worker goes on without a runner, and shows why. */
const GIVE_UP_AFTER = 3;
