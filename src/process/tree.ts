import { setTimeout as sleep } from 'node:timers/promises';
import { signalGroup } from './group.ts';
import { carries } from './mark.ts';
import { isDead, listPids, readEnviron, readStat, type Stat } from './proc.ts';

/**
 * A process and all that comes from it: its group and its session, what descends from them, and whoever carries the mark in
 * its environment: a grandchild with a session of its own whose parent has ended is known by nothing else.
 */
export type Tree = {
  /** Leads a group and a session; undefined where only a mark is known. */
  pid?: number;
  mark: string;
  /** Start time of its first process: who is older cannot carry its mark, and is not asked. */
  since?: number;
  /** A mark that begins as ours does, and is not meant. */
  but?: string;
  /** Members that were seen before, by pid, with their start time: one that has thrown off its environment stays known. */
  known: Map<number, string>;
  /** Nobody was left of it once: its numbers may be somebody else's by now. */
  isGone?: boolean;
};

/** Its processes that are not dead, from one look at /proc. Without /proc (not Linux) only the first of it can be named. */
export function membersOf(tree: Tree): Stat[] {
  if (tree.isGone) return [];
  const stats = listPids()
    .map(readStat)
    .filter((stat) => stat !== undefined && !isDead(stat)) as Stat[];
  if (stats.length === 0) return bareMember(tree);
  const members = new Map<number, Stat>();
  let others: Stat[] = [];
  for (const stat of stats) {
    if (isKnown(tree, stat)) members.set(stat.pid, stat);
    else others.push(stat);
  }
  // What comes from a member is one as well; until a look finds no more.
  for (let before = -1; before !== members.size;) {
    before = members.size;
    others = others.filter((stat) => {
      const isOurs = members.has(stat.parent) || members.has(stat.group) || members.has(stat.session);
      if (isOurs) members.set(stat.pid, stat);
      return !isOurs;
    });
  }
  for (const { pid, startTime } of members.values()) tree.known.set(pid, startTime);
  return [...members.values()];
}

export const pidsOf = (tree: Tree): Set<number> => new Set(membersOf(tree).map(({ pid }) => pid));

/**
 * Kills all of a tree and resolves when nobody is left of it.
 *
 * It looks again until it finds nobody: a member may have forked meanwhile. Only one that forks and ends without a pause,
 * each time into a session of its own, can be ahead of that.
 *
 * @returns the pids that were killed, those given included.
 */
export async function killTree(tree: Tree, killed = new Set<number>()): Promise<Set<number>> {
  const notOurs = new Set<number>();
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    const left = membersOf(tree).filter(({ pid }) => !notOurs.has(pid));
    if (left.length === 0) break;
    // At one stroke, with what has been forked since the look.
    if (tree.pid !== undefined && left.some(({ group }) => group === tree.pid)) signalGroup(tree.pid, 'SIGKILL');
    for (const { pid } of left) {
      if (signal(pid, 'SIGKILL') === 'refused') notOurs.add(pid);
      else killed.add(pid);
    }
    await sleep(pauseMs);
  }
  tree.isGone = true;
  return killed;
}

/** Asks all of a tree to end. A stopped one is let go on, for it could not hear. @returns who was asked. */
export function askTree(tree: Tree): Set<number> {
  const members = membersOf(tree);
  for (const { pid, state } of members) {
    signal(pid, 'SIGTERM');
    if (state === 'T') signal(pid, 'SIGCONT');
  }
  return new Set(members.map(({ pid }) => pid));
}

function isKnown({ pid: root, mark, since = 0, but, known }: Tree, { pid, group, session, startTime }: Stat): boolean {
  if (known.get(pid) === startTime) return true;
  // A number is not given again while a group or a session has it.
  if (root !== undefined && (group === root || session === root)) return true;
  if (pid === process.pid || Number(startTime) < since) return false;
  const environ = readEnviron(pid);
  return environ !== undefined && carries(environ, mark) && !(but !== undefined && carries(environ, but));
}

function bareMember({ pid }: Tree): Stat[] {
  if (pid === undefined || !signalGroup(pid, 0)) return [];
  const nothing = { cpuMs: 0, childCpuMs: 0, childFaults: 0, rssBytes: 0 };
  return [{ pid, state: '', parent: 0, group: pid, session: pid, startTime: '', ...nothing }];
}

/** `refused`: it has become somebody else's, a program with the rights of another user. */
function signal(pid: number, signal: NodeJS.Signals): 'sent' | 'gone' | 'refused' {
  try {
    process.kill(pid, signal);
    return 'sent';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return 'gone';
    if (code === 'EPERM') return 'refused';
    throw error;
  }
}

const FIRST_PAUSE_MS = 2;
const MAX_PAUSE_MS = 50;
