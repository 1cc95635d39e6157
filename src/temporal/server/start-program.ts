import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { endGroup, signalGroup } from '../../process/group.ts';
import { withoutTemporalSettings } from './program-env.ts';

export type Program = {
  pid: number;
  /** A sentence, once the process is gone for whatever reason. */
  ended: Promise<string>;
  /** Resolves when its whole group is gone: SIGTERM, then SIGKILL after graceMs. */
  stop(graceMs: number): Promise<void>;
};

export type ProgramSpec = { title: string; path: string; args: string[]; env: NodeJS.ProcessEnv; logFile: string; pidFile: string };

/**
 * Starts a program in a process group of its own, so that a Ctrl-C in the terminal reaches it through us and in our order.
 * Its output is added to the log; the pid file is there until it has stopped.
 *
 * @throws Error when the program cannot be started.
 */
export async function startProgram({ title, path, args, env, logFile, pidFile }: ProgramSpec): Promise<Program> {
  const log = openSync(logFile, 'a');
  try {
    const child = spawn(path, args, { detached: true, stdio: ['ignore', log, log], env: withoutTemporalSettings(env) });
    // No pid: it could not be started, and the reason comes as an event.
    if (child.pid === undefined) throw (await once(child, 'error'))[0];
    // At once: a pid that is not written is a server that nobody ends should we be killed now.
    writeFileSync(pidFile, `${child.pid}\n`);
    return managed(child, child.pid, title, pidFile);
  } catch (error) {
    throw new Error(`${path} could not be started: ${(error as Error).message}`, { cause: error });
  } finally {
    closeSync(log);
  }
}

function managed(child: ChildProcess, pid: number, title: string, pidFile: string): Program {
  let stopping = false;
  let isGone = false;
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (exitCode, signal) => {
      isGone = true;
      // A wrapper script that is killed must not leave the server it wrapped.
      if (!stopping) signalGroup(pid, 'SIGKILL');
      resolve(`The ${title} (pid ${pid}) ended with ${signal ?? `exit code ${exitCode}`}.`);
    });
  });
  const stop = async (graceMs: number): Promise<void> => {
    stopping = true;
    // Long after it is gone the number may be another group's.
    if (!isGone) await endGroup(pid, graceMs);
    await ended;
    rmSync(pidFile, { force: true });
  };
  return { pid, ended, stop };
}
