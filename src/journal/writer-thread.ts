import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { Entry } from './entries.ts';
import { JournalTooNew, migrate } from './migrate.ts';
import { record } from './record.ts';
import { openSqlite, type Database } from './sqlite.ts';
import type { FromThread, ToThread } from './writer.ts';

// Before anything runs: the first await of this module needs them.
// https://www.sqlite.org/rescode.html: BUSY, LOCKED, IOERR, FULL, CANTOPEN, PROTOCOL
const CANTOPEN = 14;
const PASSING = new Set([5, 6, 10, 13, CANTOPEN, 15]);
const RETRY_MS = 50;

/** The one thread of a process that writes to the journal: it may wait for a lock as long as it takes. */
const port = parentPort!;
const say = (message: FromThread): void => port.postMessage(message);

const database = await open((workerData as { file: string }).file);
if (database) port.on('message', (message: ToThread) => void take(database, message));

async function open(file: string): Promise<Database | undefined> {
  for (let tries = 0; ; tries++) {
    let opened: Database | undefined;
    try {
      opened = openSqlite(file, 'write');
      say({ type: 'open', journalId: await migrate(opened) });
      return opened;
    } catch (error) {
      opened?.close();
      if (error instanceof JournalTooNew || (tries === 0 && (!isPassing(error) || codeOf(error) === CANTOPEN))) {
        say({ type: 'refused', message: (error as Error).message });
        return undefined;
      }
      say({ type: 'trouble', message: (error as Error).message });
      await sleep(RETRY_MS);
    }
  }
}

async function take(opened: Database, { entries }: ToThread): Promise<void> {
  for (;;) {
    try {
      await record(opened, entries);
      break;
    } catch (error) {
      if (!isPassing(error)) {
        await oneByOne(opened, entries);
        break;
      }
      say({ type: 'trouble', message: (error as Error).message });
      await sleep(RETRY_MS);
    }
  }
  say({ type: 'written' });
}

/** One entry that cannot be written must not take the rest of its batch with it. */
async function oneByOne(opened: Database, entries: Entry[]): Promise<void> {
  for (const entry of entries) {
    try {
      await record(opened, [entry]);
    } catch (error) {
      say({ type: 'trouble', message: `left out a ${entry.kind} entry: ${(error as Error).message}` });
    }
  }
}

/** Locked, full, or an I/O error: may be over in a moment. Anything else is about the entry. */
function isPassing(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && PASSING.has(code);
}

function codeOf(error: unknown): number | undefined {
  const code = (error as { errcode?: number }).errcode;
  return code === undefined ? undefined : code & 0xff;
}
