import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownerOf } from '../../process/pid-file.ts';

/** A process, or the runners of one, and the memory they take. `ownBytes` counts what processes share only once over all of them. */
export type Memory = { name: string; pids: number[] } & Usage;
type Usage = { rssBytes: number; peakBytes: number; ownBytes: number };

/** The processes of a data directory by their pid files, and the runners of its workers. Nothing without /proc. */
export function memoryOf(dataDir: string): Memory[] {
  const parents = parentsOfAll();
  const rows: Memory[] = [];
  const add = (name: string, pids: number[]): void => {
    const used = pids.map(usageOf).filter((usage) => usage !== undefined);
    if (used.length === 0) return;
    const sum = (key: keyof Usage): number => used.reduce((total, usage) => total + usage[key], 0);
    rows.push({ name, pids, rssBytes: sum('rssBytes'), peakBytes: sum('peakBytes'), ownBytes: sum('ownBytes') });
  };
  for (const file of pidFiles(dataDir)) {
    const name = file.slice(0, -'.pid'.length);
    const pid = ownerOf(join(dataDir, 'run', file));
    if (pid === undefined || pid === process.pid) continue;
    add(name, [pid]);
    if (!name.startsWith('worker')) continue;
    const runners = Array.from(parents).filter(([child, parent]) => parent === pid && isRunner(child));
    add(
      `${runners.length} runners of ${name}`,
      runners.map(([child]) => child),
    );
  }
  add('this demo', [process.pid]);
  return rows;
}

function pidFiles(dataDir: string): string[] {
  return readdirSync(join(dataDir, 'run'))
    .filter((name) => name.endsWith('.pid'))
    .sort();
}

/** See proc_pid_status(5) and proc_pid_smaps(5). */
function usageOf(pid: number): Usage | undefined {
  try {
    const bytesIn = (file: string, field: string): number =>
      1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'latin1'))?.[1] ?? 0);
    return { rssBytes: bytesIn('status', 'VmRSS'), peakBytes: bytesIn('status', 'VmHWM'), ownBytes: bytesIn('smaps_rollup', 'Pss') };
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
