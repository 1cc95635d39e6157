import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { type Lock, tryLock } from './try-lock.ts';

const PORT_NAMES = [
  'frontend',
  'ui',
  'frontendMembership',
  'matching',
  'matchingMembership',
  'history',
  'historyMembership',
  'worker',
  'workerMembership',
] as const;
export type Ports = Record<(typeof PORT_NAMES)[number], number>;

/** Ports that are ours until `release`: no other start takes them while our server is not listening yet. */
export type KeptPorts = { ports: Ports; release(): void };

/**
 * The ports this data directory had last time where they are free, else Temporal's usual ones for frontend and UI, else
 * others; writes them to the file.
 *
 * The inner ports are kept as well: after a kill -9 the server believes for 20 s that its former self is alive and asks it to
 * let it in. At the same ports it finds itself; at others it runs no workflow for 13 s (with maxJoinDuration 30 s: for 61 s).
 */
export async function keepPorts(portsFile: string, lockDir = ownLockDir()): Promise<KeptPorts> {
  const kept = readPorts(portsFile);
  const locks = new Map<number, Lock>();
  const release = (): void => locks.forEach((lock) => lock.release());
  const take = async (candidates: Iterable<number>): Promise<number> => {
    for (const port of candidates) {
      const lock = locks.has(port) ? undefined : tryLock(join(lockDir, `port-${port}`));
      if (lock && (await isFree(port))) {
        locks.set(port, lock);
        return port;
      }
      lock?.release();
    }
    throw new Error(`no free port on 127.0.0.1 after ${MAX_TRIES} tries`);
  };
  try {
    const ports = {} as Ports;
    for (const name of PORT_NAMES) ports[name] = await take(candidatesFor(kept[name], USUAL_PORTS[name]));
    writeFileSync(`${portsFile}.new`, JSON.stringify(ports, undefined, 2) + '\n');
    renameSync(`${portsFile}.new`, portsFile);
    return { ports, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Whether one can listen on 127.0.0.1 at this port now. */
export function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function* candidatesFor(...preferred: (number | undefined)[]): Generator<number> {
  for (const port of preferred) if (port !== undefined) yield port;
  for (let tries = 0; tries < MAX_TRIES; tries++) yield FIRST_PORT + Math.floor(Math.random() * PORT_COUNT);
}

/** A file that is missing or damaged holds no ports. */
function readPorts(portsFile: string): Partial<Ports> {
  try {
    const found = JSON.parse(readFileSync(portsFile, 'utf8')) as Partial<Record<keyof Ports, unknown>>;
    return Object.fromEntries(PORT_NAMES.filter((name) => isPort(found[name])).map((name) => [name, found[name]]));
  } catch {
    return {};
  }
}

const isPort = (value: unknown): boolean => Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536;

/** Not the cache directory, which may not be writable; one per user, for nobody can lock another user's file. */
const ownLockDir = (): string => join(tmpdir(), `millrace-ports-${userInfo().uid}`);

const USUAL_PORTS: Partial<Ports> = { frontend: 7233, ui: 8233 };
// Below the ports that Linux (32768) and macOS (49152) give to outgoing connections: one of those would take a kept port away.
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;
const MAX_TRIES = 500;
