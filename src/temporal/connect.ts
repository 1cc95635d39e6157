import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config.ts';

/** Where a data directory's dev server tells the roles beside it that it can be reached. */
export type TemporalFile = { address: string; uiUrl: string | null };
export const temporalFileOf = (dataDir: string): string => join(dataDir, 'run', 'temporal.json');

/** The cluster's address: as set, else the dev server's of the data directory, else Temporal's default port. */
export function temporalOf(config: Config): TemporalFile {
  if (config.temporalAddress) return { address: config.temporalAddress, uiUrl: null };
  const file = temporalFileOf(config.dataDir);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as TemporalFile) : { address: DEFAULT_ADDRESS, uiUrl: null };
}

/**
 * Waits until Temporal answers and its namespace is there, saying so, for at most a minute.
 *
 * @throws TemporalUnreachable with the address and the last error.
 */
export async function untilReachable<T>(config: Config, say: (line: string) => void, attempt: (address: string) => Promise<T>): Promise<T> {
  const until = Date.now() + PATIENCE_MS;
  let lastSaid = Date.now() - SAY_EVERY_MS + SAY_AFTER_MS;
  for (;;) {
    const { address } = temporalOf(config);
    try {
      return await attempt(address);
    } catch (error) {
      const message = shortest(error);
      if (Date.now() > until) throw new TemporalUnreachable(address, message);
      if (Date.now() - lastSaid > SAY_EVERY_MS) {
        say(`waiting for Temporal at ${address}: ${message}`);
        lastSaid = Date.now();
      }
      await sleep(RETRY_MS);
    }
  }
}

export class TemporalUnreachable extends Error {
  override name = 'TemporalUnreachable';
  constructor(address: string, message: string) {
    super(`Temporal at ${address} did not answer within ${PATIENCE_MS / 1_000} s: ${message}. Start one (millrace temporal), or set TEMPORAL_ADDRESS.`);
  }
}

/** A client for the api: plain JavaScript, quick to start. Does not wait for Temporal to be there. */
export function connectLazily(config: Config): { connection: Connection; client: Client } {
  const connection = Connection.lazy({ address: temporalOf(config).address, channelArgs: QUICK_RECONNECT });
  return { connection, client: new Client({ connection, namespace: config.namespace }) };
}

/** The connection of an orchestrator or a worker: Temporal answers and the namespace is there when it resolves. */
export function connectNative(config: Config, say: (line: string) => void): Promise<NativeConnection> {
  return untilReachable(config, say, async (address) => {
    const connection = await NativeConnection.connect({ address });
    try {
      await connection.workflowService.describeNamespace({ namespace: config.namespace });
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  });
}

function shortest(error: unknown): string {
  const { details, message } = error as { details?: string; message?: string };
  return (details || message || String(error)).split('\n')[0]!;
}

const DEFAULT_ADDRESS = '127.0.0.1:7233';
const PATIENCE_MS = 60_000;
const RETRY_MS = 100;
const SAY_AFTER_MS = 3_000;
const SAY_EVERY_MS = 5_000;
/** The default back-off grows to 10 s and more: too long after a server's restart. */
const QUICK_RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1_000 };
