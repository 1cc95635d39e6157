import type { Client } from '@temporalio/client';
import { jobIdOf } from '../job/ids.ts';
import { isFinal, type JobStatus } from '../job/status.ts';
import type { Journal } from '../journal/journal.ts';
import { type JobRow, readJobsById } from '../journal/read-jobs.ts';
import { searchAttributes } from '../workflows/search-attributes.ts';
import { CHUNK, inChunks, named, type Seen } from './visibility.ts';

/**
 * Jobs whose row and whose entry in Temporal's list are of another status, what both said, and whether that was repaired. The entry is
 * written a moment later than the row; where both still say the same at the next pass, the row has missed something.
 */
export type Doubts = ReadonlyMap<string, Doubt>;
type Doubt = { said: string; isRepaired: boolean };

/** What the journal has wrong, as far as a pass has seen. */
export class Suspects {
  /** The journal does not know them. */
  readonly missing = new Set<string>();
  /** The journal has them as open although a run of them is closed. */
  readonly closed = new Set<string>();
  readonly #doubts = new Map<string, string>();
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  async look(workflows: Seen[]): Promise<void> {
    const jobs = new Map<string, Seen[]>();
    for (const workflow of workflows) {
      const id = jobIdOf(workflow.workflowId);
      if (id !== undefined) jobs.set(id, [...(jobs.get(id) ?? []), workflow]);
    }
    if (jobs.size === 0) return;
    const ids = [...jobs.keys()];
    const rows = await readJobsById(this.#journal.db, ids);
    for (const [index, id] of ids.entries()) {
      const row = rows[index];
      if (row) for (const run of jobs.get(id)!) this.#compare(row, run);
      else this.missing.add(id);
    }
  }

  #compare({ id, status, workflow_status, rev }: JobRow, run: Seen): void {
    if (isFinal(status as JobStatus)) return;
    if (run.status.name !== 'RUNNING') return void this.closed.add(id);
    const listed = run.typedSearchAttributes?.get(searchAttributes.status);
    if (listed !== undefined && listed !== workflow_status) this.#doubts.set(id, `${listed}, not ${workflow_status} (${rev})`);
  }

  /** @returns those of which the same was said a pass ago, and what the next pass is to look at again. */
  async behind(client: Client, before: Doubts): Promise<{ behind: Set<string>; doubts: Doubts }> {
    const unseen = [...before.keys()].filter((id) => !this.#doubts.has(id));
    if (unseen.length > 0) for await (const chunk of inChunks(client.workflow.list({ query: named(unseen) }))) await this.look(chunk);
    const doubts = new Map<string, Doubt>();
    // First those that are doubted already: where there are many, others must not take their turn from them.
    for (const id of new Set([...before.keys(), ...this.#doubts.keys()])) {
      const said = this.#doubts.get(id);
      if (said !== undefined && doubts.size < CHUNK) doubts.set(id, { said, isRepaired: before.get(id)?.said === said });
    }
    // Once: it may be that its history says no more than its row does.
    const behind = new Set([...doubts].filter(([id, { isRepaired }]) => isRepaired && !before.get(id)!.isRepaired).map(([id]) => id));
    return { behind, doubts };
  }
}
