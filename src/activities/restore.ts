import type { Client } from '@temporalio/client';
import proto, { type temporal } from '@temporalio/proto';
import { type InjectedSinks, Worker } from '@temporalio/worker';
import { jobIdOf, workflowIdOf } from '../job/ids.ts';
import type { JobRecord } from '../job/spec.ts';
import type { Entry } from '../journal/entries.ts';
import type { Journal } from '../journal/journal.ts';
import { isNotFound } from '../temporal/is-not-found.ts';
import type { JournalSinks } from '../workflows/journal-sinks.ts';
import type { Run } from './visibility.ts';

type History = temporal.api.history.v1.IHistory;
const { EventType } = proto.temporal.api.enums.v1;

/**
 * Writes jobs to the journal again from their histories in Temporal, by replaying them: the same workflow code tells the
 * same records, so what comes back is what was written the first time, but for what only a worker knew (logs, samples,
 * annotations, how a process ended) and the old feed. Where that
 * is more than the journal had, the feed says RECONCILED. Runs of one job must come in the order they ran, all of them.
 */
export async function restore(deps: { client: Client; journal: Journal; bundle: string }, runs: Iterable<Run>): Promise<void> {
  const { client, journal, bundle } = deps;
  let told: Entry[] = [];
  const keep = (record: JobRecord): void => void told.push({ kind: 'job', record });
  const sinks: InjectedSinks<JournalSinks> = { journal: { record: { fn: (_, record) => keep(record), callDuringReplay: true } } };
  let ending: Entry | undefined;
  let isLastRun = false;

  async function* histories() {
    for (const { jobId, runId, isLast } of runs) {
      // Visibility is written after the fact: which run is the last one by now Temporal says itself.
      const history = await historyOf(client, jobId, isLast ? undefined : runId);
      if (!history) continue;
      told = [...attemptsIn(jobId, history)];
      isLastRun = isLast;
      ending = endingOf(jobId, history);
      yield { workflowId: workflowIdOf(jobId), history };
    }
  }
  // One after the other: what is told between two of them is of this job.
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: { codePath: bundle }, sinks }, histories())) {
    const jobId = jobIdOf(workflowId)!;
    // A run that was terminated, and that another one followed, is not the job's end.
    if (isLastRun && ending) told.push(ending);
    // The history's last word stands even where this program cannot follow the history to it.
    if (isLastRun && error) told.push(...(await closedWithout(client, jobId, error)));
    journal.writer.tell({ kind: 'reconciled', jobId, at: Date.now(), entries: told });
  }
}

/** undefined where there is none: what lists workflows may be out of date, and name one that was deleted. */
async function historyOf(client: Client, jobId: string, runId: string | undefined): Promise<History | undefined> {
  try {
    return await client.workflow.getHandle(workflowIdOf(jobId), runId).fetchHistory();
  } catch (error) {
    // Not put in the client's own words here, as other calls' errors are.
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Who ran each attempt and since when: a workflow does not know, its history does. */
function* attemptsIn(jobId: string, history: History): Generator<Entry> {
  const scheduled = new Map<string, string>();
  for (const event of history.events ?? []) {
    if (event.activityTaskScheduledEventAttributes)
      scheduled.set(String(event.eventId), event.activityTaskScheduledEventAttributes.activityId ?? '');
    const started = event.activityTaskStartedEventAttributes;
    const activityId = started && scheduled.get(String(started.scheduledEventId));
    const number = Number(activityId?.match(/^attempt-(\d+)$/)?.[1]);
    if (!started || !activityId || !number) continue;
    const [workerId = '', host = ''] = (started.identity ?? '').split('@');
    yield {
      kind: 'attemptStarted',
      attempt: { jobId, number, workflowId: workflowIdOf(jobId), activityId, workerId, host, pid: null, at: timeOf(event) },
    };
  }
}

/** The end of a workflow that was not its own doing. */
function endingOf(jobId: string, history: History): Entry | undefined {
  const last = history.events?.at(-1);
  if (last?.eventType === EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED) {
    const reason = last.workflowExecutionTerminatedEventAttributes?.reason;
    return {
      kind: 'terminated',
      jobId,
      at: timeOf(last),
      code: 'TERMINATED',
      message: reason ? `terminated in Temporal: ${reason}` : 'terminated in Temporal',
    };
  }
  if (last?.eventType === EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT) {
    return { kind: 'terminated', jobId, at: timeOf(last), code: 'INTERNAL', message: 'its workflow timed out in Temporal' };
  }
  return undefined;
}

async function closedWithout(client: Client, jobId: string, error: Error): Promise<Entry[]> {
  const { status } = await client.workflow.getHandle(workflowIdOf(jobId)).describe();
  if (status.name === 'RUNNING') return [];
  return [{ kind: 'terminated', jobId, at: Date.now(), code: 'INTERNAL', message: `its history could not be followed: ${error.message}` }];
}

function timeOf(event: temporal.api.history.v1.IHistoryEvent): number {
  const { seconds, nanos } = event.eventTime ?? {};
  return Number(seconds ?? 0) * 1_000 + Math.floor((nanos ?? 0) / 1e6);
}
