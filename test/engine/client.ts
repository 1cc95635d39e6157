import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';

export type Answer = {
  status: number;
  data: Record<string, any> | null;
  errors?: { message: string; path?: (string | number)[]; extensions: { code: string } }[];
};

/** One message of a subscription. */
export type Message = { data?: Record<string, any> | null; errors?: readonly { message: string; extensions?: Record<string, unknown> }[] };

/** Millrace's GraphQL as a client has it: fetch and graphql-ws. */
export class GraphqlClient {
  readonly url: string;
  readonly #sockets: Client;
  readonly #lastWords: () => string;

  /** `lastWords`: what the server has logged, for the message of an error that says no more than that the log has it. */
  constructor(url: string, lastWords: () => string = () => '') {
    this.url = url;
    this.#lastWords = lastWords;
    this.#sockets = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      lazy: true,
      retryAttempts: 100,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
      shouldRetry: () => true,
    });
  }

  /** The whole answer, errors and all. */
  async ask(query: string, variables: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables }),
    });
    return { status: response.status, ...((await response.json()) as Omit<Answer, 'status'>) };
  }

  /** The data. @throws Error where there is a top-level error. */
  async data(query: string, variables: Record<string, unknown> = {}): Promise<Record<string, any>> {
    const { data, errors } = await this.ask(query, variables);
    if (errors || !data) throw new Error(`${JSON.stringify(errors)}\n${this.#lastWords()}`);
    return data;
  }

  /** What a subscription sends, one after the other; it reconnects by itself. End it by `return()`. */
  subscribe(query: string, variables: Record<string, unknown> = {}): AsyncIterableIterator<Message> {
    return this.#sockets.iterate<Record<string, any>>({ query, variables }) as AsyncIterableIterator<Message>;
  }

  async close(): Promise<void> {
    await this.#sockets.dispose();
  }
}
