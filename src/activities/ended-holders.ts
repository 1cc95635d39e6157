import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { Holder } from '../job/gate.ts';
import { workflowIdOf } from '../job/ids.ts';
import type { Journal } from '../journal/journal.ts';
import { readDeletedAt } from '../journal/forget-job.ts';
import { readLastAttempts } from '../journal/read-attempts.ts';
import { readJobsById } from '../journal/read-jobs.ts';
import { describeWorkflow } from '../temporal/describe-workflow.ts';
import { eachAtOnce } from './each-at-once.ts';

type Deps = { client: Client; journal: Pick<Journal, 'db'> };
type Last = WorkflowExecutionDescription | undefined;

/**
 * Which holders have ended and have no process left: terminated jobs, and those that Temporal has deleted. At once where no attempt
 * had started, or its worker has said that it is gone, as one that lives does within some 5 s. Of one that is stopped or cut off
 * nobody hears: its guardian has killed what it ran when {@link FENCED_MS} are over.
 */
export async function endedAmong({ client, journal }: Deps, holders: readonly Holder[], nowMs = Date.now()): Promise<Holder[]> {
  const ended: Holder[] = [];
  await eachAtOnce(holders, async (holder) => {
    const last = await describeWorkflow(client, workflowIdOf(holder.jobId));
    const endedAt = last ? last.closeTime?.getTime() : await endOnRecord(journal, holder.jobId);
    if (endedAt === undefined) return;
    if (nowMs - endedAt > FENCED_MS || !(await mayRun(journal, holder.jobId, last))) ended.push(holder);
  });
  return ended;
}

/** What a closed workflow had open Temporal still tells, and whether that had started: it cannot start any more. */
async function mayRun({ db }: Deps['journal'], jobId: string, last: Last): Promise<boolean> {
  const open = last?.raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'attempt');
  if (last && (!open || open.state === PENDING_ACTIVITY_STATE_SCHEDULED || open.state === PENDING_ACTIVITY_STATE_PAUSED)) return false;
  // No journal, no proof.
  const [attempt] = await readLastAttempts(db, [jobId]).catch(() => []);
  return attempt?.processes_gone !== 1 || (open !== undefined && open.activityId !== attempt.activity_id);
}

/** When a job ended that Temporal has deleted; undefined as long as the reconciler has not seen to it. */
async function endOnRecord({ db }: Deps['journal'], jobId: string): Promise<number | undefined> {
  try {
    const [row] = await readJobsById(db, [jobId]);
    return row ? (row.finished_at ?? undefined) : ((await readDeletedAt(db, jobId)) ?? LONG_AGO);
  } catch {
    return undefined;
  }
}

const { PENDING_ACTIVITY_STATE_SCHEDULED, PENDING_ACTIVITY_STATE_PAUSED } = proto.temporal.api.enums.v1.PendingActivityState;
/** A runner lives 26 s from when the last heartbeat that was answered was sent; its guardian looks every second. */
const FENCED_MS = 30_000;
const LONG_AGO = 0;
