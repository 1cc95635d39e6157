import { setTimeout as pause } from 'node:timers/promises';
import { holdLock } from '../engine/fixtures/hold-lock.ts';
import { ROLES, type System, WORKERS } from './system.ts';
import { jobsOfProcess } from './trace.ts';

/** One thing that is done to a Millrace. `pick`, 0 to 1, chooses where there are several; `forMs` is for what lasts. */
export type Blow = { kind: BlowKind; pick: number; forMs: number };

/** What came of it. `hit`: the jobs whose attempts it cut off. */
export type Struck = { kind: BlowKind; at: number; overAt: number; hit: string[]; skipped?: string };

/** What is done, and how often of a hundred times. */
const WEIGHTS = {
  'kill runner': 14,
  'kill worker': 12,
  'kill orchestrator': 9,
  'kill api': 8,
  'kill guardian': 3,
  'kill Temporal': 8,
  'kill everything': 5,
  'end worker': 6,
  'stop runner': 5,
  'stop worker': 6,
  'stop orchestrator': 4,
  'stop api': 4,
  'stop Temporal': 4,
  'lock journal': 6,
  'fill disk': 6,
};
export type BlowKind = keyof typeof WEIGHTS;
export const BLOW_KINDS = Object.keys(WEIGHTS) as BlowKind[];

/** The next blow, drawn by the suite's seed; none of those in the first round is left out, so that a short run has each of them. */
export function* drawBlows(random: () => number, longestMs: number, kinds: BlowKind[] = BLOW_KINDS): Generator<Blow, never> {
  const first = kinds.map((kind) => ({ kind, order: random() })).toSorted((a, b) => a.order - b.order);
  for (let count = 0; ; count++) {
    const kind = first[count]?.kind ?? drawKind(random, kinds);
    // Most are short: the longer ones hide what follows them.
    yield { kind, pick: random(), forMs: Math.round(300 + (longestMs - 300) * random() ** 2) };
  }
}

function drawKind(random: () => number, kinds: BlowKind[]): BlowKind {
  let left = random() * kinds.reduce((sum, kind) => sum + WEIGHTS[kind], 0);
  return kinds.find((kind) => (left -= WEIGHTS[kind]) < 0) ?? kinds[0]!;
}

/** Deals out blows. What lasts is left to run beside those that follow, but for what cannot be done twice at a time. */
export class Hand {
  readonly struck: Struck[] = [];
  readonly #system: System;
  readonly #lasting = new Map<string, Promise<void>>();
  #fault: Error | undefined;

  constructor(system: System) {
    this.#system = system;
  }

  /** Resolves when it is done, or has begun where it lasts. */
  async strike({ kind, pick, forMs }: Blow): Promise<void> {
    const system = this.#system;
    const role = kind.endsWith(' worker') ? choose(WORKERS, pick)! : ROLES.find((name) => kind.endsWith(` ${name}`))!;
    switch (kind) {
      case 'kill runner':
        return this.#signal(kind, this.#oneOf('runner', pick), 'SIGKILL');
      case 'kill guardian':
        return this.#signal(kind, this.#oneOf('guardian', pick), 'SIGKILL');
      case 'kill worker':
      case 'kill orchestrator':
      case 'kill api':
        return this.#signal(kind, system.pid(role), 'SIGKILL');
      case 'end worker':
        return this.#signal(kind, system.pid(role), 'SIGTERM');
      case 'kill Temporal':
        return this.#last('Temporal', kind, [], () => system.killTemporal(forMs));
      case 'kill everything':
        return this.#last('Temporal', kind, this.#jobsOf(system.processes().map(({ pid }) => pid)), () => {
          for (const { pid } of system.processes()) kill(pid, 'SIGKILL');
          return system.killTemporal(0);
        });
      case 'stop runner':
        return this.#stopped(kind, this.#oneOf('runner', pick), forMs);
      case 'stop worker':
      case 'stop orchestrator':
      case 'stop api':
        return this.#stopped(kind, system.pid(role), forMs);
      case 'stop Temporal':
        return this.#last('Temporal', kind, [], async () => {
          kill(system.temporalPid!, 'SIGSTOP');
          await pause(forMs);
          kill(system.temporalPid!, 'SIGCONT');
        });
      case 'lock journal':
        return this.#last('journal', kind, [], async () => {
          const lock = await holdLock(system.journalFile);
          await pause(forMs);
          await lock.release();
        });
      case 'fill disk':
        if (system.noDisk !== undefined) return this.#note(kind, [], system.noDisk);
        return this.#last('journal', kind, [], async () => {
          system.fillDisk();
          await pause(forMs);
          system.emptyDisk();
        });
    }
  }

  /** Resolves when nothing lasts any more. @throws Error where Temporal has not come back: nothing that follows would mean anything. */
  async rest(): Promise<void> {
    await Promise.all(this.#lasting.values());
    if (this.#fault) throw this.#fault;
  }

  #signal(kind: BlowKind, pid: number | undefined, signal: NodeJS.Signals): void {
    if (pid === undefined) return this.#note(kind, [], 'it was not there');
    const hit = this.#jobsOf(kind.endsWith('worker') ? this.#runnersOf(pid) : [pid]);
    kill(pid, signal);
    this.#note(kind, hit);
  }

  #stopped(kind: BlowKind, pid: number | undefined, forMs: number): Promise<void> {
    if (pid === undefined) return Promise.resolve(this.#note(kind, [], 'it was not there'));
    return this.#last(`pid ${pid}`, kind, [], async () => {
      kill(pid, 'SIGSTOP');
      await pause(forMs);
      kill(pid, 'SIGCONT');
    });
  }

  async #last(what: string, kind: BlowKind, hit: string[], work: () => Promise<void>): Promise<void> {
    await this.#lasting.get(what);
    const at = Date.now();
    const working = work().then(
      () => void this.struck.push({ kind, at, overAt: Date.now(), hit }),
      (error: Error) => {
        this.#note(kind, hit, error.message);
        if (what === 'Temporal') this.#fault ??= error;
      },
    );
    const lasting = working.finally(() => this.#lasting.delete(what));
    this.#lasting.set(what, lasting);
  }

  #note(kind: BlowKind, hit: string[], skipped?: string): void {
    this.struck.push({ kind, at: Date.now(), overAt: Date.now(), hit, ...(skipped === undefined ? {} : { skipped }) });
  }

  #oneOf(kind: 'runner' | 'guardian', pick: number): number | undefined {
    return choose(
      this.#system.processes().filter((found) => found.kind === kind),
      pick,
    )?.pid;
  }

  #runnersOf(worker: number): number[] {
    return this.#system.processes().flatMap(({ pid, kind, parent }) => (kind === 'runner' && parent === worker ? [pid] : []));
  }

  #jobsOf(pids: number[]): string[] {
    return [...new Set(pids.flatMap((pid) => jobsOfProcess(this.#system.traceDir, pid)))];
  }
}

const choose = <T>(values: readonly T[], pick: number): T | undefined => values[Math.floor(pick * values.length)];

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended in between.
  }
}
