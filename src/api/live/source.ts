import type { Journal } from '../../journal/journal.ts';
import { type EventRow, isKeptSince } from '../../journal/read-events.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { fromJournal } from '../errors.ts';
import { Wake } from '../wake.ts';

/** The journal as a subscription reads it: woken by what is new, from a place of its own, also when another journal takes its place. */
export class Source {
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Woken when the journal has changed and `concerns` holds for its new events. */
  wake(concerns: (events: EventRow[]) => boolean = () => true): Wake {
    return new Wake((wake) => this.listen((events) => concerns(events) && wake()));
  }

  /** Calls at every change until what it returns is called. */
  listen(listener: (events: EventRow[]) => void): () => void {
    return this.#journal.tail.listen(listener);
  }

  /** @throws Fault BACKEND_UNAVAILABLE where the journal cannot be read. */
  read<T>(read: (db: Journal['db']) => Promise<T>): Promise<T> {
    return fromJournal(() => read(this.#journal.db));
  }

  cursor(seq: number): string {
    return encodeCursor('event', this.#journal.id, seq);
  }

  /** The seq a client comes back with; one of another journal is older than all that is kept. */
  seqOf(cursor: string | null | undefined): number | undefined {
    const values = decodeCursor('event', cursor);
    return values && (values[0] === this.#journal.id ? Number(values[1]) : FOREIGN);
  }

  /** Whether all that came after this seq is still there. */
  async isKept(seq: number): Promise<boolean> {
    return seq !== FOREIGN && (await this.read((db) => isKeptSince(db, seq)));
  }

  /** Answers whether another journal has taken the place of the one that is there now. */
  whetherReplaced(): () => boolean {
    const { id } = this.#journal;
    return () => this.#journal.id !== id;
  }
}

/** How much is read at once: a client that is slow to take it has no more than this in memory. */
export const CHUNK = 500;
const FOREIGN = -1;
