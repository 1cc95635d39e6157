import type { ChildProcess } from 'node:child_process';
import { type Duplex, Readable } from 'node:stream';
import type { Annotations, Json } from '../index.ts';
import type { JobError } from '../job/spec.ts';
import type { ReasonCode } from '../job/status.ts';
import type { LoggedLine } from '../journal/entries.ts';
import type { Guardian } from '../process/guardian.ts';
import { isAlive } from '../process/group.ts';
import { ofRunner } from '../process/mark.ts';
import { childrenOf, readStat } from '../process/proc.ts';
import { askTree, killTree, membersOf, pidsOf, type Tree } from '../process/tree.ts';
import { within } from '../process/within.ts';
import { Channel, CHANNEL_FD, type Hearer } from './channel.ts';
import { AttemptLog, type LogCaps } from './attempt-log.ts';
import { LineReader } from './lines.ts';
import { Loading } from './loading.ts';
import type { Meter } from './meter.ts';
import { type Answer, type FromRunner, type Loaded, readMessage, type RunnerAttempt, type ToRunner } from './protocol.ts';
import { type Exit, type RunnerProcessOptions, startRunnerProcess } from './runner-process.ts';

export type RunnerEnd =
  | { kind: 'done'; result: Json; reusable: boolean }
  | { kind: 'failed'; code: ReasonCode; error: JobError; reusable: boolean }
  /**
   * Nobody asked it to die; `broke`: but for how it has broken the protocol, which it was killed for. `outOfHeap`: Node ended itself, for
   * its heap was full.
   */
  | { kind: 'died'; exitCode: number | null; signal: NodeJS.Signals | null; outOfHeap: boolean; broke?: string | undefined };

export type KillReceipt = { signal: NodeJS.Signals; killMs: number; killedPids: number[] };

export type Listener = {
  progress(fraction: number): void;
  save(value: Json): void;
  line(line: LoggedLine): void;
  annotate(all: Annotations): void;
  /** The handler has ended and its hooks go on: what they do, and what becomes of the process, changes the end no more. */
  answered(): void;
};

export type RunnerOptions = RunnerProcessOptions & {
  logCaps: LogCaps;
  guardian: Guardian;
  meter: Meter;
  /** The worker's own, which a runner's begins with. */
  mark: string;
  /** How long one file may take to load. */
  loadMs?: number;
};

/** One child process that executes handler code, one attempt at a time, in a process group of its own. */
export class Runner {
  readonly pid: number;
  /** The process and all that it starts. */
  readonly tree: Tree;
  readonly heapBytes: number;
  /** Resolves when the job modules are loaded; rejects with a {@link LoadFailed} when the process ends, or takes too long, before that. */
  readonly ready: Promise<Loaded>;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #guardian: Guardian;
  readonly #channel: Channel | undefined;
  readonly #stdout: LineReader;
  readonly #stderr: LineReader;
  readonly #logCaps: LogCaps;
  #hear: ((message: FromRunner) => void) | undefined;
  #runs = 0;
  #broke: string | undefined;
  /** Started by the job modules as they were loaded: they are part of it. */
  #ownChildren = new Set<number>();
  #childFaults = 0;
  #saidOutOfHeap = false;
  #cleared: Promise<Set<number>> = Promise.resolve(new Set());

