import { markIn } from '../process/mark.ts';
import type { AttemptSample } from '../journal/entries.ts';
import { isDead, lastPid, listPids, readEnviron, readStat, type Stat } from '../process/proc.ts';
import type { Tree } from '../process/tree.ts';
import { Gauge, type Follow } from './gauge.ts';
import { type GroupWatch, TreeMeter } from './tree-meter.ts';

/**
 * Watches what a worker's process trees use: one timer for all of them, and one look at the list of processes a time. Who is
 * new in it is asked once whose it is, so that a look costs as much as there are runners, not as there are processes.
 *
 * Its samples are at most {@link SAMPLE_MS} apart, however busy the runners are: they have a lower CPU priority than their
 * supervisor. Without /proc (not Linux) it sees nothing, and enforces nothing.
 */
export class Meter {
  /** By mark. */
  readonly #trees = new Map<string, TreeMeter>();
  /** Whose each process is; undefined for one that is none of ours. */
  readonly #owners = new Map<number, TreeMeter | undefined>();
  readonly #gauges = new Set<Gauge>();
  readonly #groups: GroupWatch;
  #timer: NodeJS.Timeout | undefined;
  /** CPU time of trees that are gone. */
  #goneCpuMs = 0;
  #lastPid: string | undefined;
  #seen: { at: number; cpuMs: number } | undefined;

  /** @param groups told of each process group that a tree's members have moved to, while one is there. */
  constructor(groups: GroupWatch) {
    this.#groups = groups;
  }

  /** @param onSamples given a sample of each running attempt, every second. */
  start(onSamples: (samples: AttemptSample[]) => void): void {
    this.#timer = setInterval(() => {
      const samples = this.#sample();
      if (samples.length > 0) onSamples(samples);
    }, SAMPLE_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** From now on until {@link remove}. */
  add(tree: Tree): void {
    const metered = new TreeMeter(tree, this.#groups);
    this.#trees.set(tree.mark, metered);
    const root = tree.pid === undefined ? undefined : readStat(tree.pid);
    if (root) this.#own(root, metered);
  }

  remove(tree: Tree): void {
    const metered = this.#trees.get(tree.mark);
    if (!metered) return;
    this.#trees.delete(tree.mark);
    this.#goneCpuMs += metered.cpuMs;
    metered.end();
  }

  /** Measures one attempt, which begins now. */
  follow(tree: Tree, follow: Follow): Gauge {
    const metered = this.#trees.get(tree.mark) ?? new TreeMeter(tree, this.#groups);
    const gauge = new Gauge(metered, follow, () => this.#gauges.delete(gauge));
    this.#gauges.add(gauge);
    return gauge;
  }

  /** Of the supervisor and all its trees: what they hold now, and their share of a core since the last time it was asked. */
  usage(): { cpuPercent: number | null; memoryBytes: number | null } {
    const own = readStat(process.pid);
    if (!own) return { cpuPercent: null, memoryBytes: null };
    const trees = [...this.#trees.values()];
    const at = performance.now();
    const cpuMs = trees.reduce((sum, tree) => sum + tree.cpuMs, own.cpuMs + this.#goneCpuMs);
    const memoryBytes = trees.reduce((sum, tree) => sum + tree.memoryBytes, own.rssBytes);
    const before = this.#seen;
    this.#seen = { at, cpuMs };
    const cpuPercent = before && at > before.at ? Math.max(0, Math.round((1_000 * (cpuMs - before.cpuMs)) / (at - before.at)) / 10) : null;
    return { cpuPercent, memoryBytes };
  }

  #sample(): AttemptSample[] {
    this.#findNew();
    for (const tree of this.#trees.values()) tree.read();
    return Array.from(this.#gauges, (gauge) => gauge.sample()).filter((sample) => sample !== undefined);
  }

  #findNew(): void {
    const last = lastPid();
    if (last !== undefined && last === this.#lastPid) return;
    this.#lastPid = last;
    const pids = listPids();
    for (const pid of pids) if (!this.#owners.has(pid)) this.#classify(pid);
    const there = new Set(pids);
    for (const pid of this.#owners.keys()) if (!there.has(pid)) this.#owners.delete(pid);
  }

  #classify(pid: number): void {
    const stat = readStat(pid);
    if (!stat) return;
    const relative = this.#owners.get(stat.parent) ?? this.#owners.get(stat.group) ?? this.#owners.get(stat.session);
    if (relative) return this.#own(stat, relative);
    const environ = readEnviron(pid);
    const mark = environ && markIn(environ);
    const tree = mark === undefined ? undefined : this.#trees.get(mark);
    if (tree) return this.#own(stat, tree);
    // Between fork and exec it has none yet; a kernel thread never has one.
    if (environ === '' && !isDead(stat) && stat.parent !== KTHREADD && pid !== KTHREADD) this.#lastPid = undefined;
    else this.#owners.set(pid, undefined);
  }

  #own(stat: Stat, tree: TreeMeter): void {
    this.#owners.set(stat.pid, tree);
    tree.add(stat);
  }
}

/** A limit may be passed by as much as a process can use in this time, and in the few ms that the kill takes. */
export const SAMPLE_MS = 200;
const KTHREADD = 2;
