import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import type { Journal } from '../journal/journal.ts';
import type { Logger } from '../log.ts';
import { ofWorker } from '../process/mark.ts';
import { killTree } from '../process/tree.ts';
import type { FailureDetails, HeartbeatDetails } from '../workflows/run-attempt.ts';

/**
 * Gives up, at a worker's start, the attempts that the process before it with this id had: Temporal hears of it at once
 * and not by the heartbeat timeout 30 s later. One whose outcome stands on record already is adopted by the next.
 *
 * Resolves when their jobs stand in line again, so that they are the first to be handed out; after 10 s at the latest, for
 * there may be no orchestrator.
 */
export async function giveUpOrphans(deps: {
  journal: Journal;
  client: Client;
  workerId: string;
  mark: string;
  log: Logger;
}): Promise<void> {
  const { journal, client, workerId, mark, log } = deps;
  // The guardian has ended them by now; never two at once, though, so make sure.
  await killTree({ mark: ofWorker(workerId), but: mark, known: new Map() });
  const orphans = await journal.db
    .selectFrom('attempt')
    .innerJoin('job', 'job.id', 'attempt.job_id')
    .select(['attempt.workflow_id', 'attempt.activity_id', 'attempt.finished_at', 'attempt.job_id'])
    .where('attempt.worker_id', '=', workerId)
    .whereRef('attempt.number', '>', 'job.attempts_ended')
    .where('job.finished_at', 'is', null)
    .execute();
  await Promise.all(
    orphans.map(async ({ workflow_id: workflowId, activity_id: activityId, job_id: job }) => {
      const error = { name: 'LOST', message: 'its worker died and has started again', retryable: true };
      try {
        const saved = await lastHeartbeat(client, workflowId, activityId);
        const details: FailureDetails = { outcome: 'LOST', code: 'LOST', error, ...saved };
        await client.activity.fail(
          { workflowId, activityId },
          ApplicationFailure.create({ message: error.message, type: 'LOST', nonRetryable: true, details: [details] }),
        );
        log.info({ job, attempt: activityId }, 'gave up an attempt that was cut off');
        await untilInLineAgain(client, workflowId);
      } catch (error) {
        // Ended, timed out or terminated meanwhile: nothing is left to give up.
        if (['ActivityNotFoundError', 'WorkflowNotFoundError'].includes((error as Error).name)) return;
        log.warn(
          { job, attempt: activityId, err: error },
          'could not give up an attempt that was cut off: Temporal does by its heartbeat timeout',
        );
      }
    }),
  );
}

async function untilInLineAgain(client: Client, workflowId: string): Promise<void> {
  const until = Date.now() + REQUEUE_WAIT_MS;
  while (Date.now() < until) {
    const { raw, status } = await client.workflow.getHandle(workflowId).describe();
    if (status.name !== 'RUNNING' || (raw.pendingActivities ?? []).length > 0) return;
    await sleep(REQUEUE_POLL_MS);
  }
}

/** What the attempt had saved, as far as a heartbeat has brought it to Temporal. */
async function lastHeartbeat(client: Client, workflowId: string, activityId: string): Promise<HeartbeatDetails | undefined> {
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  const payload = raw.pendingActivities?.find((pending) => pending.activityId === activityId)?.heartbeatDetails?.payloads?.[0];
  return payload ? (defaultPayloadConverter.fromPayload<HeartbeatDetails | null>(payload) ?? undefined) : undefined;
}

const REQUEUE_WAIT_MS = 10_000;
const REQUEUE_POLL_MS = 20;
