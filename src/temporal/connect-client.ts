import { Client, Connection } from '@temporalio/client';
import type { Config } from '../config.ts';
import { temporalOf } from './address.ts';

/** A client for the api: plain JavaScript, quick to start. Does not wait for Temporal to be there. */
export function connectLazily(config: Config): { connection: Connection; client: Client } {
  const connection = Connection.lazy({ address: temporalOf(config).address, channelArgs: QUICK_RECONNECT });
  return { connection, client: new Client({ connection, namespace: config.namespace }) };
}

/** The default back-off grows to 10 s and more: too long after a server's restart. */
const QUICK_RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1_000 };
