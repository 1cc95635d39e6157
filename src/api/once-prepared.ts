import { setTimeout as pause } from 'node:timers/promises';
import { NamespaceNotFoundError } from '@temporalio/common';
import { Fault } from '../job/errors.ts';

/**
 * Starts something in a namespace that an orchestrator may only now be preparing: a server learns of a new namespace, and of its
 * search attributes, up to 10 s after they are registered.
 *
 * @throws Fault BACKEND_UNAVAILABLE where it is not prepared within `waitMs`; whatever else `start` throws.
 */
export async function oncePrepared<T>(namespace: string, start: () => Promise<T>, waitMs = WAIT_MS): Promise<T> {
  for (const until = Date.now() + waitMs; ; await pause(AGAIN_MS)) {
    try {
      return await start();
    } catch (error) {
      if (!isUnprepared(error)) throw error;
      if (Date.now() < until) continue;
      const message = `Temporal's namespace ${namespace} has not been prepared for jobs, which an orchestrator does when it starts; nothing was created, look whether one runs`;
      throw new Fault('BACKEND_UNAVAILABLE', message, { cause: error });
    }
  }
}

const isUnprepared = (error: unknown): boolean =>
  error instanceof NamespaceNotFoundError || /no mapping defined for search attribute/.test(String((error as { cause?: unknown }).cause));

const WAIT_MS = 10_000;
const AGAIN_MS = 100;
