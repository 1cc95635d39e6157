import type { EventRow } from '../../journal/read-events.ts';

/** The jobs that have changed and were not sent yet, each once however often it has, and how far in the feed that is known. */
export class ChangedJobs {
  readonly #ids = new Set<string>();
  #seq = 0;

  /** The last event's seq. */
  get seq(): number {
    return this.#seq;
  }

  get isEmpty(): boolean {
    return this.#ids.size === 0;
  }

  add(events: EventRow[]): void {
    for (const event of events) this.#ids.add(event.job_id);
    this.#seq = Math.max(this.#seq, events.at(-1)?.seq ?? 0);
  }

  /** The first of them, which count as sent. */
  take(most: number): string[] {
    const ids = Array.from(this.#ids).slice(0, most);
    for (const id of ids) this.#ids.delete(id);
    return ids;
  }
}