  constructor(options: RunnerOptions) {
    const { heapBytes, logCaps, guardian, meter, mark: workerMark, loadMs = LOAD_MS } = options;
    this.#logCaps = logCaps;
    this.#guardian = guardian;
    this.heapBytes = heapBytes;
    const mark = ofRunner(workerMark);
    const { child, exited } = startRunnerProcess(options, mark);
    this.#child = child;
    this.exited = exited;
    this.pid = child.pid ?? 0;
    this.tree = child.pid
      ? { pid: child.pid, mark, since: startOf(child.pid), known: new Map() }
      : { mark, known: new Map(), isGone: true };
    this.#stdout = new LineReader(child.stdout ?? Readable.from([]), 'STDOUT');
    this.#stderr = new LineReader(child.stderr ?? Readable.from([]), 'STDERR');
    this.ready = this.#load(loadMs);
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
    meter.add(this.tree);
    // What is left of it where it has died by itself.
    this.#cleared = this.exited.then(() => killTree(this.tree));
    void this.#cleared.then(() => {
      meter.remove(this.tree);
      guardian.forget(this.pid);
    });
  }

  /** False where the system had nothing left to start a process with; `ready` rejects with the cause. */
  get hasStarted(): boolean {
    return this.pid > 0;
  }

  /** A handler has closed its stdout or stderr, or the process has ended, or is about to: a further attempt, or its output, would be lost. */
  get spent(): boolean {
    return this.#stdout.isClosed || this.#stderr.isClosed || this.#broke !== undefined;
  }

  /** Resolves when it is spent; a moment after the end of the attempt that did it, maybe. */
  get untilSpent(): Promise<void> {
    return Promise.race([this.#stdout.closed, this.#stderr.closed]);
  }

  async #load(loadMs: number): Promise<Loaded> {
    const loading = new Loading(loadMs, this.exited, () => void killTree(this.tree));
    const early = new AttemptLog(this.#logCaps, (line) => {
      loading.line(line.text);
      this.#look(line);
    });
    void this.#stderr.read(0, early);
    this.#hear = (message) => loading.hear(message);
    const loaded = await loading.loaded;
    this.#ownChildren = new Set(childrenOf(this.pid));
    return loaded;
  }

  /** Until when, by `upS`, it may live whatever becomes of us: its guardian sees to it. Undefined: as long as we live. */
  mayLiveUntil(untilS: number | undefined): void {
    // Its number may be somebody else's.
    if (this.tree.isGone) return;
    this.#guardian.watch(this.pid, untilS === undefined ? undefined : { untilS, mark: this.tree.mark });
  }

  /** Runs one attempt, as soon as it is ready, and resolves with its end, its hooks over and its output read to the last line. */
  async run(attempt: RunnerAttempt, listener: Listener): Promise<RunnerEnd> {
    await this.ready.catch(() => {});
    this.#childFaults = readStat(this.pid)?.childFaults ?? 0;
    const run = ++this.#runs;
    const log = new AttemptLog(this.#logCaps, (line) => {
      this.#look(line);
      listener.line(line);
    });
    const output = Promise.all([this.#stdout.read(run, log), this.#stderr.read(run, log)]);
    let hooksLate: NodeJS.Timeout | undefined;
    const end = await new Promise<RunnerEnd>((resolve) => {
      let answered: Answer | undefined;
      this.#hear = (message) => {
        if (message.type === 'ready' || message.type === 'loading' || message.run !== run) return;
        switch (message.type) {
          case 'started':
            return;
          case 'progress':
            return listener.progress(message.fraction);
          case 'checkpoint':
            return listener.save(message.value);
          case 'annotations':
            return listener.annotate(message.value);
          case 'answered':
            answered = message.answer;
            // A hook that never yields, too, costs its process and not the outcome.
            hooksLate = setTimeout(() => resolve(endOf(message.answer, false)), HOOKS_WAIT_MS);
            return listener.answered();
          case 'done':
          case 'failed':
            return resolve(endOf(answered ?? message, message.reusable));
        }
      };
      const died = ({ exitCode, signal }: Exit): RunnerEnd => ({
        kind: 'died',
        exitCode,
        signal,
        outOfHeap: false,
        ...(this.#broke === undefined ? {} : { broke: this.#broke }),
      });
      void this.exited.then((exit) => resolve(answered ? endOf(answered, false) : died(exit)));
      this.#channel?.send({ type: 'run', run, attempt } satisfies ToRunner);
    });
    this.#hear = undefined;
    clearTimeout(hooksLate);
    // Of one that has died the streams close for sure, and its last words may say why.
    const isThrough = await within(end.kind === 'died' ? LAST_WORDS_WAIT_MS : OUTPUT_WAIT_MS, output);
    log.end();
    // Known by its last words, which come before its end, or after it.
    if (end.kind === 'died') return { ...end, outOfHeap: this.#saidOutOfHeap && end.signal === 'SIGABRT' };
    // The rest of its output would be taken for the next attempt's.
    return isThrough ? end : { ...end, reusable: false };
  }

  #halt(why: string): void {
    this.#broke ??= why;
    this.#child.kill('SIGKILL');
  }

  /**
   * Whether processes of the attempt that has just ended are still there. It costs a tenth of a millisecond where the attempt has
   * started none, and a look at all processes where it has.
   */
  hasLeftProcesses(): boolean {
    const children = childrenOf(this.pid).filter((pid) => !this.#ownChildren.has(pid));
    if (children.some(isAlive)) return true;
    // Whoever has left it for another parent was started by a child that has ended, whether it has waited for that one or not yet.
    if (children.length === 0 && readStat(this.pid)?.childFaults === this.#childFaults) return false;
    return membersOf(this.tree).some(
      ({ pid, parent }) => pid !== this.pid && !this.#ownChildren.has(pid) && !this.#ownChildren.has(parent),
    );
  }

  /**
   * Ends the process and all that it has started: SIGTERM, SIGKILL after graceMs (at once with 0). Resolves when they are gone.
   *
   * `answered` is the attempt's own end, to leave the grace early when the handler has listened; `hurry` cuts the grace short.
   */
  async kill(graceMs: number, answered?: Promise<unknown>, hurry?: Promise<unknown>): Promise<KillReceipt> {
    const began = performance.now();
    let signal: NodeJS.Signals = 'SIGKILL';
    const killed = graceMs > 0 ? askTree(this.tree) : pidsOf(this.tree);
    if (graceMs > 0 && killed.size > 0) {
      let isHurried = false;
      const hurried = hurry?.then(() => void (isHurried = true));
      const inTime = await within(graceMs, Promise.race([this.exited, answered, hurried].filter((each) => each !== undefined)));
      // SIGKILL after the grace: a CPU-bound loop never yields, so it sees neither our message nor its SIGTERM handler.
      if (inTime && !isHurried) signal = 'SIGTERM';
    }
    await killTree(this.tree, killed);
    for (const pid of await this.#cleared) killed.add(pid);
    return { signal, killMs: Math.round((performance.now() - began) * 10) / 10, killedPids: [...killed] };
  }

  #look({ text, stream }: LoggedLine): void {
    if (stream === 'STDERR' && text.includes(OUT_OF_HEAP)) this.#saidOutOfHeap = true;
  }
}

const endOf = (answer: Answer, reusable: boolean): RunnerEnd =>
  answer.type === 'done'
    ? { kind: 'done', result: answer.result, reusable }
    : { kind: 'failed', code: answer.code, error: answer.error, reusable };

const startOf = (pid: number): number => Number(readStat(pid)?.startTime ?? 0);

/** V8's last words: `FATAL ERROR: … Allocation failed - JavaScript heap out of memory`. */
const OUT_OF_HEAP = 'JavaScript heap out of memory';
const OUTPUT_WAIT_MS = 250;
const LAST_WORDS_WAIT_MS = 2_000;
const EXIT_WAIT_MS = 1_000;
/** A result has at most 1 MiB, and nothing that it says is much longer. */
const MAX_MESSAGE_BYTES = 16 * 2 ** 20;
const LOAD_MS = 60_000;
/** They have 5 s by the runner's own clock; the rest is for a machine that is busy. */
const HOOKS_WAIT_MS = 10_000;
