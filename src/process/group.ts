import { setTimeout as sleep } from 'node:timers/promises';
import { isDead, listPids, readStat } from './proc.ts';

/** Sends a signal to a process group. False when nobody is left in it. */
export function signalGroup(pgid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pgid, signal);
    return true;
  } catch (error) {
    // EPERM would mean a group of somebody else's: the number was used again, ours is gone.
    if (['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = readStat(pid);
    return !stat || !isDead(stat);
  } catch {
    return false;
  }
}

/** The pids in a group that are not zombies. Without /proc (not Linux) only the leader can be named. */
export function groupMembers(pgid: number): number[] {
  const pids = listPids();
  if (pids.length === 0) return signalGroup(pgid, 0) ? [pgid] : [];
  return pids.filter((pid) => {
    const stat = readStat(pid);
    return stat?.group === pgid && !isDead(stat);
  });
}

/** Kills a group at once and resolves when nobody is left in it. */
export async function killGroup(pgid: number): Promise<void> {
  // Again each time: a member may have forked while the first signal was under way.
  while (signalGroup(pgid, 'SIGKILL') && groupMembers(pgid).length > 0) await sleep(POLL_MS);
}

/** Asks a group to end, kills what is left after graceMs, and resolves when nobody is. */
export async function endGroup(pgid: number, graceMs: number, ask: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (!signalGroup(pgid, ask)) return;
  const until = Date.now() + graceMs;
  while (groupMembers(pgid).length > 0) {
    if (Date.now() >= until) return killGroup(pgid);
    await sleep(POLL_MS);
  }
}

const POLL_MS = 5;
