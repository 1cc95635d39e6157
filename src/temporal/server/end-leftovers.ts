import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { endGroup } from '../../process/group.ts';
import type { DataPaths } from './data-paths.ts';

/**
 * Ends the server and UI of this data directory that an earlier run left behind, and resolves when they are gone: two servers
 * must not write one database. A pid that is somebody else's by now is left alone.
 *
 * It cannot tell a run that is alive from a dead one: who calls this must be the only one at work in the data directory.
 */
export async function endLeftovers(paths: DataPaths, say: (line: string) => void): Promise<void> {
  await Promise.all(
    [paths.serverPidFile, paths.uiPidFile].map(async (pidFile) => {
      const pid = readPid(pidFile);
      if (pid !== undefined && isOfDataDirectory(pid, paths)) {
        say(`Ending what an earlier run left behind: pid ${pid}, ${pidFile}.`);
        await endGroup(pid, GRACE_MS);
      }
      rmSync(pidFile, { force: true });
    }),
  );
}

/** The server's command line names its config file, the CLI's the database, the UI's the config directory. */
export function isOfDataDirectory(pid: number, paths: DataPaths): boolean {
  const commandLine = commandLineOf(pid);
  return [paths.serverConfigFile, paths.dbFile, paths.configDir].some((path) => commandLine.includes(` ${path} `));
}

/** With a space around every argument; empty for a process that is gone or a zombie. */
function commandLineOf(pid: number): string {
  try {
    const args =
      process.platform === 'linux'
        ? readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        : execFileSync('ps', ['-ww', '-o', 'args=', '-p', `${pid}`], { encoding: 'utf8' });
    return ` ${args.trim().replaceAll('\0', ' ')} `;
  } catch {
    return '';
  }
}

function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8').trim());
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

const GRACE_MS = 5_000;
