import { CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { OrchestratorActivities } from '../activities/orchestrator.ts';

const { sweep } = proxyActivities<OrchestratorActivities>({
  startToCloseTimeout: '1 day',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', maximumInterval: '10s' },
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
});

/** Keeps what a paused queue has in line out of everybody's way, one sweep at a time. */
export class Sweeper {
  isSwept: boolean | null;
  readonly #queue: string | undefined;
  #wished = false;
  #isLeaving = false;
  #running: { paused: boolean; scope: CancellationScope } | undefined;

  constructor(queue: string | undefined, isSwept: boolean | null) {
    this.#queue = queue;
    this.isSwept = isSwept;
  }

  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  /** It was told to leave, and nothing of it goes on. */
  get hasLeft(): boolean {
    return this.#isLeaving && !this.isBusy;
  }

  /** Begins a sweep where one is due. One that is not wished for any more is cut off, and what it has done is taken back. */
  see(paused: boolean): void {
    this.#wished = paused;
    if (this.#queue === undefined || this.#isLeaving) return;
    if (this.#running) {
      if (this.#running.paused !== paused) this.#running.scope.cancel();
    } else if (paused !== this.isSwept) {
      const scope = new CancellationScope();
      this.#running = { paused, scope };
      void this.#sweep(this.#queue, paused, scope);
    }
  }

  /** The next run goes on from where the sweep is: it can take long, and nobody is to wait for it. */
  leave(): void {
    this.#isLeaving = true;
    this.#running?.scope.cancel();
  }

  async #sweep(queue: string, paused: boolean, scope: CancellationScope): Promise<void> {
    await scope
      .run(() => sweep({ queue, paused }))
      .catch((error: unknown) => {
        // However one ends that was cut off: where its orchestrator has died as well, by a timeout.
        if (!scope.consideredCancelled) throw error;
      });
    this.isSwept = scope.consideredCancelled ? null : paused;
    this.#running = undefined;
    this.see(this.#wished);
  }
}
