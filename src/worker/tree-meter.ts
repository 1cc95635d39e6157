import { isDead, readStat, type Stat } from '../process/proc.ts';
import type { Tree } from '../process/tree.ts';

/** Who kills process groups when we die. */
export type GroupWatch = { watch(group: number): void; forget(group: number): void };

/** What one process tree uses, by its members as far as they are known. */
export class TreeMeter {
  readonly tree: Tree;
  /** Resident memory of all members when it was read last. What they share is counted with each of them. */
  memoryBytes = 0;
  /** CPU time of all members since they began, those included that have ended. It never falls. */
  cpuMs = 0;
  /** Of members that ended and whose parent, gone before them, could not take their time over. */
  #lostMs = 0;
  readonly #groups: GroupWatch;
  /** Groups of its own that members have moved to. */
  #moved = new Set<number>();

  constructor(tree: Tree, groups: GroupWatch) {
    this.tree = tree;
    this.#groups = groups;
  }

  add({ pid, startTime }: Stat): void {
    this.tree.known.set(pid, startTime);
  }

  read(): void {
    let memoryBytes = 0;
    let cpuMs = 0;
    const moved = new Set<number>();
    for (const [pid, startTime] of this.tree.known) {
      const stat = readStat(pid);
      if (stat?.startTime !== startTime) {
        this.tree.known.delete(pid);
        continue;
      }
      cpuMs += stat.cpuMs + stat.childCpuMs;
      if (isDead(stat)) continue;
      memoryBytes += stat.rssBytes;
      if (stat.group !== this.tree.pid) moved.add(stat.group);
    }
    this.memoryBytes = memoryBytes;
    // Who has waited for a child has its time; where nobody did, the sum would fall.
    this.#lostMs = Math.max(this.#lostMs, this.cpuMs - cpuMs);
    this.cpuMs = cpuMs + this.#lostMs;
    this.#move(moved);
  }

  /** It is gone. */
  end(): void {
    this.#move(new Set());
  }

  #move(now: Set<number>): void {
    for (const group of now.difference(this.#moved)) this.#groups.watch(group);
    // At once: the number may be somebody else's next.
    for (const group of this.#moved.difference(now)) this.#groups.forget(group);
    this.#moved = now;
  }
}
