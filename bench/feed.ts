import type { GraphqlClient } from '../test/engine/client.ts';

/** One event of the feed, with the time its message reached this process. */
export type Seen = { jobId: string; kind: string; at: number; arrivedAt: number; detail: { pid?: number; outcome?: string } | null };

/** What a subscriber has seen: one jobEvents subscription over graphql-ws, kept by job. */
export class Feed {
  readonly all: Seen[] = [];
  readonly #byKey = new Map<string, Seen>();
  readonly #waiting = new Map<string, (seen: Seen) => void>();
  readonly #messages: ReturnType<GraphqlClient['subscribe']>;

  private constructor(messages: ReturnType<GraphqlClient['subscribe']>) {
    this.#messages = messages;
  }

  static async open(client: GraphqlClient): Promise<Feed> {
    const feed = new Feed(client.subscribe('subscription { jobEvents { events { jobId kind at detail } } }'));
    // The first message comes at once: from here on nothing is missed.
    await feed.#messages.next();
    void feed.#follow();
    return feed;
  }

  /** Resolves when the job's first event of a kind has been seen, at once when it has been already. */
  until(jobId: string, kind: string): Promise<Seen> {
    const key = `${jobId} ${kind}`;
    const seen = this.#byKey.get(key);
    if (seen) return Promise.resolve(seen);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no ${kind} of ${jobId} within ${PATIENCE_MS / 1_000} s`)), PATIENCE_MS);
      this.#waiting.set(key, (event) => {
        clearTimeout(late);
        resolve(event);
      });
    });
  }

  /** Forgets what was seen: a long bench must not slow down by its own memory. */
  forget(): void {
    this.all.length = 0;
    this.#byKey.clear();
  }

  close(): void {
    void this.#messages.return?.();
  }

  async #follow(): Promise<void> {
    for await (const { data, errors } of this.#messages) {
      if (errors) throw new Error(JSON.stringify(errors));
      const arrivedAt = Date.now();
      for (const event of data?.['jobEvents'].events ?? []) {
        const seen: Seen = { ...event, at: Date.parse(event.at), arrivedAt };
        this.all.push(seen);
        const key = `${seen.jobId} ${seen.kind}`;
        if (this.#byKey.has(key)) continue;
        this.#byKey.set(key, seen);
        this.#waiting.get(key)?.(seen);
        this.#waiting.delete(key);
      }
    }
  }
}

const PATIENCE_MS = 120_000;
