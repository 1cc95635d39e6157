import { openSqlite, type Database } from './sqlite.ts';
import { followJournal, type Tail } from './tail.ts';
import { startWriter, type JournalWriter } from './writer.ts';

/** A process' journal: one writer thread, one connection for short reads, one tail. */
export type Journal = {
  id: string;
  file: string;
  writer: JournalWriter;
  db: Database['db'];
  tail: Tail;
  stop(graceMs: number): Promise<void>;
};

/**
 * Opens the journal and makes or migrates it where needed; waits while another process does that.
 *
 * @throws Error when it is refused: written by a newer program, not a journal, or in a directory that cannot be written.
 */
export async function openJournal(file: string, onTrouble: (message: string) => void): Promise<Journal> {
  const writer = startWriter(file, onTrouble);
  const id = await writer.journalId;
  const reader = openSqlite(file, 'read', READ_BUSY_MS);
  return {
    id,
    file,
    writer,
    db: reader.db,
    tail: followJournal(reader),
    async stop(graceMs) {
      await writer.stop(graceMs);
      reader.close();
    },
  };
}

/** WAL readers wait for nobody but a recovery after a crash. */
const READ_BUSY_MS = 200;
