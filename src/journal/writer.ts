import { Worker } from 'node:worker_threads';
import type { Entry } from './entries.ts';

export type ToThread = { entries: Entry[] };
export type FromThread =
  | { type: 'open'; journalId: string }
  | { type: 'refused'; message: string }
  | { type: 'written' }
  | { type: 'trouble'; message: string };

export type JournalWriter = {
  /** Known once the file is open and migrated. Rejects when it is refused: too new, or not a journal. */
  journalId: Promise<string>;
  /** Writes soon, with whatever else comes up within {@link LINGER_MS}; never waits, never throws. */
  tell(entry: Entry): void;
  /** Writes now and resolves when it is committed. Waits as long as the journal is locked: race it where that must stop nothing. */
  write(entry: Entry): Promise<void>;
  /** What is being written has been under way for so long that there is no point in waiting for more: the journal is locked. */
  readonly isBehind: boolean;
  /** Resolves when all that was told is committed, or after graceMs. */
  stop(graceMs: number): Promise<void>;
};

/**
 * The way into the journal from one process. Everything goes through one thread, a batch at a time and in order: while
 * a batch is being written the next one gathers.
 */
export function startWriter(file: string, onTrouble: (message: string) => void): JournalWriter {
  const thread = new Worker(new URL('./writer-thread.ts', import.meta.url), { workerData: { file } });
  const opened = Promise.withResolvers<string>();
  opened.promise.catch(() => {});
  let waiting: { entry: Entry; done: (() => void) | undefined }[] = [];
  let inFlight: (() => void)[] | undefined = [];
  let inFlightSince = Date.now();
  let linger: NodeJS.Timeout | undefined;
  /** By attempt: left out while the journal did not follow, said with its next line. */
  const droppedLines = new Map<string, number>();
  const idle = new Set<() => void>();

  const flush = (): void => {
    clearTimeout(linger);
    linger = undefined;
    if (inFlight || waiting.length === 0) return;
    const batch = waiting.splice(0, MAX_BATCH);
    inFlight = batch.flatMap(({ done }) => done ?? []);
    inFlightSince = Date.now();
    thread.postMessage({ entries: batch.map(({ entry }) => entry) } satisfies ToThread);
  };

  const written = (): void => {
    const done = inFlight ?? [];
    inFlight = undefined;
    for (const resolve of done) resolve();
    flush();
    if (!inFlight) for (const resolve of idle) resolve();
  };

  thread.on('message', (message: FromThread) => {
    switch (message.type) {
      case 'open':
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

  const put = (entry: Entry, done?: () => void): void => {
    if (entry.kind === 'log' && waiting.length >= MAX_WAITING) {
      // The journal does not follow. What can be rebuilt from Temporal is kept, log lines are counted.
      const key = `${entry.jobId}/${entry.number}`;
      droppedLines.set(
        key,
        entry.lines.reduce((sum, line) => sum + 1 + line.dropped, droppedLines.get(key) ?? 0),
      );
      return done?.();
    }
    if (entry.kind === 'log' && droppedLines.size > 0 && entry.lines[0]) {
      const key = `${entry.jobId}/${entry.number}`;
      entry.lines[0].dropped += droppedLines.get(key) ?? 0;
      droppedLines.delete(key);
    }
    waiting.push({ entry, done });
  };

  return {
    journalId: opened.promise,
    get isBehind() {
      return inFlight !== undefined && Date.now() - inFlightSince > BEHIND_MS;
    },
    tell(entry) {
      put(entry);
      if (!inFlight) linger ??= setTimeout(flush, LINGER_MS);
    },
    write(entry) {
      return new Promise((resolve) => {
        put(entry, resolve);
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
const MAX_WAITING = 50_000;
