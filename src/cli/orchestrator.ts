import { Client } from '@temporalio/client';
import { type NativeConnection, Runtime } from '@temporalio/worker';
import { orchestratorActivities } from '../activities/orchestrator.ts';
import { act } from '../api/act.ts';
import { JobTypes } from '../api/job-types.ts';
import { Jobs } from '../api/jobs.ts';
import { Live } from '../api/live.ts';
import { Queues } from '../api/queues.ts';
import type { Config } from '../config.ts';
import { ORCHESTRATOR_TASK_QUEUE } from '../job/ids.ts';
import { isNewInLine } from '../job/record.ts';
import type { JobRecord } from '../job/spec.ts';
import { openJournal, type Journal } from '../journal/journal.ts';
import { recordBriefly } from '../journal/record-briefly.ts';
import type { Logger } from '../log.ts';
import { workflowBundle } from '../temporal/bundle.ts';
import { connectNative } from '../temporal/connect-native.ts';
import { prepareCluster } from '../temporal/prepare.ts';
import { runtimeOptions } from '../temporal/logger.ts';
import { runWorkflowsWithoutPromiseHooks } from '../temporal/workflow-thread.ts';
import { claimNamespace } from './claim-namespace.ts';
import type { RunningRole } from './role.ts';
import { untilShutDown } from './until-shut-down.ts';
import { WorkflowWorkers } from './workflow-workers.ts';

/** The process that runs workflow code, and never any handler's. */
export async function startOrchestrator(config: Config, log: Logger): Promise<RunningRole> {
  const { namespace } = config;
  Runtime.install(runtimeOptions(log));
  const connect = (): Promise<NativeConnection> =>
    connectNative(
      config,
      ORCHESTRATOR_TASK_QUEUE,
      (line) => log.error(line),
      (services) => prepareCluster(services, namespace),
    );
  const [journal, bundle, connection] = await Promise.all([
    openJournal(config.journalFile, (message) => log.warn({ journal: config.journalFile }, message)),
    workflowBundle(config.cacheDir),
    connect(),
  ]);
  await claimNamespace(config, journal, connection);
  const client = new Client({ connection, namespace });
  // A bulk operation does to each job what the api does to one.
  const jobs = new Jobs({ client, journal, jobTypes: new JobTypes(journal), live: new Live(journal), queues: new Queues(client, journal) });
  runWorkflowsWithoutPromiseHooks();
  const options = {
    namespace,
    taskQueue: ORCHESTRATOR_TASK_QUEUE,
    workflowBundle: { codePath: bundle },
    activities: orchestratorActivities({
      client,
      journal,
      namespace,
      bundle,
      retention: config.retention,
      act: (spec, jobId) => act(jobs, spec, jobId),
    }),
    sinks: { journal: { record: { fn: (_: unknown, record: JobRecord) => tell(journal, record) } } },
    maxConcurrentActivityTaskPolls: 1,
    // An activity learns at its next heartbeat that it is asked to stop.
    maxHeartbeatThrottleInterval: '1s',
    // Taken over by another orchestrator this much after a kill -9.
    stickyQueueScheduleToStartTimeout: '3s',
    shutdownGraceTime: '1s',
  } as const;
  const workers = await WorkflowWorkers.start(options, connection, connect);
  await client.workflow.start('reconcilerWorkflow', {
    workflowId: 'reconciler',
    taskQueue: ORCHESTRATOR_TASK_QUEUE,
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: 'keeps the journal true',
  });
  await client.workflow.start('agerWorkflow', {
    workflowId: 'ager',
    taskQueue: ORCHESTRATOR_TASK_QUEUE,
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: 'has jobs move up that have waited for long',
  });
  return {
    ended: workers.ended,
    async stop() {
      workers.shutDown();
      const isDown = await untilShutDown(workers.ended);
      if (!isDown) log.warn({ activities: workers.activitiesUnderWay }, LEFT);
      await journal.stop(2_000);
      if (isDown) await connection.close();
    },
  };
}

const LEFT =
  'ends without a word from Temporal, which does not answer. What it has not heard of goes on with another orchestrator, or this one started again';

/**
 * The first record is written by whoever has started the job, before it answers; a replay tells it where that was cut off. What
 * puts a job in line is written before Temporal hears of it, for the feed has it before the start, of which the worker tells at once.
 */
async function tell(journal: Journal, record: JobRecord): Promise<void> {
  if (record.rev === 1) return;
  const entry = { kind: 'job' as const, record };
  if (record.band !== null && isNewInLine(record)) await recordBriefly(journal, entry);
  else journal.writer.tell(entry);
}
