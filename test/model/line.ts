import { band, isFinal, type ModelJob } from './job.ts';

/** The line of one pool, and whose turn it is at its slot, where it has one. */
export class Line {
  running: string | undefined;
  readonly hasSlot: boolean;
  /** Whose turn it may be as well, for what happens at one moment has no order. */
  #turn: string[] = [];
  #there: ModelJob[] = [];
  /** As it stood before what has happened last, and before what has happened before that. */
  #before: Stood[] = [];
  #earlier: Stood[] = [];

  constructor(hasSlot: boolean) {
    this.hasSlot = hasSlot;
  }

  get isFree(): boolean {
    return this.hasSlot && this.running === undefined;
  }

  /** Who may start now: more than one where the rules do not say who is first. None while the slot is taken. */
  candidates(line: ModelJob[]): string[] {
    return this.isFree ? [...new Set([...first(line), ...this.#turn])] : [];
  }

  start(id: string): void {
    this.running = id;
    this.#turn = [];
  }

  end(id: string): void {
    if (this.running === id) this.running = undefined;
  }

  /** Nobody has been quicker than the line: the slot is there again only when all has come to its place. */
  settleTurn(): void {
    this.#turn = [];
  }

  /** Something is about to happen. */
  begin(line: ModelJob[]): void {
    this.#there = line;
    this.#earlier = this.#before;
    this.#before = line.map((job) => ({ job, band: band(job), since: job.since }));
  }

  /**
   * It has happened. A slot that gets free may take who stands in line at that moment, before those that the same end brings there; and
   * of these whoever gets there first, unless one that is before it stands there. What was moved just before may still be on its way: to
   * Temporal's matching a change takes some 80 ms.
   */
  complete(line: ModelJob[], now: number): void {
    if (!this.isFree) return;
    const isThere = (job: ModelJob): boolean => !isFinal(job) && job.place === 'line';
    const there = this.#there.filter(isThere);
    const [next] = there;
    const [oldFirst] = this.#earlier.filter(({ job }) => isThere(job));
    const worst = Math.max(next ? band(next) : Infinity, oldFirst ? oldFirst.band : Infinity);
    const late = line.filter((job) => job.since >= now - 1 && band(job) < worst);
    const old = this.#earlier.filter((each) => isThere(each.job) && each.band === oldFirst!.band && each.since === oldFirst!.since);
    this.#turn = [...first(there), ...old.map(({ job }) => job.id), ...late.map(({ id }) => id)];
  }
}

type Stood = { job: ModelJob; band: number; since: number };

export const byTurn = (a: ModelJob, b: ModelJob): number => band(a) - band(b) || a.since - b.since;

/** The oldest of the lowest band; several where they are of one age. */
function first(line: ModelJob[]): string[] {
  const [next] = line;
  return line.filter((job) => next && band(job) === band(next) && job.since === next.since).map(({ id }) => id);
}
