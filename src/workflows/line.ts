import { type CancellationScope, condition, sleep, workflowInfo } from '@temporalio/workflow';
import { activityIdOf } from '../job/ids.ts';
import { reprioritise, withdraw } from './asks.ts';
import type { JobLife } from './job-life.ts';
import { isTooLongInLine } from './new-run.ts';
import { shielded } from './shielded.ts';

/**
 * Moves attempts in line, and out of it for a hold or a new run. One loop a job and not one call a message: two calls can overtake
 * each other (tried: 1 of 200 changes lost), one loop that ends when what is applied is what is wanted cannot.
 */
export class Line {
  readonly #job: JobLife;
  #moving = false;
  /** The attempt that could not be taken out of line, for it had started. Its scope and not its number, which may be used again. */
  #started: CancellationScope | undefined;

  constructor(job: JobLife) {
    this.#job = job;
  }

  /** Resolves when the open attempt stands where it should, has started, or is not in line any more. */
  async settle(): Promise<void> {
    void shielded(() => this.#move());
    await shielded(() => condition(() => this.#isSettled));
  }

  get #isSettled(): boolean {
    const { attemptScope, appliedBand, band } = this.#job;
    return !attemptScope || (!this.#isToLeave && appliedBand === band);
  }

  get #isToLeave(): boolean {
    const { held, undoing, attemptScope } = this.#job;
    return this.#started !== attemptScope && ((held && !undoing) || isTooLongInLine(this.#job));
  }

  async #move(): Promise<void> {
    if (this.#moving) return;
    this.#moving = true;
    try {
      let pauseMs = FIRST_PAUSE_MS;
      while (!this.#isSettled) {
        // Not found: it has just ended, of which we are about to hear.
        if (await (this.#isToLeave ? this.#leave() : this.#reprioritise())) continue;
        await sleep(pauseMs);
        pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
      }
    } finally {
      this.#moving = false;
    }
  }

  async #reprioritise(): Promise<boolean> {
    const { band, forced, spec } = this.#job;
    const isDone = await reprioritise({ workflowId: workflowInfo().workflowId, band, ...(forced ? { pool: spec.pool } : {}) });
    if (isDone) this.#job.appliedBand = band;
    return isDone;
  }

  async #leave(): Promise<boolean> {
    const job = this.#job;
    const { attempt, attemptScope } = job;
    const found = await withdraw({ workflowId: workflowInfo().workflowId, activityId: activityIdOf(attempt) });
    if (found === 'started') this.#started = attemptScope;
    if (found === 'out' && job.attemptScope && job.attemptScope === attemptScope) {
      job.withdrawn = true;
      job.attemptScope.cancel();
      // The next one may be open before anybody looks: one that was released meanwhile is put in line again at once.
      await condition(() => job.attemptScope !== attemptScope);
    }
    return found !== 'absent';
  }
}

const FIRST_PAUSE_MS = 20;
const LAST_PAUSE_MS = 1_000;
