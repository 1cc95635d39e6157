import { Worker } from 'node:worker_threads';
import { Backlog } from './backlog.ts';
import type { Entry } from './entries.ts';

export type ToThread = { entries: Entry[] };
export type FromThread =
  /** At the start, and whenever another file has taken the journal's place. */
  { type: 'open'; journalId: string } | { type: 'refused'; message: string } | { type: 'written' } | { type: 'trouble'; message: string };

export type JournalWriter = {
  /** Known once the file is open and migrated. Rejects when it is refused: too new, or not a journal. */
  journalId: Promise<string>;
  /** Writes soon, with whatever else comes up within {@link LINGER_MS}; never waits, never throws. */
  tell(entry: Entry): void;
  /**
   * Writes now and resolves when it is committed, or was left out because too much waits already. Waits as long as the journal
   * is locked: race it where that must stop nothing.
   */
  write(entry: Entry): Promise<void>;
  /** What is being written has been under way for so long that there is no point in waiting for more: the journal is locked. */
  readonly isBehind: boolean;
  /** Resolves when all that was told is committed, or after graceMs. */
  stop(graceMs: number): Promise<void>;
};

export type Listeners = {
  onTrouble: (message: string) => void;
  /** The journal was deleted, or moved away, and this process goes on with the one that is there now. */
  onReplaced?: (journalId: string) => void;
};

/**
 * The way into the journal from one process. Everything goes through one thread, a batch at a time and in order: while
 * a batch is being written the next one gathers, see {@link Backlog} for how much.
 */
export function startWriter(file: string, { onTrouble, onReplaced }: Listeners): JournalWriter {
  const thread = new Worker(new URL('./writer-thread.ts', import.meta.url), { workerData: { file } });
  const opened = Promise.withResolvers<string>();
  opened.promise.catch(() => {});
  let isOpen = false;
  let inFlight: (() => void)[] | undefined = [];
  let inFlightSince = Date.now();
  let linger: NodeJS.Timeout | undefined;
  let saidLeftOut = false;
  const idle = new Set<() => void>();
  const waiting = new Backlog((entry) => {
    if (!saidLeftOut) onTrouble(`too much waits to be written: left out, from a ${entry.kind} entry on, for the reconciler to tell again`);
    saidLeftOut = true;
  });

  const flush = (): void => {
    clearTimeout(linger);
    linger = undefined;
    if (inFlight) return;
    const batch = waiting.take(MAX_BATCH);
    if (batch.length === 0) return;
    inFlight = batch.flatMap(({ done }) => done ?? []);
    inFlightSince = Date.now();
    thread.postMessage({ entries: batch.map(({ entry }) => entry) } satisfies ToThread);
  };

  const written = (): void => {
    const done = inFlight ?? [];
    inFlight = undefined;
    saidLeftOut = false;
    for (const resolve of done) resolve();
    flush();
    if (!inFlight) for (const resolve of idle) resolve();
  };

  thread.on('message', (message: FromThread) => {
    switch (message.type) {
      case 'open':
        if (isOpen) return onReplaced?.(message.journalId);
        isOpen = true;
        // Not before: nothing else may keep the process while it waits for its journal.
        thread.unref();
        opened.resolve(message.journalId);
        return written();
      case 'refused':
        thread.unref();
        return opened.reject(new Error(`the journal ${file} cannot be used: ${message.message}`));
      case 'written':
        return written();
      case 'trouble':
        return onTrouble(message.message);
    }
  });
  thread.on('error', (error: Error) => opened.reject(error));

  return {
    journalId: opened.promise,
    get isBehind() {
      return inFlight !== undefined && Date.now() - inFlightSince > BEHIND_MS;
    },
    tell(entry) {
      waiting.put(entry);
      if (!inFlight) linger ??= setTimeout(flush, LINGER_MS);
    },
    write(entry) {
      return new Promise((resolve) => {
        waiting.put(entry, resolve);
        flush();
      });
    },
    async stop(graceMs) {
      flush();
      if (inFlight || waiting.length > 0) {
        thread.ref();
        let timer: NodeJS.Timeout | undefined;
        await Promise.race([
          new Promise<void>((resolve) => idle.add(resolve)),
          new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs))),
        ]);
        clearTimeout(timer);
      }
      await thread.terminate();
    },
  };
}

const LINGER_MS = 5;
const BEHIND_MS = 50;
const MAX_BATCH = 200;
