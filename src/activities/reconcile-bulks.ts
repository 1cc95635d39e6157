import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { bulkWorkflowIdOf } from '../job/ids.ts';
import type { Journal } from '../journal/journal.ts';
import { readOpenBulks } from '../journal/read-bulk.ts';

/** Ends the bulk operations in the journal that have ended in Temporal without telling: one that was terminated cannot. */
export async function reconcileBulks({ client, journal }: { client: Client; journal: Journal }): Promise<void> {
  for (const { id } of await readOpenBulks(journal.db)) {
    const how = await statusOf(client, id);
    if (how === 'RUNNING') continue;
    journal.writer.tell({ kind: 'bulkEnded', id, status: how === 'COMPLETED' ? 'SUCCEEDED' : 'ABORTED', at: Date.now() });
  }
}

async function statusOf(client: Client, id: string): Promise<string> {
  try {
    return (await client.workflow.getHandle(bulkWorkflowIdOf(id)).describe()).status.name;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    return 'NOT_FOUND';
  }
}
