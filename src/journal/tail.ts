import type { Database } from './sqlite.ts';
import { readEvents, type EventRow } from './read-events.ts';

export type Tail = {
  /** Called after commits by any process, with the new events (none where only logs, workers or samples were written). */
  listen(listener: (events: EventRow[]) => void): () => void;
};

/**
 * Follows the journal: one poll per process, shared by all its subscribers, and none while there is no subscriber.
 *
 * `pragma data_version` tells whether another connection has committed; a poll costs 4 µs.
 */
export function followJournal({ db, sqlite }: Database): Tail {
  const listeners = new Set<(events: EventRow[]) => void>();
  const dataVersion = sqlite.prepare('pragma data_version');
  const lastSeq = sqlite.prepare('select coalesce(max(seq), 0) as seq from event');
  let timer: NodeJS.Timeout | undefined;
  let seenVersion: unknown;
  let seenSeq = 0;

  const poll = async (): Promise<void> => {
    const ours = timer;
    try {
      const version = dataVersion.get()?.['data_version'];
      while (version !== seenVersion) {
        const events = await readEvents(db, { after: seenSeq, limit: CHUNK });
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
        seenVersion = dataVersion.get()?.['data_version'];
        seenSeq = Number(lastSeq.get()?.['seq']);
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

const POLL_MS = 25;
const CHUNK = 1_000;
