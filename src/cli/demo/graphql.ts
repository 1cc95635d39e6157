import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';

/** What ends the demo, in a sentence. */
export class DemoFailed extends Error {
  override name = 'DemoFailed';
}

/** Millrace as any client has it: queries and mutations over HTTP, subscriptions over graphql-ws. */
export class Graphql {
  readonly #url: string;
  readonly #sockets: Client;

  constructor(url: string) {
    this.#url = `${url}/graphql`;
    const retryWait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    this.#sockets = createClient({
      url: this.#url.replace(/^http/, 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: RETRIES,
      retryWait,
      shouldRetry: () => true,
    });
  }

  /** @throws DemoFailed with the server's sentences. */
  async ask<T>(query: string, variables: Record<string, unknown> = {}, signal: AbortSignal | null = null): Promise<T> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
      signal,
    });
    return dataOf<T>((await response.json()) as Answer<T>);
  }

  /** Reconnects by itself, and reads `variables` again then: who keeps a cursor there misses nothing. `return()` ends it at once. */
  subscribe<T>(query: string, variables: Record<string, unknown> = {}): Required<AsyncIterableIterator<T>> {
    const answers = this.#sockets.iterate<T>({ query, variables });
    const end = async (): Promise<IteratorReturnResult<undefined>> => {
      await answers.return?.();
      return { done: true, value: undefined };
    };
    return {
      async next() {
        const { done, value } = await answers.next();
        return done ? end() : { value: dataOf<T>(value as Answer<T>) };
      },
      return: end,
      throw: end,
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  async close(): Promise<void> {
    await this.#sockets.dispose();
  }
}

type Answer<T> = { data?: T | null; errors?: readonly { message: string }[] };

function dataOf<T>({ data, errors }: Answer<T>): T {
  if (errors || !data) throw new DemoFailed(`Millrace answered: ${errors?.map(({ message }) => message).join('; ') ?? 'nothing'}`);
  return data;
}

const RETRIES = 100;
const RETRY_MS = 100;
