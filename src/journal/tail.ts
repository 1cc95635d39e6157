import type { StatementSync } from 'node:sqlite';
import type { Database } from './sqlite.ts';
import { readEvents, type EventRow } from './read-events.ts';

export type Tail = {
  /** Called after commits by any process, with the new events (none where only logs, workers or samples were written). */
  listen(listener: (events: EventRow[]) => void): () => void;
};

/**
 * Follows the journal: one poll per process, shared by all its subscribers, and none while there is no subscriber. `journal`
 * gives the connection, another one after the file was replaced.
 *
 * `pragma data_version` tells whether another connection has committed; a poll costs 4 µs.
 */
export function followJournal(journal: () => Database): Tail {
  const listeners = new Set<(events: EventRow[]) => void>();
  let followed: { database: Database; dataVersion: StatementSync; lastSeq: StatementSync } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let seenVersion: unknown;
  let seenSeq = 0;

  const follow = (): NonNullable<typeof followed> => {
    const database = journal();
    if (followed?.database === database) return followed;
    const before = followed;
    followed = {
      database,
      dataVersion: database.sqlite.prepare('pragma data_version'),
      lastSeq: database.sqlite.prepare(`select seq from sqlite_sequence where name = 'event'`),
    };
    if (before) {
      seenVersion = undefined;
      // A new journal's seqs are higher than all before; only those of an older copy are not.
      seenSeq = Math.min(seenSeq, lastSeqOf(followed));
    }
    return followed;
  };

  const poll = async (): Promise<void> => {
    const ours = timer;
    try {
      const { database, dataVersion } = follow();
      const version = dataVersion.get()?.['data_version'];
      while (version !== seenVersion) {
        const events = await readEvents(database.db, { after: seenSeq, limit: CHUNK });
        // The last listener has left meanwhile; who has come after it has a poll of its own.
        if (timer !== ours) return;
        seenSeq = events.at(-1)?.seq ?? seenSeq;
        for (const listener of listeners) listener(events);
        if (events.length < CHUNK) seenVersion = version;
      }
    } catch {
      // A journal that cannot be read now is read at the next poll: nothing is skipped, for seenSeq has not moved.
    }
    if (timer === ours) timer = setTimeout(() => void poll(), POLL_MS);
  };

  return {
    listen(listener) {
      if (listeners.size === 0) {
        const now = follow();
        seenVersion = now.dataVersion.get()?.['data_version'];
        seenSeq = lastSeqOf(now);
        timer = setTimeout(() => void poll(), POLL_MS);
      }
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearTimeout(timer);
        timer = undefined;
      };
    },
  };
}

const lastSeqOf = ({ lastSeq }: { lastSeq: StatementSync }): number => Number(lastSeq.get()?.['seq'] ?? 0);

const POLL_MS = 25;
const CHUNK = 1_000;
