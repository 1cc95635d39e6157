import { condition, proxyLocalActivities, sleep, workflowInfo } from '@temporalio/workflow';
import type { OrchestratorActivities } from '../activities/orchestrator.ts';
import type { JobLife } from './job-life.ts';

const { reprioritise } = proxyLocalActivities<OrchestratorActivities>({
  startToCloseTimeout: '10s',
  retry: { initialInterval: 100, maximumInterval: 1_000 },
});

/**
 * Moves attempts in line. One loop a job and not one call a message: two calls can overtake each other (tried: 1 of 200
 * changes lost), one loop that ends when the band applied is the band wanted cannot.
 */
export class Line {
  readonly #job: JobLife;
  #moving = false;

  constructor(job: JobLife) {
    this.#job = job;
  }

  /** Resolves when the open attempt stands in the band it should, or there is none in line any more. */
  async settle(): Promise<void> {
    const job = this.#job;
    void this.#move();
    await condition(() => job.appliedBand === job.band || !job.attemptScope);
  }

  async #move(): Promise<void> {
    const job = this.#job;
    if (this.#moving) return;
    this.#moving = true;
    try {
      let pauseMs = FIRST_PAUSE_MS;
      while (job.attemptScope && job.appliedBand !== job.band) {
        const { band } = job;
        if (await reprioritise({ workflowId: workflowInfo().workflowId, band })) {
          job.appliedBand = band;
        } else {
          // A local activity runs before the task that puts the attempt in line is committed: not found means not yet.
          await sleep(pauseMs);
          pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
        }
      }
    } finally {
      this.#moving = false;
    }
  }
}

const FIRST_PAUSE_MS = 20;
const LAST_PAUSE_MS = 1_000;
