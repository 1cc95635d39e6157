import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Config, ConfigError } from '../config.ts';
import { endGroup, killGroup } from '../process/group.ts';
import { within } from '../process/within.ts';
import { type FromRole, REFUSED } from './role.ts';
import type { ToRole } from './stop-signal.ts';

export type Supervised = {
  /** Resolves with its facts when it is ready for the first time; rejects when it refuses to run. */
  ready: Promise<Record<string, string | number>>;
  /** Of the process it is now; undefined between two. */
  pid(): number | undefined;
  /** Resolves when it is gone: SIGTERM, SIGKILL after graceMs. */
  stop(graceMs: number): Promise<void>;
  /** For one that is stopping: has it wait for nothing any more. Resolves when it is gone, by SIGKILL after graceMs. */
  stopNow(graceMs: number): Promise<void>;
};

/** A role that cannot run as it is set up, in its own words. */
export class RoleRefused extends ConfigError {
  override name = 'RoleRefused';
}

/**
 * Keeps one role running as a process of its own: starts it again when it dies, at once and then with growing pauses.
 * It has a process group of its own, so that Ctrl-C in the terminal is ours alone to handle. `name` tells two of a role apart.
 */
export function supervise(
  role: string,
  config: Config,
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
  name: string = role,
): Supervised {
  const ready = Promise.withResolvers<Record<string, string | number>>();
  ready.promise.catch(() => {});
  let child: ChildProcess | undefined;
  let exited: Promise<unknown> = Promise.resolve();
  let wasReady = false;
  let stopping = false;
  let deaths = 0;
  let pause: NodeJS.Timeout | undefined;

  const start = (): void => {
    const startedAt = Date.now();
    const logs = join(config.dataDir, 'logs');
    mkdirSync(logs, { recursive: true });
    const logFile = join(logs, `${name}.log`);
    const log = openSync(logFile, 'a');
    let refused: string | undefined;
    child = spawn(process.execPath, [...process.execArgv, MAIN, role], { detached: true, stdio: ['ignore', log, log, 'ipc'], env });
    closeSync(log);
    exited = once(child, 'exit');
    child.on('message', (message: FromRole) => {
      if (message.type === 'refused') refused = message.message;
      else if (message.type === 'ready') {
        wasReady = true;
        ready.resolve(message.facts);
      } else if (refused === undefined && !stopping) say(`${name}: ${message.message}`);
    });
    child.once('exit', (code, signal) => {
      if (stopping) return;
      // Once it has run, its setup is right: what it lacks now, a Temporal far away or a port, may come back.
      if (code === REFUSED && !wasReady) return ready.reject(new RoleRefused(`${name} does not run: ${refused ?? `see ${logFile}`}`));
      deaths = Date.now() - startedAt > STEADY_MS ? 0 : deaths + 1;
      const pauseMs = deaths === 0 ? 0 : Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (deaths - 1));
      say(
        `${name} ended by ${signal ?? `exit ${code}`} and is started again${pauseMs > FIRST_PAUSE_MS ? ` in ${pauseMs / 1_000} s` : ''}; its log is ${logFile}`,
      );
      pause = setTimeout(start, pauseMs);
    });
  };
  start();

  return {
    ready: ready.promise,
    pid: () => (child?.exitCode === null && child.signalCode === null ? child.pid : undefined),
    async stop(graceMs) {
      stopping = true;
      clearTimeout(pause);
      if (child?.pid) await endGroup(child.pid, graceMs);
    },
    async stopNow(graceMs) {
      stopping = true;
      clearTimeout(pause);
      if (child?.connected) child.send({ type: 'stop-now' } satisfies ToRole, () => {});
      if (child?.pid && !(await within(graceMs, exited))) await killGroup(child.pid);
    },
  };
}

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const STEADY_MS = 10_000;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 10_000;
