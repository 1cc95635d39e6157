import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { claimPidFile } from '../process/pid-file.ts';

export type WorkerIdentity = { id: string; host: string; release(): void };

/**
 * Who this worker is. The id is kept with the data directory, so that a worker that starts again is known as the one
 * whose attempts were cut off; a second worker of the pool beside it gets another.
 */
export function claimIdentity(dataDir: string, pool: string): WorkerIdentity {
  const host = hostname();
  for (let n = 1; ; n++) {
    const name = (pool === 'default' ? 'worker' : `worker-${pool}`) + (n === 1 ? '' : `-${n}`);
    const claimed = claimPidFile(join(dataDir, 'run', `${name}.pid`));
    if (!claimed) continue;
    const file = join(dataDir, 'run', `${name}.id`);
    if (!existsSync(file)) writeFileSync(file, `${host.replaceAll('@', '-')}-${randomBytes(4).toString('hex')}\n`);
    return { id: readFileSync(file, 'utf8').trim(), host, release: () => claimed.release() };
  }
}
