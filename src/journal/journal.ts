import type { Entry } from './entries.ts';
import { openSqlite, type Database } from './sqlite.ts';
import { followJournal, type Tail } from './tail.ts';
import { startWriter, type JournalWriter } from './writer.ts';

/** A process' journal: one writer thread, one connection for short reads, one tail. `id` and `db` change when the file is replaced. */
export type Journal = {
  readonly id: string;
  file: string;
  writer: JournalWriter;
  readonly db: Database['db'];
  tail: Tail;
  /** Called when the journal was deleted and another one has taken its place. @returns what ends that. */
  onReplaced(listener: () => void): () => void;
  /** Told again to every journal that takes this one's place, until the answer is called: for what only this process knows. */
  stand(entry: Entry): () => void;
  stop(graceMs: number): Promise<void>;
};

/**
 * Opens the journal and makes or migrates it where needed; waits while another process does that. One that is deleted while
 * it is open is made anew within a second, by whoever notices first.
 *
 * @throws Error when it is refused: written by a newer program, not a journal, or in a directory that cannot be written.
 */
export async function openJournal(file: string, onTrouble: (message: string) => void): Promise<Journal> {
  const listeners = new Set<() => void>();
  const standing = new Set<Entry>();
  const writer = startWriter(file, { onTrouble, onReplaced: (journalId) => replace(journalId) });
  let id = await writer.journalId;
  let reader = openSqlite(file, 'read', READ_BUSY_MS);

  const replace = (journalId: string): void => {
    onTrouble(`the journal was deleted, or moved away: goes on with the one that is at ${file} now`);
    try {
      const next = openSqlite(file, 'read', READ_BUSY_MS);
      reader.close();
      reader = next;
    } catch (error) {
      // Gone again: the writer notices that as well.
      return onTrouble((error as Error).message);
    }
    id = journalId;
    for (const entry of standing) writer.tell(entry);
    for (const listener of listeners) listener();
  };

  return {
    get id() {
      return id;
    },
    file,
    writer,
    get db() {
      return reader.db;
    },
    tail: followJournal(() => reader),
    onReplaced(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    stand(entry) {
      standing.add(entry);
      return () => void standing.delete(entry);
    },
    async stop(graceMs) {
      await writer.stop(graceMs);
      reader.close();
    },
  };
}

/** WAL readers wait for nobody but a recovery after a crash. */
const READ_BUSY_MS = 200;
