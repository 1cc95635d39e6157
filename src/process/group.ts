import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

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
    return statOf(pid)?.state !== 'Z';
  } catch {
    return false;
  }
}

/** The pids in a group that are not zombies. Without /proc (not Linux) only the leader can be named. */
export function groupMembers(pgid: number): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        const stat = statOf(pid);
        return stat?.pgid === pgid && stat.state !== 'Z';
      });
  } catch {
    return signalGroup(pgid, 0) ? [pgid] : [];
  }
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

/** Memory and CPU time of a process, from /proc; undefined where it is gone or there is no /proc. */
export function usageOf(pid: number): { rssBytes: number; cpuMs: number } | undefined {
  const stat = statOf(pid);
  return stat && { rssBytes: stat.rssPages * PAGE_BYTES, cpuMs: stat.cpuTicks * MS_PER_TICK };
}

/** `/proc/<pid>/stat`, see proc_pid_stat(5): the fields after the name in brackets. */
function statOf(pid: number): { state: string; pgid: number; cpuTicks: number; rssPages: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return {
      state: fields[0] ?? '',
      pgid: Number(fields[2]),
      cpuTicks: Number(fields[11]) + Number(fields[12]),
      rssPages: Number(fields[21]),
    };
  } catch {
    return undefined;
  }
}

const POLL_MS = 5;
const PAGE_BYTES = 4096;
const MS_PER_TICK = 10;
