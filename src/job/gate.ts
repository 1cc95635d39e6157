import { ORCHESTRATOR_TASK_QUEUE, WORKFLOW_TASK_TIMEOUT_MS } from './ids.ts';

/** How many of a key get in at a time. Of a queue that is paused nobody, whatever its limit; null: no bound. */
export type GatePolicy = { limit: number | null; paused: boolean };

/** Who waits, and where: like in the line, by band and then by how long in it. */
export type Waiting = { jobId: string; ticket: number; band: number };
export type Holder = { jobId: string; ticket: number };
/** What a gate carries from one run of its workflow to the next. `again`: who is in and is yet to be told so once more. */
export type GateState = { policy: GatePolicy; held: Holder[]; waiting: Waiting[]; again?: Holder[] };

/**
 * Lets so many jobs of a key in at a time, the lowest band first, the oldest first inside a band.
 *
 * A ticket tells one ask of a job from its next: an answer to an old ask must not be taken for one to the new.
 */
export class Gate {
  policy: GatePolicy;
  readonly #held: Map<string, number>;
  readonly #waiting: Waiting[];
  #again: Holder[];

  constructor({ policy, held, waiting, again = [] }: GateState) {
    this.policy = policy;
    this.#held = new Map(held.map(({ jobId, ticket }) => [jobId, ticket]));
    this.#waiting = [...waiting];
    this.#again = [...again];
  }

  get state(): GateState {
    const again = [...this.#again];
    return { policy: this.policy, held: this.holders, waiting: [...this.#waiting], ...(again.length > 0 ? { again } : {}) };
  }

  get holders(): Holder[] {
    return Array.from(this.#held, ([jobId, ticket]) => ({ jobId, ticket }));
  }

  get isIdle(): boolean {
    return this.#held.size === 0 && this.#waiting.length === 0;
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** A job asks, or asks to stand in another band: then it goes to that band's tail. */
  want({ jobId, ticket, band }: Waiting): void {
    const at = this.#waiting.findIndex((each) => each.jobId === jobId);
    if (at >= 0 && this.#waiting[at]!.band === band) {
      this.#waiting[at] = { jobId, ticket, band };
      return;
    }
    if (at >= 0) this.#waiting.splice(at, 1);
    // It is in: the answer was lost, or is on its way, or the job begins anew (reset in Temporal). It keeps its place, and is told again.
    if (this.#held.has(jobId)) {
      this.#held.set(jobId, ticket);
      this.#again.push({ jobId, ticket });
      return;
    }
    const next = this.#waiting.findIndex((each) => each.band > band);
    this.#waiting.splice(next < 0 ? this.#waiting.length : next, 0, { jobId, ticket, band });
  }

  /** A job does not want in any more, or has come out. An ask that is newer than what it takes back stands. */
  leave(jobId: string, ticket: number): void {
    if ((this.#held.get(jobId) ?? Infinity) <= ticket) this.#held.delete(jobId);
    const at = this.#waiting.findIndex((each) => each.jobId === jobId && each.ticket <= ticket);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  /** A job that is inside, though it has not come this way: it ran when the limit was set. */
  enter({ jobId, ticket }: Holder): void {
    this.#held.set(jobId, ticket);
  }

  /** Lets in who may come in now, and answers with them and with those that are to be told again. */
  grant(): Holder[] {
    const free = this.policy.paused ? 0 : Math.max(0, (this.policy.limit ?? Infinity) - this.#held.size);
    const granted = this.#waiting
      .splice(0, Math.min(free, this.#waiting.length, GRANTS_AT_ONCE))
      .map(({ jobId, ticket }) => ({ jobId, ticket }));
    for (const { jobId, ticket } of granted) this.#held.set(jobId, ticket);
    const again = this.#again;
    this.#again = [];
    return [...again, ...granted];
  }
}

/** The gates there can be: workflow ids, and what waitingFor is made of. */
export const gateOfType = (type: string): string => `type:${type}`;
export const gateOfKey = (key: string): string => `key:${key}`;
export const gateOfQueue = (queue: string): string => `queue:${queue}`;
export const queueOfGate = (gate: string): string | undefined => (gate.startsWith('queue:') ? gate.slice('queue:'.length) : undefined);
export const gateWorkflowIdOf = (gate: string): string => `gate:${gate}`;
export const gateOfWorkflow = (workflowId: string): string => workflowId.slice('gate:'.length);

/** A gate's workflow, however it is begun. */
export const gateStart = (gate: string) => ({
  workflowId: gateWorkflowIdOf(gate),
  taskQueue: ORCHESTRATOR_TASK_QUEUE,
  workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
  staticSummary: `lets jobs in: ${gate}`,
});

/** The ticket of a job that was inside before its queue had a limit. */
export const ADOPTED = 0;

/** So that no one workflow task has to tell them all. */
const GRANTS_AT_ONCE = 100;
