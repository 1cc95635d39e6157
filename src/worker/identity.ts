import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { claimPidFile } from '../process/pid-file.ts';

export type WorkerIdentity = { id: string; host: string; release(): void };

/**
 * Who this worker is. The id is kept with the data directory, so that a worker that starts again is known as the one
 * whose attempts were cut off; a second worker of the pool beside it gets another, and so does one of another host.
 */
export function claimIdentity(dataDir: string, pool: string, host = hostname()): WorkerIdentity {
  const run = join(dataDir, 'run');
  mkdirSync(run, { recursive: true });
  const prefix = `${host.replaceAll('@', '-')}-`;
  for (let n = 1; ; n++) {
    const name = (pool === 'default' ? 'worker' : `worker-${pool}`) + (n === 1 ? '' : `-${n}`);
    const id = keptId(join(run, `${name}.id`), prefix + randomBytes(4).toString('hex'));
    // Of another host or container that shares the directory: whether its process lives cannot be seen from here.
    if (id.slice(0, -RANDOM_LENGTH) !== prefix) continue;
    const claimed = claimPidFile(join(run, `${name}.pid`));
    if (claimed) return { id, host, release: () => claimed.release() };
  }
}

/** The id in the file, which is made with `fresh` in it where there is none: whoever is first has it. */
function keptId(file: string, fresh: string): string {
  try {
    writeFileSync(file, `${fresh}\n`, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8').trim();
}

const RANDOM_LENGTH = 8;
