import { ChildProcess, spawn, type SpawnOptions } from 'node:child_process';

/**
 * Starts a process. Never throws: where the system has no process, memory or file descriptor left for it, the one that is returned
 * has no pid, maybe no streams, and emits `error`, as Node itself has it for some of these causes.
 */
export function start(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  try {
    return spawn(command, args, options);
  } catch (error) {
    const never = new ChildProcess();
    process.nextTick(() => never.emit('error', error));
    return never;
  }
}
