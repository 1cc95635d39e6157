import { Client } from '@temporalio/client';
import { restore } from '../activities/restore.ts';
import { runsOf } from '../activities/visibility.ts';
import type { Config } from '../config.ts';
import { ORCHESTRATOR_TASK_QUEUE } from '../job/ids.ts';
import { openJournal } from '../journal/journal.ts';
import { workflowBundle } from '../temporal/bundle.ts';
import { connectNative } from '../temporal/connect-native.ts';
import { runWorkflowsWithoutPromiseHooks } from '../temporal/workflow-thread.ts';
import { claimNamespace } from './claim-namespace.ts';

/** Writes every job that Temporal still has to the journal. What stands there already is not harmed. */
export async function rebuild(config: Config, say: (line: string) => void): Promise<void> {
  const [journal, connection, bundle] = await Promise.all([
    openJournal(config.journalFile, say),
    connectNative(config, ORCHESTRATOR_TASK_QUEUE, say),
    workflowBundle(config.cacheDir),
  ]);
  try {
    await claimNamespace(config, journal, connection);
    runWorkflowsWithoutPromiseHooks();
    const client = new Client({ connection, namespace: config.namespace });
    const runs = await runsOf(client, `WorkflowType = 'jobWorkflow'`);
    await restore({ client, journal, bundle }, runs);
    await journal.stop(60_000);
    say(`${new Set(runs.map(({ jobId }) => jobId)).size} jobs are back in ${config.journalFile}. Logs, and the feed as it was, are not.`);
  } finally {
    await connection.close();
  }
}
