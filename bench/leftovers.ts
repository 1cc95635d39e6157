import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signalGroup } from '../src/process/group.ts';

/** A directory of the bench's own; gone with {@link removeDir}, at the latest with {@link leaveNothing}. */
export function makeDir(what: string): string {
  const dir = mkdtempSync(join(tmpdir(), `millrace-bench-${what}-`));
  dirs.add(dir);
  return dir;
}

export function removeDir(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
  dirs.delete(dir);
}

/** A process group that must not outlive the bench. */
export const watchGroup = (pgid: number): void => void groups.add(pgid);
export const forgetGroup = (pgid: number): void => void groups.delete(pgid);

/** For the bench's own end, whatever brought it: kills what was started, and what that has started (known by its pid files). */
export function leaveNothing(): void {
  for (const pgid of groups) signalGroup(pgid, 'SIGKILL');
  for (const dir of dirs) {
    for (const pid of pidsIn(join(dir, 'run'))) signalGroup(pid, 'SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
}

function pidsIn(dir: string): number[] {
  try {
    const files = readdirSync(dir).filter((name) => name.endsWith('.pid'));
    return files.map((name) => Number.parseInt(readFileSync(join(dir, name), 'utf8'), 10)).filter((pid) => pid > 1);
  } catch {
    return [];
  }
}

const groups = new Set<number>();
const dirs = new Set<string>();
