import { setTimeout as pause } from 'node:timers/promises';
import type { GraphqlClient } from '../engine/client.ts';
import { drawJob, PAUSED_QUEUE, type Planned } from './kinds.ts';
import type { AskedJob, Observed } from './observed.ts';

/**
 * A client that creates jobs of every kind all the time, and gives orders to some of them. What it has no good answer to it
 * asks again, with the same id: so every job it has once thought of is accepted in the end.
 */
export class Load {
  readonly jobs: AskedJob[] = [];
  readonly refusals: Observed['refusals'] = [];
  /** When a creation was answered, in ms since 1970. */
  readonly answeredAt: number[] = [];
  /** Answers that were lost or said that it cannot be done now. */
  retries = 0;
  readonly #client: GraphqlClient;
  readonly #dir: string;
  readonly #random: () => number;
  readonly #underWay = new Set<Promise<void>>();

  constructor(client: GraphqlClient, dir: string, random: () => number) {
    this.#client = client;
    this.#dir = dir;
    this.#random = random;
  }

  /** Creates jobs until `signal` aborts. `openJobs` says how many have not ended: more than a few would only wait. */
  async run(signal: AbortSignal, openJobs: () => number): Promise<void> {
    while (!signal.aborted) {
      if (openJobs() < MOST_OPEN && this.#underWay.size < MOST_UNDER_WAY)
        this.#begin(this.#see(drawJob(this.#random, this.#dir, this.#recent())));
      if (this.#random() < PAUSES) this.#begin(this.#pauseQueue());
      await pause(EVERY_MS * 2 * this.#random(), undefined, { signal }).catch(() => {});
    }
  }

  /** Resolves when every job is accepted and every order answered, and the queue is open. */
  async settle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    await this.#order('resumeQueue', { name: PAUSED_QUEUE });
  }

  /** One more job that nobody else plans. */
  async create(planned: Planned): Promise<void> {
    await this.#ask('createJob', planned.input);
    const { id, kind, comesTo, input } = planned;
    this.answeredAt.push(Date.now());
    this.jobs.push({
      id,
      kind,
      comesTo,
      isAborted: planned.orders.some(({ mutation }) => mutation === 'abortJob'),
      dependencies: (input['dependencies'] as string[] | undefined) ?? [],
      needsDependencies: input['onDependencyFailure'] === 'FAIL',
    });
  }

  #recent(): string[] {
    return this.jobs.slice(-20).map(({ id }) => id);
  }

  #begin(work: Promise<void>): void {
    const tracked = work.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  async #see(planned: Planned): Promise<void> {
    await this.create(planned);
    let at = 0;
    for (const { mutation, input, afterMs } of planned.orders.toSorted((a, b) => a.afterMs - b.afterMs)) {
      await pause(afterMs - at);
      at = afterMs;
      await this.#order(mutation, input);
    }
  }

  async #pauseQueue(): Promise<void> {
    await this.#order('pauseQueue', { name: PAUSED_QUEUE });
    await pause(2_000 * this.#random());
    await this.#order('resumeQueue', { name: PAUSED_QUEUE });
  }

  /** It may come too late, which is no fault. A job that was accepted is known, though. */
  async #order(mutation: string, input: Record<string, unknown>): Promise<void> {
    const codes = await this.#ask(mutation, input);
    if (codes.includes('NOT_FOUND')) this.refusals.push({ jobId: String(input['id']), message: `${mutation} answers NOT_FOUND` });
  }

  /** @returns the codes of what it was refused with. */
  async #ask(mutation: string, input: Record<string, unknown>): Promise<string[]> {
    const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`;
    for (;;) {
      try {
        const data = await this.#client.data(`mutation ($input: ${type}!) { ${mutation}(input: $input) { userErrors { code message } } }`, {
          input,
        });
        const errors = data[mutation].userErrors as { code: string; message: string }[];
        if (mutation === 'createJob' && errors.length > 0)
          this.refusals.push({ jobId: String(input['id']), message: `createJob answers ${JSON.stringify(errors)}` });
        return errors.map(({ code }) => code);
      } catch {
        this.retries += 1;
        await pause(RETRY_MS);
      }
    }
  }
}

const EVERY_MS = 250;
const MOST_OPEN = 40;
const MOST_UNDER_WAY = 30;
const PAUSES = 0.03;
const RETRY_MS = 200;
