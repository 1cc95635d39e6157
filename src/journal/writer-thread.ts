import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { Entry } from './entries.ts';
import { JournalTooNew, migrate } from './migrate.ts';
import { record } from './record.ts';
import { type Database, fileIdOf, makeWhereGone, openSqlite } from './sqlite.ts';
import type { FromThread, ToThread } from './writer.ts';

// Before anything runs: the first await of this module needs them.
// https://www.sqlite.org/rescode.html: BUSY, LOCKED, IOERR, FULL, CANTOPEN, PROTOCOL
const [BUSY, LOCKED, CANTOPEN] = [5, 6, 14];
const PASSING = new Set([BUSY, LOCKED, 10, 13, CANTOPEN, 15]);
const RETRY_MS = 50;
/** A full disk is not free again in a moment, and each try costs a batch. */
const MAX_RETRY_MS = 1_000;
const LOOK_MS = 500;
const COMPLAIN_AGAIN_MS = 10_000;

/** The one thread of a process that writes to the journal: it may wait for a lock as long as it takes. */
const port = parentPort!;
const say = (message: FromThread): void => port.postMessage(message);
const { file } = workerData as { file: string };
let complainedOf = '';
let complainedAt = 0;
/** undefined while the file is gone and no other could be made yet. */
let journal: { database: Database; fileId: string } | undefined = await openAtStart();
let isTaking = false;

if (journal) {
  port.on('message', (message: ToThread) => void take(message));
  // Where nothing is written nobody would notice that the file is gone.
  setInterval(() => void look(), LOOK_MS).unref();
}

async function openAtStart(): Promise<typeof journal> {
  for (let tries = 0; ; tries++) {
    try {
      return await open();
    } catch (error) {
      if (error instanceof JournalTooNew || (tries === 0 && (!isPassing(error) || codeOf(error) === CANTOPEN))) {
        say({ type: 'refused', message: (error as Error).message });
        return undefined;
      }
      await waitAfter(error, tries);
    }
  }
}

async function open(): Promise<NonNullable<typeof journal>> {
  for (;;) {
    makeWhereGone(file);
    const fileId = fileIdOf(file);
    const database = openSqlite(file, 'write');
    try {
      const journalId = await migrate(database);
      // Else it was replaced while we were at it.
      if (fileId !== undefined && fileId === fileIdOf(file)) {
        say({ type: 'open', journalId });
        return { database, fileId };
      }
    } catch (error) {
      database.close();
      throw error;
    }
    database.close();
  }
}

/** The journal that stands at its path: what is written to a file that was deleted, or moved away, nobody else would see. */
async function inPlace(): Promise<Database> {
  if (journal && journal.fileId === fileIdOf(file)) return journal.database;
  journal?.database.close();
  journal = undefined;
  journal = await open();
  return journal.database;
}

async function look(): Promise<void> {
  if (isTaking) return;
  isTaking = true;
  await inPlace().catch((error: Error) => complain(error));
  isTaking = false;
  takeNext();
}

const toTake: ToThread[] = [];
function takeNext(): void {
  const next = toTake.shift();
  if (next) void take(next);
}

async function take(message: ToThread): Promise<void> {
  if (isTaking) return void toTake.push(message);
  isTaking = true;
  await write(message.entries);
  isTaking = false;
  say({ type: 'written' });
  takeNext();
}

async function write(entries: Entry[]): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await record(await inPlace(), entries);
    } catch (error) {
      if (journal && !isPassing(error)) return oneByOne(journal.database, entries);
      await waitAfter(error, tries);
    }
  }
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

async function waitAfter(error: unknown, tries: number): Promise<void> {
  complain(error as Error);
  const code = codeOf(error);
  // Who waits for a lock has waited already.
  await sleep(code === BUSY || code === LOCKED ? RETRY_MS : Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** tries));
}

/** Of the same only now and then, for as long as it lasts. */
function complain({ message }: Error): void {
  if (message === complainedOf && Date.now() - complainedAt < COMPLAIN_AGAIN_MS) return;
  complainedOf = message;
  complainedAt = Date.now();
  say({ type: 'trouble', message });
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
