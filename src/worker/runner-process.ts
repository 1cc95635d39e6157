import type { ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asEnv } from '../process/mark.ts';
import { start } from '../process/start.ts';

/** How a process has ended. `error`: it could not be started. */
export type Exit = { exitCode: number | null; signal: NodeJS.Signals | null; error?: Error };

export type RunnerProcessOptions = {
  jobsDir: string;
  /** Undefined: `millrace.yaml` of the working directory, if it is there. */
  commandsFile: string | undefined;
  /** Files that are not to be loaded. */
  skip: readonly string[];
  heapBytes: number;
  cacheDir: string;
};

/** Starts a runner's process, with its mark. Never throws: one that could not be started has no pid, and has exited. */
export function startRunnerProcess(options: RunnerProcessOptions, mark: string): { child: ChildProcess; exited: Promise<Exit> } {
  const { jobsDir, commandsFile = '', skip, heapBytes, cacheDir } = options;
  const flags = [`--max-old-space-size=${Math.floor(heapBytes / 2 ** 20)}`, '--disable-warning=ExperimentalWarning'];
  const child = start(process.execPath, [...flags, MAIN, jobsDir, commandsFile, ...skip], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(cacheDir, 'compiled'), ...asEnv(mark) },
  });
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    child.once('error', (error) => resolve({ exitCode: null, signal: null, error }));
  });
  if (child.pid) lowerPriority(child.pid);
  return { child, exited };
}

/** Handlers burn what the control plane leaves: a busy runner must not delay a heartbeat or an abort. */
function lowerPriority(pid: number): void {
  try {
    setPriority(pid, RUNNER_NICENESS);
    // With autogroup scheduling a session's own weight counts and not its processes' niceness (sched(7)).
    if (existsSync(`/proc/${pid}/autogroup`)) writeFileSync(`/proc/${pid}/autogroup`, String(RUNNER_NICENESS));
  } catch {
    // It has ended already; `exited` says so.
  }
}

const MAIN = fileURLToPath(new URL('./runner-main.ts', import.meta.url));
const RUNNER_NICENESS = 10;
