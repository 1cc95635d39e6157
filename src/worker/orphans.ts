import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import proto from '@temporalio/proto';
import { taskQueueOf, workflowIdOf } from '../job/ids.ts';
import type { Journal } from '../journal/journal.ts';
import { headOfLine } from '../journal/read-jobs.ts';
import type { Logger } from '../log.ts';
import { ofWorker } from '../process/mark.ts';
import { killTree } from '../process/tree.ts';
import { describeWorkflow } from '../temporal/describe-workflow.ts';
import type { FailureDetails, HeartbeatDetails } from '../workflows/run-attempt.ts';

type OrphanDeps = {
  journal: Journal;
  client: Client;
  workerId: string;
  /** What Temporal knows the worker by. */
  identity: string;
  pool: string;
  slots: number;
  mark: string;
  log: Logger;
};
type Orphan = { workflowId: string; activityId: string; job: string };

/**
 * Gives up, at a worker's start, the attempts that the process before it with this id had: Temporal hears of it at once
 * and not by the heartbeat timeout 30 s later. One whose outcome stands on record already is adopted by the next.
 *
 * Resolves when their jobs stand in line again, so that they are the first to be handed out, or wait for something else; after some
 * 10 s at the latest, for there may be no orchestrator.
 */
export async function giveUpOrphans(deps: OrphanDeps): Promise<void> {
  const { client, workerId, pool, mark, log } = deps;
  // The guardian has ended them by now; never two at once, though, so make sure.
  await killTree({ mark: ofWorker(workerId), but: mark, known: new Map() });
  const [begun, undelivered] = await Promise.all([attemptsOnRecord(deps), attemptsNotOnRecord(deps)]);
  const bands = await Promise.all(
    [...begun, ...undelivered].map(async ({ workflowId, activityId, job }) => {
      const error = { name: 'LOST', message: 'its worker died and has started again', retryable: true };
      try {
        const saved = await lastHeartbeat(client, workflowId, activityId);
        const details: FailureDetails = { outcome: 'LOST', code: 'LOST', error, ...saved };
        await client.activity.fail(
          { workflowId, activityId },
          ApplicationFailure.create({ message: error.message, type: 'LOST', nonRetryable: true, details: [details] }),
        );
        log.info({ job, attempt: activityId }, 'gave up an attempt that was cut off');
        return await untilScheduledAgain(client, workflowId);
      } catch (error) {
        // Ended, timed out or terminated meanwhile: nothing is left to give up.
        if (['ActivityNotFoundError', 'WorkflowNotFoundError'].includes((error as Error).name)) return undefined;
        log.warn(
          { job, attempt: activityId, err: error },
          'could not give up an attempt that was cut off: Temporal does by its heartbeat timeout',
        );
        return undefined;
      }
    }),
  );
  const again = bands.filter((band) => band !== undefined);
  if (again.length > 0) await untilInLine(client, taskQueueOf(pool), again);
}

async function attemptsOnRecord({ journal, workerId }: OrphanDeps): Promise<Orphan[]> {
  return journal.db
    .selectFrom('attempt')
    .innerJoin('job', 'job.id', 'attempt.job_id')
    .select(['attempt.workflow_id as workflowId', 'attempt.activity_id as activityId', 'attempt.job_id as job'])
    .where('attempt.worker_id', '=', workerId)
    .whereRef('attempt.number', '>', 'job.attempts_ended')
    .where('job.finished_at', 'is', null)
    .execute();
}

/**
 * Those that Temporal has handed to that process just when it died: nothing was written of them, so their jobs stand in line, and
 * first there, for they were the next.
 */
async function attemptsNotOnRecord({ journal, client, identity, pool, slots }: OrphanDeps): Promise<Orphan[]> {
  const first = await headOfLine(journal.db, pool, slots + CAME_SINCE);
  const found = await Promise.all(
    first.map(async (job): Promise<Orphan[]> => {
      const workflowId = workflowIdOf(job);
      // Where Temporal does not answer, its heartbeat timeout finds them.
      const described = await describeWorkflow(client, workflowId).catch(() => undefined);
      const attempt = described?.raw.pendingActivities?.find(
        ({ state, lastWorkerIdentity }) => state === PENDING_ACTIVITY_STATE_STARTED && lastWorkerIdentity === identity,
      );
      return attempt?.activityId ? [{ workflowId, activityId: attempt.activityId, job }] : [];
    }),
  );
  return found.flat();
}

/** Resolves with the band of the next attempt, as soon as its workflow has scheduled one; undefined where it does not go back in line. */
async function untilScheduledAgain(client: Client, workflowId: string): Promise<number | undefined> {
  const until = Date.now() + REQUEUE_WAIT_MS;
  while (Date.now() < until) {
    const { raw, status } = await client.workflow.getHandle(workflowId).describe();
    const pending = raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'attempt');
    if (status.name !== 'RUNNING') return undefined;
    if (pending) return pending.priority?.priorityKey ?? undefined;
    // It has heard of the loss, and is on hold, say.
    if (!raw.pendingWorkflowTask) return undefined;
    await sleep(POLL_MS);
  }
  return undefined;
}

/** What is scheduled is on its way into the line for a moment. Where other workers poll it may have left it again: we wait a second at most. */
async function untilInLine(client: Client, taskQueue: string, bands: number[]): Promise<void> {
  const { namespace } = client.options;
  const until = Date.now() + LINE_WAIT_MS;
  while (Date.now() < until) {
    const { statsByPriorityKey } = await client.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: ACTIVITIES,
      reportStats: true,
    });
    const inLine = (band: number): number => Number(statsByPriorityKey?.[band]?.approximateBacklogCount ?? 0);
    if (bands.every((band) => inLine(band) >= bands.filter((other) => other === band).length)) return;
    await sleep(POLL_MS);
  }
}

/** What the attempt had saved, as far as a heartbeat has brought it to Temporal. */
async function lastHeartbeat(client: Client, workflowId: string, activityId: string): Promise<HeartbeatDetails | undefined> {
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  const payload = raw.pendingActivities?.find((pending) => pending.activityId === activityId)?.heartbeatDetails?.payloads?.[0];
  return payload ? (defaultPayloadConverter.fromPayload<HeartbeatDetails | null>(payload) ?? undefined) : undefined;
}

/** How many may have come in before them since. */
const CAME_SINCE = 20;
const { PENDING_ACTIVITY_STATE_STARTED } = proto.temporal.api.enums.v1.PendingActivityState;
const REQUEUE_WAIT_MS = 10_000;
const LINE_WAIT_MS = 1_000;
const POLL_MS = 20;
/** TASK_QUEUE_TYPE_ACTIVITY */
const ACTIVITIES = 2;
