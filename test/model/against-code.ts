import { expect } from 'vitest';
import { agesAt, effectivePriorityOf } from '../../src/job/ageing.ts';
import { bandOf } from '../../src/job/bands.ts';
import { Gate } from '../../src/job/gate.ts';
import { type BadEnd, nextAfter } from '../../src/job/retry.ts';
import { PRODUCT_DEFAULTS } from '../../src/job/spec.ts';
import { statusBefore } from '../../src/job/waits.ts';
import { type Decision, OUTCOMES, REASONS } from './ends.ts';
import { band, effectivePriority, isFinal, isWaitingInLine, type ModelJob } from './job.ts';
import type { Model } from './model.ts';

/** The rules that src/job has of its own, asked about everything that happens to a model, which has them in other words. */
export class AgainstCode {
  readonly #model: Model;
  readonly #gates = new Map<string, Gate>();
  #tickets = 0;

  constructor(model: Model) {
    this.#model = model;
  }

  /** After each operation, and each start. */
  check(about: string): void {
    for (const job of this.#model.jobs.values()) if (!isFinal(job)) this.#checkJob(job, about);
    for (const decision of this.#model.decisions.splice(0)) checkNext(decision, about);
    for (const name of new Set([...this.#model.gates, ...this.#gates.keys()])) this.#checkGate(name, about);
  }

  #checkJob(job: ModelJob, about: string): void {
    const { priority, aged, forced, halts, losses, after, undoing, step, stepStatuses, held, missing, scheduled } = job;
    const at = `${about}: ${job.id}`;
    same(effectivePriorityOf({ priority, aged }), effectivePriority(job), at);
    const begun = step === 0 ? undefined : step === stepStatuses.length - 1 ? ('last' as const) : ('later' as const);
    same(bandOf({ priority: effectivePriority(job), forced, halts, losses, after, step: undoing ? 'undo' : begun }), band(job), at);
    if (!this.#model.isRunning(job.id) && !undoing)
      same(statusBefore({ held, missing: missing.size, startsAt: scheduled ? 1 : undefined }), job.status, at);
    const ages = agesAt({ band: isWaitingInLine(job) ? band(job) : null, bandSince: 5, ageAfterMs: job.ageAfterMs });
    same(ages, isWaitingInLine(job) && band(job) > 6 && job.ageAfterMs > 0 ? 5 + job.ageAfterMs : null, at);
  }

  /** The code's gate is told what the model's jobs ask of it, and must have let in, and have waiting, the same ones. */
  #checkGate(name: string, about: string): void {
    const { waiting, held, limit, paused } = this.#model.gate(name);
    const gate = this.#gates.get(name) ?? new Gate({ policy: { limit, paused }, held: [], waiting: [] });
    this.#gates.set(name, gate);
    gate.policy = { limit, paused };
    const [isHeld, isWaiting] = [idsOf(held), idsOf(waiting)];
    for (const { jobId, ticket } of gate.holders) if (!isHeld.has(jobId)) gate.leave(jobId, ticket);
    for (const { jobId, ticket } of gate.state.waiting) if (!isHeld.has(jobId) && !isWaiting.has(jobId)) gate.leave(jobId, ticket);
    // They ran when the limit was set: the gate counts them before it lets anybody in.
    const inside = (): Set<string> => new Set(gate.holders.map(({ jobId }) => jobId));
    const known = inside();
    const adopted = held.filter(({ id }) => this.#model.isRunning(id) && !known.has(id));
    for (const job of adopted) gate.enter({ jobId: job.id, ticket: ++this.#tickets });
    letIn(gate);
    const granted = inside();
    const asks = [...held.filter(({ id }) => !granted.has(id)), ...waiting].toSorted((a, b) => a.since - b.since);
    for (const job of asks) gate.want({ jobId: job.id, ticket: ++this.#tickets, band: band(job) });
    letIn(gate);
    const list = (each: readonly { jobId: string }[]): string[] => each.map(({ jobId }) => jobId);
    same(list(gate.holders).toSorted().join(), [...isHeld].toSorted().join(), `${about}: inside ${name}`);
    same(list(gate.state.waiting).join(), [...isWaiting].join(), `${about}: waiting at ${name}`);
  }
}

/** An assertion takes 2 µs, and there are millions of them. */
function same<T>(ofCode: T, ofModel: T, about: string): void {
  if (ofCode !== ofModel) expect(ofCode, about).toBe(ofModel);
}

function letIn(gate: Gate): void {
  while (gate.grant().length > 0);
}

const idsOf = (jobs: readonly { id: string }[]): Set<string> => new Set(jobs.map(({ id }) => id));

function checkNext({ end, job, counts, next, amount }: Decision, about: string): void {
  const bad: BadEnd = { outcome: OUTCOMES[end], code: REASONS[end], error: { name: 'Error', message: 'as asked', retryable: true } };
  const { retry, limits, maxHalts, failIfLost, undoing, memoryBytes } = job;
  const onLost = failIfLost && !undoing ? 'FAIL' : 'RUN_AGAIN';
  const options = { ...PRODUCT_DEFAULTS.options, retry, maxHalts, onLost, limits: { ...limits, memoryBytes } } as const;
  const ofCode = nextAfter(bad, counts, options, () => 0.25);
  same(ofCode.do, next, about);
  if (ofCode.do === 'retry') same(ofCode.delayMs, Math.round(retry.jitter ? amount! / 4 : amount!), about);
  if (ofCode.do === 'retryWithMore') same(ofCode.memoryBytes, amount, about);
}
