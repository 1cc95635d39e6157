import { setTimeout as sleep } from 'node:timers/promises';
import type { Guardian } from './guardian.ts';

/** A guardian that is followed by another one when it dies before us, which is told of every group that is still watched. */
export function keepGuardian(start: () => Guardian): Guardian {
  const watched = new Set<number>();
  const over = Promise.withResolvers<void>();
  let isStopped = false;
  const begin = (): Guardian => {
    const guardian = start();
    for (const pgid of watched) guardian.watch(pgid);
    void guardian.ended.then(async () => {
      if (!isStopped) await sleep(PAUSE_MS);
      if (isStopped) over.resolve();
      else current = begin();
    });
    return guardian;
  };
  let current = begin();
  return {
    watch(pgid) {
      watched.add(pgid);
      current.watch(pgid);
    },
    forget(pgid) {
      watched.delete(pgid);
      current.forget(pgid);
    },
    stop() {
      isStopped = true;
      current.stop();
    },
    ended: over.promise,
  };
}

/** What has killed it may be a machine that is short of something. */
const PAUSE_MS = 100;
