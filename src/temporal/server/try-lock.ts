import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

export type Lock = { release(): void };

/**
 * Takes a lock between processes, or returns undefined while another has it. The (empty) file stays.
 *
 * It is SQLite's lock on the file and not a file with a pid in it: the kernel takes it back from a process that is dead,
 * however it died, so there is no stale lock to recognise and no pid that now belongs to somebody else.
 */
export function tryLock(file: string): Lock | undefined {
  mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('begin exclusive');
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
  return {
    release: () => {
      if (database.isOpen) database.close();
    },
  };
}

/** Takes the lock once it is free; `onWait` is called once if it is not at first. */
export async function waitForLock(file: string, onWait: () => void, signal?: AbortSignal): Promise<Lock> {
  for (let tries = 0; ; tries++) {
    signal?.throwIfAborted();
    const lock = tryLock(file);
    if (lock) return lock;
    if (tries === 0) onWait();
    await sleep(POLL_MS, undefined, { signal });
  }
}

const SQLITE_BUSY = 5;
const POLL_MS = 200;
