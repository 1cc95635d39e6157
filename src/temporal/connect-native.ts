import { setTimeout as sleep } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import type { Config } from '../config.ts';
import { temporalOf } from './address.ts';
import { TemporalTooOld } from './prepare.ts';

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
      if (error instanceof TemporalTooOld) throw error;
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
    super(
      `Temporal at ${address} did not answer within ${PATIENCE_MS / 1_000} s: ${message}. Start one (millrace temporal), or set TEMPORAL_ADDRESS.`,
    );
  }
}

/**
 * The connection of an orchestrator or a worker that serves `taskQueue`. When it resolves Temporal answers, has been
 * prepared as asked, and knows the namespace.
 */
export function connectNative(
  config: Config,
  taskQueue: string,
  say: (line: string) => void,
  prepare: (connection: NativeConnection) => Promise<void> = () => Promise.resolve(),
): Promise<NativeConnection> {
  return untilReachable(config, say, async (address) => {
    const connection = await NativeConnection.connect({ address });
    try {
      await prepare(connection);
      // By the task queue and not by describeNamespace: that one reads the database, while a poll is refused until the
      // server's cache has a new namespace, and the SDK waits 10 s after a refused poll.
      await connection.workflowService.describeTaskQueue({ namespace: config.namespace, taskQueue: { name: taskQueue } });
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

const PATIENCE_MS = 60_000;
const RETRY_MS = 100;
const SAY_AFTER_MS = 3_000;
const SAY_EVERY_MS = 5_000;
