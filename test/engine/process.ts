import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FromRole } from '../../src/cli/role.ts';
import { endGroup, killGroup } from '../../src/process/group.ts';
import { within } from '../../src/process/within.ts';

/** One of Millrace's roles as a real process of a test. */
export class RoleProcess {
  readonly role: string;
  readonly #child: ChildProcess;
  readonly logFile: string;
  /** Resolves when the role has said that it is ready; rejects with its own words when it refuses or dies. */
  readonly ready: Promise<void>;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;

  /** `through`: a command that runs the one given to it as the same process, such as nsenter. */
  constructor(role: string, env: NodeJS.ProcessEnv, dataDir: string, args: string[] = [], through: string[] = []) {
    this.role = role;
    mkdirSync(join(dataDir, 'logs'), { recursive: true });
    this.logFile = join(dataDir, 'logs', `${role}.log`);
    const log = openSync(this.logFile, 'a');
    const command = [...through, process.execPath, '--disable-warning=ExperimentalWarning', MAIN, role, ...args];
    this.#child = spawn(command[0]!, command.slice(1), {
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
      env,
    });
    this.exited = new Promise((resolve) => this.#child.once('exit', (code, signal) => resolve({ code, signal })));
    this.ready = new Promise((resolve, reject) => {
      this.#child.on('message', (message: FromRole) => {
        if (message.type === 'ready') resolve();
        if (message.type === 'refused') reject(new Error(message.message));
      });
      void this.exited.then(({ code, signal }) =>
        reject(new Error(`${role} ended by ${signal ?? `exit ${code}`} before it was ready:\n${this.log().slice(-2_000)}`)),
      );
    });
    this.ready.catch(() => {});
  }

  get pid(): number {
    return this.#child.pid!;
  }

  log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** kill -9 of the process alone: what it has started is left to itself. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  /** SIGTERM; a test fails that has a role which does not end by it. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    if (await within(30_000, this.exited)) return;
    await killGroup(this.pid);
    throw new Error(`a role did not end within 30 s of SIGTERM:\n${this.log().slice(-2_000)}`);
  }

  /** The same for a worker that may have long jobs: a second SIGTERM, where it still drains after a second, has it wait for none of them. */
  async stopNow(): Promise<void> {
    this.#child.kill('SIGTERM');
    if (!(await within(1_000, this.exited))) await this.stop();
  }

  async end(): Promise<void> {
    await endGroup(this.pid, 0);
  }
}

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
