import { listPids, readEnviron, readStat } from '../../src/process/proc.ts';
import { commandOf } from '../engine/fixtures/there.ts';

export type Found = { pid: number; parent: number; kind: 'role' | 'runner' | 'guardian' | 'other'; command: string };

/** Every living process that has a data directory in its environment: roles, runners, guardians, and whatever handlers have started. */
export function processesOf(dataDir: string): Found[] {
  return listPids()
    .filter((pid) => readEnviron(pid)?.includes(`MILLRACE_DATA_DIR=${dataDir}\0`))
    .flatMap((pid) => {
      const [command, stat] = [commandOf(pid), readStat(pid)];
      return stat && command ? [{ pid, parent: stat.parent, kind: kindOf(command), command }] : [];
    });
}

function kindOf(command: string): Found['kind'] {
  if (command.includes('runner-main.ts')) return 'runner';
  if (command.includes('/src/cli/main.ts')) return 'role';
  // `sleep 1` is what it tells the time by.
  return command.includes('guardian.sh MILLRACE_RUNNER=') || command === 'sleep 1' ? 'guardian' : 'other';
}
