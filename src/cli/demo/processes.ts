import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A process, or those that a process has started, with the memory they take. Peaks are of each alone. */
export type Memory = { name: string; pids: number[]; rssBytes: number; peakBytes: number };

/** The processes of a data directory by their pid files, and the runners of its workers. Nothing without /proc. */
export function memoryOf(dataDir: string): Memory[] {
  const parents = parentsOfAll();
  const rows: Memory[] = [];
  const add = (name: string, pids: number[]): void => {
    const used = pids.map(usageOf).filter((usage) => usage !== undefined);
    if (used.length === 0) return;
    const sum = (key: 'rssBytes' | 'peakBytes'): number => used.reduce((total, usage) => total + usage[key], 0);
    rows.push({ name, pids, rssBytes: sum('rssBytes'), peakBytes: sum('peakBytes') });
  };
  for (const file of pidFiles(dataDir)) {
    const name = file.slice(0, -'.pid'.length);
    const pid = Number(readFileSync(join(dataDir, 'run', file), 'utf8').trim().split(' ')[0]);
    if (pid === process.pid) continue;
    add(name, [pid]);
    if (!name.startsWith('worker')) continue;
    const runners = Array.from(parents).filter(([child, parent]) => parent === pid && isRunner(child));
    add(`${runners.length} runners of ${name}`, runners.map(([child]) => child));
  }
  add('this demo', [process.pid]);
  return rows;
}

function pidFiles(dataDir: string): string[] {
  return readdirSync(join(dataDir, 'run'))
    .filter((name) => name.endsWith('.pid'))
    .sort();
}

/** `/proc/<pid>/status`, see proc_pid_status(5). */
function usageOf(pid: number): { rssBytes: number; peakBytes: number } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const bytes = (field: string): number => 1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
    return { rssBytes: bytes('VmRSS'), peakBytes: bytes('VmHWM') };
  } catch {
    return undefined;
  }
}

function parentsOfAll(): Map<number, number> {
  const parents = new Map<number, number>();
  try {
    for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      try {
        parents.set(Number(name), Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'latin1'))?.[1]));
      } catch {
        // Gone since the directory was read.
      }
    }
  } catch {
    // Not Linux.
  }
  return parents;
}

function isRunner(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('runner-main.ts');
  } catch {
    return false;
  }
}
