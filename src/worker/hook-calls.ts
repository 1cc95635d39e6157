import { inspect } from 'node:util';
import type { HookContext, Hooks } from '../index.ts';
import { within } from '../process/within.ts';
import type { Notes } from './notes.ts';
import type { Answer, RunnerAttempt } from './protocol.ts';

type Name = keyof Hooks;
type Voice = { log: (text: string) => void; complain: (text: string) => void };

/** Calls the hooks of one attempt. What a hook throws, and one that does not end, is told in the job's log and nowhere else. */
export class HookCalls {
  readonly #hooks: readonly Hooks[];
  readonly #context: HookContext;
  readonly #notes: Notes;
  readonly #complain: Voice['complain'];
  readonly #running = new Map<Promise<void>, Name>();
  #fraction: number | undefined;
  #pause: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(hooks: readonly Hooks[], { job, payload, number, step }: RunnerAttempt, notes: Notes, { log, complain }: Voice) {
    this.#hooks = hooks;
    this.#notes = notes;
    this.#complain = complain;
    // Copies: what a hook does to them is nothing to the handler, nor to its end.
    const copied = hooks.length > 0 ? structuredClone({ job, payload }) : { job, payload };
    this.#context = { ...copied, attempt: number, log, step: step && { name: step.name, undo: step.undo } };
  }

  start(): void {
    this.#call('onStart', {});
  }

  progress(fraction: number): void {
    if (this.#isOver || !this.#hooks.some(({ onProgress }) => onProgress)) return;
    this.#fraction = fraction;
    if (!this.#pause) this.#tellProgress();
  }

  /** Calls what is due at the end, the last progress included. */
  end(answer: Answer): void {
    clearTimeout(this.#pause);
    this.#tellProgress();
    clearTimeout(this.#pause);
    if (answer.type === 'done') this.#call('onFinish', structuredClone({ result: answer.result }));
    else this.#call('onFailure', structuredClone({ code: answer.code, error: answer.error }));
  }

  /** A call is under way, or will be at this end. */
  hasMore({ type }: Answer): boolean {
    const last = type === 'done' ? 'onFinish' : 'onFailure';
    return this.#running.size > 0 || this.#fraction !== undefined || this.#hooks.some((hooks) => hooks[last]);
  }

  /** Resolves when all calls have ended, or have had their time: then false. */
  async settle(): Promise<boolean> {
    await within(HOOK_MS, Promise.all(this.#running.keys()));
    this.#isOver = true;
    for (const name of this.#running.values())
      this.#complain(`its hook ${name} has not ended ${HOOK_MS / 1_000} s after the handler, and is left alone`);
    return this.#running.size === 0;
  }

  #tellProgress(): void {
    const fraction = this.#fraction;
    this.#pause = undefined;
    if (fraction === undefined) return;
    this.#fraction = undefined;
    this.#pause = setTimeout(() => this.#tellProgress(), PROGRESS_PAUSE_MS);
    this.#call('onProgress', { fraction });
  }

  #call(name: Name, more: object): void {
    for (const hooks of this.#hooks) {
      if (!hooks[name]) continue;
      const call = this.#run(name, hooks, more);
      this.#running.set(call, name);
      void call.then(() => this.#running.delete(call));
    }
  }

  async #run(name: Name, hooks: Hooks, more: object): Promise<void> {
    try {
      const noted = await (hooks[name] as (context: object) => unknown)({ ...this.#context, ...more });
      if (noted !== undefined && !this.#isOver) this.#notes.add(noted);
    } catch (thrown) {
      if (!this.#isOver) this.#complain(`its hook ${name} failed: ${inspect(thrown)}`);
    }
  }
}

const HOOK_MS = 5_000;
const PROGRESS_PAUSE_MS = 100;
