import { Context } from '@temporalio/activity';
import { defaultPayloadConverter, toPayloads } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import type { Json } from '../index.ts';
import { upS } from '../process/uptime.ts';
import { isNotFound } from '../temporal/is-not-found.ts';
import type { Runner } from './runner.ts';

/** Why an attempt must end although its handler has not. */
export type Ask = 'cancelled' | 'shutdown' | 'gone' | 'fenced';

/**
 * One attempt's heartbeats. They are sent by ourselves, because only so we learn that they have arrived: an attempt that
 * has had no answer for 24 s must be ended before Temporal gives it to somebody else.
 */
export class Heart {
  readonly #connection: NativeConnection;
  readonly #namespace: string;
  readonly #identity: string;
  readonly #context = Context.current();
  readonly #asked = Promise.withResolvers<Ask>();
  readonly #timer: NodeJS.Timeout;
  #answeredAt = 0;
  /** Temporal does not know the attempt any more, whatever was asked of it before. */
  #gone = false;
  #fence: NodeJS.Timeout | undefined;
  /** By upS: when the last heartbeat that was answered was sent. */
  #heldSinceS = 0;
  #guarded: Pick<Runner, 'mayLiveUntil'> | undefined;
  #checkpoint: { checkpoint: Json } | undefined;
  #beating: Promise<void> | undefined;
  readonly #cutOff: AbortSignal;
  readonly #onCutOff = (): void => this.#asked.resolve('shutdown');

  /** `cutOff`: aborted when the worker waits for its attempts no longer. */
  constructor(options: { connection: NativeConnection; namespace: string; identity: string; cutOff: AbortSignal }) {
    this.#connection = options.connection;
    this.#namespace = options.namespace;
    this.#identity = options.identity;
    this.#cutOff = options.cutOff;
    // The task has just been handed out: that is as good as an answer.
    this.#hold(upS());
    this.#timer = setInterval(() => void this.beat(), BEAT_MS);
    const { cancellationSignal } = this.#context;
    const asked = (): void => {
      const ask = askOf(this.#context);
      if (ask) this.#asked.resolve(ask);
    };
    if (cancellationSignal.aborted) asked();
    else cancellationSignal.addEventListener('abort', asked, { once: true });
    if (this.#cutOff.aborted) this.#onCutOff();
    else this.#cutOff.addEventListener('abort', this.#onCutOff, { once: true });
  }

  /** Resolves when the attempt must end. */
  get asked(): Promise<Ask> {
    return this.#asked.promise;
  }

  /** It should have been ended by now, because Temporal has not answered. That stays so. */
  get isOverdue(): boolean {
    return upS() >= this.#heldSinceS + FENCE_S;
  }

  /** Has the attempt's runner ended from outside where we cannot, until {@link unguard}: we may be stopped ourselves. */
  guard(runner: Pick<Runner, 'mayLiveUntil'>): void {
    this.#guarded = runner;
    runner.mayLiveUntil(this.#heldSinceS + OUTER_FENCE_S);
  }

  unguard(): void {
    this.#guarded?.mayLiveUntil(undefined);
    this.#guarded = undefined;
  }

  /** Ends the attempt as one that is not ours any more. */
  giveUp(): void {
    this.#asked.resolve('gone');
  }

  save(checkpoint: Json): void {
    this.#checkpoint = { checkpoint };
  }

  /** Never throws: one that is not answered is noticed by the time since the last that was. */
  async beat(): Promise<void> {
    this.#beating ??= this.#send().finally(() => (this.#beating = undefined));
    await this.#beating;
  }

  /**
   * Resolves when Temporal has answered within the last {@link FRESH_MS}, so that an outcome reported now arrives: the
   * SDK drops one that it cannot report for 10 s. Resolves as well when the attempt is not ours any more.
   */
  async fresh(): Promise<void> {
    let over = false;
    void this.asked.then((ask) => (over = ask !== 'cancelled'));
    await Promise.resolve();
    while (!over && !this.#gone && Date.now() - this.#answeredAt > FRESH_MS) {
      await this.#send();
      if (!this.#gone && Date.now() - this.#answeredAt > FRESH_MS) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#fence);
    this.#cutOff.removeEventListener('abort', this.#onCutOff);
  }

  /** The fence by when it was sent: Temporal may count from then on, however late its answer has come. */
  #acknowledged(sentAtS: number): void {
    // Too late: we were stopped, and our timer had no turn yet.
    if (this.isOverdue) return this.#asked.resolve('fenced');
    this.#hold(sentAtS);
  }

  #hold(sinceS: number): void {
    this.#answeredAt = Date.now();
    this.#heldSinceS = sinceS;
    clearTimeout(this.#fence);
    this.#fence = setTimeout(() => this.#asked.resolve('fenced'), (sinceS + FENCE_S - upS()) * 1_000);
    this.#guarded?.mayLiveUntil(sinceS + OUTER_FENCE_S);
  }

  async #send(): Promise<void> {
    const sentAtS = upS();
    try {
      // Without it the SDK takes the attempt for timed out by itself. It throttles these to one in 24 s.
      this.#context.heartbeat(this.#checkpoint);
      const answer = await this.#connection.withDeadline(Date.now() + BEAT_MS, () =>
        this.#connection.workflowService.recordActivityTaskHeartbeat({
          namespace: this.#namespace,
          identity: this.#identity,
          taskToken: this.#context.info.taskToken,
          ...(this.#checkpoint ? { details: { payloads: toPayloads(defaultPayloadConverter, this.#checkpoint) ?? [] } } : {}),
        }),
      );
      this.#acknowledged(sentAtS);
      if (answer.cancelRequested) this.#asked.resolve('cancelled');
    } catch (error) {
      if (!isNotFound(error)) return;
      this.#gone = true;
      this.#asked.resolve('gone');
    }
  }
}

/** Undefined where it is only paused, by a sweep or a hold that came too late: it goes on, and our own heartbeats say what follows. */
function askOf({ cancellationDetails }: Context): Ask | undefined {
  if (cancellationDetails?.cancelRequested) return 'cancelled';
  if (cancellationDetails?.workerShutdown) return 'shutdown';
  if (cancellationDetails?.paused) return undefined;
  return 'gone';
}

const BEAT_MS = 5_000;
/** Under the heartbeat timeout of 30 s by more than a kill takes. */
const FENCE_S = 24;
/** After ours, where we can; and 4 s before the heartbeat timeout, of which the guardian's next look takes up to one. */
const OUTER_FENCE_S = 26;
const FRESH_MS = 2_000;
const RETRY_MS = 250;
