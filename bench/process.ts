import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FromRole } from '../src/cli/role.ts';
import { endGroup } from '../src/process/group.ts';
import { forgetGroup, watchGroup } from './leftovers.ts';

export type Start = {
  args: string[];
  env: NodeJS.ProcessEnv;
  logFile: string;
  /** As taskset has it; all cores without. */ cpus?: string | undefined;
};

/** One process of a side, in a group of its own. It says over IPC when it is ready, as Millrace's roles do. */
export class Process {
  /** Resolves with how long it took from spawn; rejects with its own words. */
  readonly ready: Promise<number>;
  readonly pid: number;
  readonly #child: ChildProcess;
  #stopping = false;

  constructor({ args, env, logFile, cpus }: Start) {
    mkdirSync(dirname(logFile), { recursive: true });
    const log = openSync(logFile, 'a');
    const command = [
      ...(cpus === undefined ? [] : ['taskset', '-c', cpus]),
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      ...args,
    ];
    const began = performance.now();
    this.#child = spawn(command[0]!, command.slice(1), {
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
      env: { ...env, NODE_OPTIONS: env['BENCH_NODE_OPTIONS'] ?? '' },
    });
    this.pid = this.#child.pid!;
    watchGroup(this.pid);
    this.ready = new Promise((resolve, reject) => {
      this.#child.on('message', (message: FromRole) => {
        if (message.type === 'ready') resolve(performance.now() - began);
        if (message.type === 'refused') reject(new Error(message.message));
      });
      this.#child.once('exit', (code, signal) => {
        forgetGroup(this.pid);
        if (this.#stopping) return;
        reject(new Error(`${args.join(' ')} ended by ${signal ?? `exit ${code}`}:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`));
      });
    });
    this.ready.catch(() => {});
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await endGroup(this.pid, STOP_MS);
  }
}

/** The processes that a process has started, and theirs. */
export function descendants(pid: number): number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
    );
    return children.flatMap((child) => [child, ...descendants(child)]);
  } catch {
    return [];
  }
}

/** Binds all threads a process has now, and those they start later, to cores. */
export function pin(pid: number, cpus: string): void {
  execFileSync('taskset', ['-a', '-c', '-p', cpus, String(pid)], { stdio: 'ignore' });
}

export const scriptOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const STOP_MS = 15_000;
