import { AsyncLocalStorage } from 'node:async_hooks';
import { Client, Connection, type ConnectionLike } from '@temporalio/client';
import type { Config } from '../config.ts';
import { type TemporalFile, temporalOf } from './address.ts';

/** A client for the api: plain JavaScript, quick to start. Does not wait for Temporal to be there, and goes where it is started later. */
export function connectLazily(config: Config): { connection: ConnectionLike; client: Client } {
  const connection = new FollowingConnection(config);
  return { connection, client: new Client({ connection, namespace: config.namespace }) };
}

/**
 * A connection to where Temporal is now: a dev server may be started after us, at another address than Temporal's usual one. What is
 * under way stays with the connection that it has begun with, which carries its deadline.
 */
class FollowingConnection implements ConnectionLike {
  readonly plugins: ConnectionLike['plugins'] = [];
  readonly #config: Config;
  #temporal: TemporalFile;
  readonly #all: Connection[];
  readonly #begunWith = new AsyncLocalStorage<Connection>();
  #readAt = Date.now();

  constructor(config: Config) {
    this.#config = config;
    this.#temporal = temporalOf(config);
    this.#all = [connectTo(this.#temporal.address)];
  }

  get workflowService(): ConnectionLike['workflowService'] {
    return this.#now().workflowService;
  }

  get operatorService(): ConnectionLike['operatorService'] {
    return this.#now().operatorService;
  }

  ensureConnected(): Promise<void> {
    return this.#now().ensureConnected();
  }

  withDeadline<R>(deadline: number | Date, fn: () => Promise<R>): Promise<R> {
    return this.#with((connection) => connection.withDeadline(deadline, fn));
  }

  withMetadata<R>(metadata: Parameters<ConnectionLike['withMetadata']>[0], fn: () => Promise<R>): Promise<R> {
    return this.#with((connection) => connection.withMetadata(metadata, fn));
  }

  withAbortSignal<R>(signal: AbortSignal, fn: () => Promise<R>): Promise<R> {
    return this.#with((connection) => connection.withAbortSignal(signal, fn));
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((connection) => connection.close()));
  }

  #with<R>(call: (connection: Connection) => Promise<R>): Promise<R> {
    const connection = this.#now();
    return this.#begunWith.run(connection, call, connection);
  }

  #now(): Connection {
    const begunWith = this.#begunWith.getStore();
    if (begunWith) return begunWith;
    if (!this.#config.temporalAddress && Date.now() - this.#readAt >= READ_EVERY_MS) this.#follow();
    return this.#all.at(-1)!;
  }

  #follow(): void {
    this.#readAt = Date.now();
    const { address } = this.#temporal;
    this.#temporal = temporalOf(this.#config, this.#temporal);
    if (this.#temporal.address !== address) this.#all.push(connectTo(this.#temporal.address));
  }
}

const connectTo = (address: string): Connection => Connection.lazy({ address, channelArgs: QUICK_RECONNECT });

/** The default back-off grows to 10 s and more: too long after a server's restart. */
const QUICK_RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1_000 };
const READ_EVERY_MS = 500;
