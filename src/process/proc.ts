import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

/** What /proc tells of a process. Nothing of it is there where there is no /proc (not Linux). */
export type Stat = {
  pid: number;
  /** `R`, `S`, `T` (stopped), `Z` (a zombie), … */
  state: string;
  parent: number;
  group: number;
  session: number;
  /** Of its own threads. */
  cpuMs: number;
  /** Of its children that have ended and that it has waited for, with theirs. */
  childCpuMs: number;
  /** Page faults of those: grows with every child it has waited for. */
  childFaults: number;
  /** Resident memory. What processes share is counted with each of them. */
  rssBytes: number;
  /** In clock ticks since boot: tells a process from a later one with its number. */
  startTime: string;
};

/** Undefined when the process is gone. */
export function readStat(pid: number): Stat | undefined {
  const text = readProc(`${pid}/stat`);
  return text ? parseStat(pid, text) : undefined;
}

/** `/proc/<pid>/stat`, see proc_pid_stat(5): the fields after the name in brackets, which may hold anything. */
export function parseStat(pid: number, text: string): Stat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const number = (at: number): number => Number(fields[at]);
  return {
    pid,
    state: fields[0] ?? '',
    parent: number(1),
    group: number(2),
    session: number(3),
    childFaults: number(8),
    cpuMs: (number(11) + number(12)) * MS_PER_TICK,
    childCpuMs: (number(13) + number(14)) * MS_PER_TICK,
    startTime: fields[19] ?? '',
    rssBytes: number(21) * PAGE_BYTES,
  };
}

/** Dead, but for what its parent may still ask of it. */
export const isDead = ({ state }: Stat): boolean => state === 'Z' || state === 'X';

/** All processes there are; none where there is no /proc. */
export function listPids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** Of the last process or thread that was started: while it is the same, there is no new one. Undefined where the system does not say. */
export function lastPid(): string | undefined {
  const last = readProc('loadavg')?.trim().split(' ').at(-1);
  // Of an emulated /proc.
  return last === '0' ? undefined : last;
}

/** The environment a process was started with, `NAME=value` with a NUL after each. Undefined where we may not read it. */
export const readEnviron = (pid: number): string | undefined => readProc(`${pid}/environ`);

/** The processes that one has started, by whichever of its threads, and that have not gone to another parent since. */
export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      (readProc(`${pid}/task/${task}/children`) ?? '').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

// Not readFileSync: it asks for the size first, and sampling reads many of them.
function readProc(name: string): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(`/proc/${name}`, 'r');
    let text = '';
    for (;;) {
      const length = readSync(file, BUFFER, 0, BUFFER.length, null);
      text += BUFFER.toString('latin1', 0, length);
      if (length < BUFFER.length) return text;
    }
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Not 4 KiB everywhere: 16 or 64 on some arm64 systems. */
function pageBytes(): number {
  try {
    return 1024 * Number(/^KernelPageSize:\s+(\d+) kB/m.exec(readFileSync('/proc/self/smaps', 'latin1'))?.[1] ?? 4);
  } catch {
    return 4096;
  }
}

const BUFFER = Buffer.allocUnsafe(65_536);
/** USER_HZ, which is 100 for whoever reads /proc, whatever the kernel's own tick. */
const MS_PER_TICK = 10;
const PAGE_BYTES = pageBytes();
