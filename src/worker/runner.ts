import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Json } from '../index.ts';
import type { JobError } from '../job/spec.ts';
import type { ReasonCode } from '../job/status.ts';
import type { LoggedLine } from '../journal/entries.ts';
import type { Guardian } from '../process/guardian.ts';
import { groupMembers, killGroup, signalGroup } from '../process/group.ts';
import { within } from '../process/within.ts';
import { Channel, CHANNEL_FD, type Hearer } from './channel.ts';
import { AttemptLog, type LogCaps } from './attempt-log.ts';
import { LineReader } from './lines.ts';
import { type FromRunner, type LoadedType, readMessage, type RunnerAttempt, type ToRunner } from './protocol.ts';

export type RunnerEnd =
  | { kind: 'done'; result: Json; reusable: boolean }
  | { kind: 'failed'; code: ReasonCode; error: JobError; reusable: boolean }
  /** Nobody asked it to die; `broke`: but for how it has broken the protocol, which it was killed for. */
  | { kind: 'died'; exitCode: number | null; signal: NodeJS.Signals | null; broke?: string | undefined };

export type KillReceipt = { signal: NodeJS.Signals; killMs: number; killedPids: number[] };

export type Listener = { progress(fraction: number): void; save(value: Json): void; line(line: LoggedLine): void };

export type RunnerOptions = { jobsDir: string; heapBytes: number; logCaps: LogCaps; cacheDir: string; guardian: Guardian };

/** One child process that executes handler code, one attempt at a time, in a process group of its own. */
export class Runner {
  readonly pid: number;
  /** Resolves when the job modules are loaded; rejects when the process ends before that. */
  readonly ready: Promise<{ types: LoadedType[]; problems: string[] }>;
  readonly exited: Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }>;
  readonly #child: ChildProcess;
  readonly #channel: Channel | undefined;
  readonly #stdout: LineReader;
  readonly #stderr: LineReader;
  readonly #logCaps: LogCaps;
  #hear: ((message: FromRunner) => void) | undefined;
  #runs = 0;
  #broke: string | undefined;

  constructor({ jobsDir, heapBytes, logCaps, cacheDir, guardian }: RunnerOptions) {
    this.#logCaps = logCaps;
    const heapMiB = Math.floor(heapBytes / 2 ** 20);
    const child = spawn(process.execPath, [`--max-old-space-size=${heapMiB}`, '--disable-warning=ExperimentalWarning', MAIN, jobsDir], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(cacheDir, 'compiled') },
    });
    this.#child = child;
    this.exited = new Promise((resolve) => {
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
      child.once('error', () => resolve({ exitCode: null, signal: null }));
    });
    this.pid = child.pid ?? 0;
    this.#stdout = new LineReader(child.stdout!, 'STDOUT');
    this.#stderr = new LineReader(child.stderr!, 'STDERR');
    this.ready = new Promise((resolve, reject) => {
      const said: string[] = [];
      void this.#stderr.read(0, new AttemptLog(logCaps, (line) => said.push(line.text)));
      this.#hear = (message) => {
        if (message.type === 'ready') resolve(message);
      };
      void this.exited.then(({ exitCode, signal }) =>
        reject(new Error(`a runner ended by ${signal ?? `exit ${exitCode}`} before it was ready: ${said.slice(-5).join(' ')}`)),
      );
    });
    this.ready.catch(() => {});
    if (!child.pid) return;
    const hearer: Hearer = {
      heard: (value) => {
        const message = readMessage(value);
        if (message) this.#hear?.(message);
        else this.#halt(`it has said ${JSON.stringify(value).slice(0, 100)}`);
      },
      broken: (why) => this.#halt(`it has said ${why}`),
      // One that dies closes it, too. One that lives on cannot answer any more.
      closed: () => void within(EXIT_WAIT_MS, this.exited).then((isGone) => isGone || this.#halt('it has closed its channel')),
    };
    this.#channel = new Channel(child.stdio[CHANNEL_FD] as Duplex, hearer, MAX_MESSAGE_BYTES);
    guardian.watch(this.pid);
    void this.exited.then(() => killGroup(this.pid)).then(() => guardian.forget(this.pid));
    lowerPriority(this.pid);
  }

  /** A handler has closed its stdout or stderr, or the process has ended, or is about to: a further attempt, or its output, would be lost. */
  get spent(): boolean {
    return this.#stdout.isClosed || this.#stderr.isClosed || this.#broke !== undefined;
  }

  /** Resolves when it is spent; a moment after the end of the attempt that did it, maybe. */
  get untilSpent(): Promise<void> {
    return Promise.race([this.#stdout.closed, this.#stderr.closed]);
  }

  /** Runs one attempt and resolves with its end, its output read to the last line. */
  async run(attempt: RunnerAttempt, listener: Listener): Promise<RunnerEnd> {
    const run = ++this.#runs;
    const log = new AttemptLog(this.#logCaps, (line) => listener.line(line));
    const output = Promise.all([this.#stdout.read(run, log), this.#stderr.read(run, log)]);
    const end = await new Promise<RunnerEnd>((resolve) => {
      this.#hear = (message) => {
        if (message.type === 'ready' || message.run !== run) return;
        switch (message.type) {
          case 'started':
            return;
          case 'progress':
            return listener.progress(message.fraction);
          case 'checkpoint':
            return listener.save(message.value);
          case 'done':
            return resolve({ kind: 'done', result: message.result, reusable: message.reusable });
          case 'failed':
            return resolve({ kind: 'failed', code: message.code, error: message.error, reusable: message.reusable });
        }
      };
      void this.exited.then((exit) => resolve({ kind: 'died', ...exit, ...(this.#broke === undefined ? {} : { broke: this.#broke }) }));
      this.#channel?.send({ type: 'run', run, attempt } satisfies ToRunner);
    });
    this.#hear = undefined;
    const isThrough = await within(OUTPUT_WAIT_MS, output);
    log.end();
    // The rest of its output would be taken for the next attempt's.
    return isThrough || end.kind === 'died' ? end : { ...end, reusable: false };
  }

  #halt(why: string): void {
    this.#broke ??= why;
    this.#child.kill('SIGKILL');
  }

  /**
   * Ends the process and all of its group: SIGTERM, SIGKILL after graceMs (at once with 0). Resolves when they are gone.
   *
   * `answered` is the attempt's own end, to leave the grace early when the handler has listened.
   */
  async kill(graceMs: number, answered?: Promise<unknown>): Promise<KillReceipt> {
    const began = performance.now();
    const killedPids = groupMembers(this.pid);
    let signal: NodeJS.Signals = 'SIGKILL';
    if (graceMs > 0 && signalGroup(this.pid, 'SIGTERM')) {
      const inTime = await within(graceMs, Promise.race([this.exited, ...(answered ? [answered] : [])]));
      // SIGKILL after the grace: a CPU-bound loop never yields, so it sees neither our message nor its SIGTERM handler.
      if (inTime) signal = 'SIGTERM';
    }
    await killGroup(this.pid);
    await this.exited;
    return { signal, killMs: Math.round((performance.now() - began) * 10) / 10, killedPids };
  }
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
const OUTPUT_WAIT_MS = 250;
const EXIT_WAIT_MS = 1_000;
/** A result has at most 1 MiB, and nothing that it says is much longer. */
const MAX_MESSAGE_BYTES = 16 * 2 ** 20;
