import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Resolves when the frontend answers gRPC (GetSystemInfo).
 *
 * @throws Error when it has not after `deadlineMs`; the signal's reason when that aborts.
 */
export async function waitUntilReady(address: string, { deadlineMs, signal }: { deadlineMs: number; signal: AbortSignal }): Promise<void> {
  // Loaded here: it takes longer than the server does to listen, so let both happen at once.
  const client = import('@temporalio/client');
  // A plain connection first: gRPC waits a second after each one that is refused.
  const host = hostAndPort(address);
  const until = Date.now() + deadlineMs;
  let problem: unknown = `nobody listens at ${address}`;
  while (Date.now() < until) {
    if (await accepts(host)) {
      try {
        const connection = await (await client).Connection.connect({ address, connectTimeout: CONNECT_MS });
        return await connection.close();
      } catch (error) {
        problem = error;
      }
    }
    await sleep(POLL_MS, undefined, { signal });
  }
  throw new Error(
    `the Temporal server at ${address} did not answer within ${deadlineMs / 1000} s: ${problem instanceof Error ? problem.message : String(problem)}`,
  );
}

function accepts(host: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(host, () => resolve(true));
    socket.once('error', () => resolve(false)).once('connect', () => socket.destroy());
  });
}

function hostAndPort(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}

const POLL_MS = 20;
const CONNECT_MS = 5_000;
