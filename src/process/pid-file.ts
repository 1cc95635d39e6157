import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Takes a pid file for this process. Undefined while another living process has it; one whose process is gone is taken
 * over, also when its number is in use again (the start time is kept beside it).
 */
export function claimPidFile(file: string): { release(): void } | undefined {
  mkdirSync(dirname(file), { recursive: true });
  const own = `${file}.${process.pid}`;
  writeFileSync(own, `${process.pid} ${startTimeOf(process.pid) ?? ''}\n`);
  try {
    for (;;) {
      try {
        // A link is made whole or not at all: nobody reads half a pid file.
        linkSync(own, file);
        return { release: () => rmSync(file, { force: true }) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        if (ownerOf(file) !== undefined) return undefined;
        rmSync(file, { force: true });
      }
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** The pid in the file, while that very process lives. */
export function ownerOf(file: string): number | undefined {
  try {
    const [pid, startTime] = readFileSync(file, 'utf8').trim().split(' ');
    const number = Number(pid);
    process.kill(number, 0);
    return startTime && startTimeOf(number) !== startTime ? undefined : number;
  } catch {
    return undefined;
  }
}

/** In clock ticks since boot (proc_pid_stat(5), field 22); undefined without /proc. */
function startTimeOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
