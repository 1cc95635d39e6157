import type { Kysely } from 'kysely';
import { shownStatus, type JobStatus } from '../job/status.ts';
import type { AttemptEnd, AttemptStart, LoggedLine } from './entries.ts';
import { keptByQueue } from './read-queues.ts';
import { appendEvents, recordEvent } from './record-event.ts';
import { thinOut, usedBySamples } from './record-usage.ts';
import type { Tables } from './tables.ts';

type Db = Kysely<Tables>;

/**
 * An attempt has got its process. Its job is RUNNING from here on, unless the workflow already knows how it ended.
 *
 * One that starts after that number had started begins anew: the job was reset in Temporal to a point before it.
 */
export async function startAttempt(db: Db, start: AttemptStart): Promise<void> {
  const { jobId, number } = start;
  if (start.unlessKept && (await keptByQueue(db, start, start.unlessKept))) return;
  const fresh = {
    workflow_id: start.workflowId,
    activity_id: start.activityId,
    step: start.step ?? null,
    undo: start.undo ? 1 : 0,
    worker_id: start.workerId,
    host: start.host,
    pid: start.pid,
    started_at: start.at,
    finished_at: null,
    processes_gone: 0,
    outcome: null,
    exit_code: null,
    signal: null,
    kill_ms: null,
    killed_pids: '[]',
    result: null,
    error: null,
    code: null,
    annotations: null,
    peak_memory_bytes: null,
    cpu_seconds: null,
  };
  const added = await db
    .insertInto('attempt')
    .values({ job_id: jobId, number, ...fresh })
    .onConflict((on) =>
      on
        .columns(['job_id', 'number'])
        .doUpdateSet(fresh)
        .where('attempt.started_at', '<', start.at)
        // A history told again has no pid, and its server's clock: it takes the place of no attempt that runs.
        .where((eb) => (start.pid === null ? eb('attempt.finished_at', '<', start.at) : eb.lit(true))),
    )
    .executeTakeFirst();
  if (added.numInsertedOrUpdatedRows === 0n) return;
  await db.deleteFrom('usage_sample').where('job_id', '=', jobId).where('attempt', '=', number).where('at', '<', start.at).execute();
  const job = await db
    .selectFrom('job')
    .select(['workflow_status', 'attempts_ended', 'last_started', 'started_at', 'finished_at'])
    .where('id', '=', jobId)
    .executeTakeFirst();
  // It was final and runs again: only a reset in Temporal does that, and its workflow tells nothing before its next end.
  const again = job?.finished_at != null && start.at > job.finished_at;
  const attemptsEnded = again ? number - 1 : (job?.attempts_ended ?? 0);
  const lastStarted = again ? number : Math.max(number, job?.last_started ?? 0);
  const status = shownStatus(again ? 'QUEUED' : ((job?.workflow_status ?? 'QUEUED') as JobStatus), attemptsEnded, lastStarted);
  const told = { jobId, at: start.at, status };
  const version = await appendEvents(db, [
    {
      ...told,
      key: `a${number}.started.${start.at}`,
      kind: 'STARTED',
      detail: { attempt: number, workerId: start.workerId, pid: start.pid },
    },
    ...(start.step
      ? [
          {
            ...told,
            key: `a${number}.step.${start.at}`,
            kind: start.undo ? ('UNDO_STARTED' as const) : ('STEP_STARTED' as const),
            detail: { attempt: number, step: start.step },
          },
        ]
      : []),
  ]);
  if (!job) return;
  await db
    .updateTable('job')
    .set({
      status,
      last_started: lastStarted,
      started_at: job.started_at ?? start.at,
      ...(status === 'RUNNING' ? { progress: null, ages_at: null } : {}),
      ...(version === undefined ? {} : { version }),
      ...(again
        ? {
            workflow_status: 'QUEUED',
            attempts_ended: attemptsEnded,
            finished_at: null,
            result: null,
            reason_code: null,
            reason_message: null,
          }
        : {}),
    })
    .where('id', '=', jobId)
    .execute();
}

/**
 * An attempt only moves from started to ended: who comes second changes nothing, but that the worker adds what only it
 * knows where the workflow was quicker.
 */
export async function endAttempt(db: Db, end: AttemptEnd, jobStatus?: JobStatus): Promise<void> {
  const { jobId, number } = end;
  const gone = end.areProcessesGone ? { processes_gone: 1 } : {};
  const details = {
    ...(typeof end.exitCode === 'number' ? { exit_code: end.exitCode } : {}),
    ...(end.signal ? { signal: end.signal } : {}),
    ...(end.killMs === undefined ? {} : { kill_ms: end.killMs }),
    ...(end.killedPids ? { killed_pids: JSON.stringify(end.killedPids) } : {}),
    ...(end.result === undefined ? {} : { result: JSON.stringify(end.result) }),
    ...(end.error ? { error: JSON.stringify(end.error) } : {}),
    ...(end.code ? { code: end.code } : {}),
    ...(end.annotations ? { annotations: JSON.stringify(end.annotations) } : {}),
    ...(end.peakMemoryBytes === undefined ? {} : { peak_memory_bytes: end.peakMemoryBytes }),
    ...(end.cpuSeconds === undefined ? {} : { cpu_seconds: end.cpuSeconds }),
  };
  const update = db
    .updateTable('attempt')
    .where('job_id', '=', jobId)
    .where('number', '=', number)
    .$if(end.startedAt !== undefined, (query) => query.where('started_at', '<=', end.startedAt!));
  const ended = await update
    .set({ finished_at: end.at, outcome: end.outcome, ...gone, ...details })
    .where('finished_at', 'is', null)
    .returning('started_at')
    .executeTakeFirst();
  if (!ended) {
    // Whatever it has ended as: for the gate of a job that was terminated.
    if (end.areProcessesGone) await update.set(gone).execute();
    if (end.code || end.annotations || end.cpuSeconds !== undefined)
      await update.set(details).where('outcome', '=', end.outcome).where('code', 'is', null).execute();
    return;
  }
  if (end.cpuSeconds === undefined) {
    const used = await usedBySamples(db, jobId, number);
    if (used) await update.set(used).execute();
  }
  await thinOut(db, jobId, number);
  const job = jobStatus ? { status: jobStatus } : await db.selectFrom('job').select('status').where('id', '=', jobId).executeTakeFirst();
  await recordEvent(db, {
    jobId,
    key: `a${number}.ended.${ended.started_at}`,
    at: end.at,
    kind: 'ATTEMPT_ENDED',
    status: (job?.status ?? 'RUNNING') as JobStatus,
    detail: { attempt: number, outcome: end.outcome, ...(end.error ? { error: end.error.message } : {}) },
  });
}

export async function recordProgress(db: Db, jobId: string, number: number, fraction: number, at: number): Promise<void> {
  const job = await db.selectFrom('job').select('status').where('id', '=', jobId).where('last_started', '=', number).executeTakeFirst();
  if (!job) return;
  const isNews = await recordEvent(db, {
    jobId,
    key: `a${number}.p${at}`,
    at,
    kind: 'PROGRESSED',
    status: job.status as JobStatus,
    detail: { attempt: number, progress: fraction },
  });
  if (isNews) await db.updateTable('job').set({ progress: fraction }).where('id', '=', jobId).execute();
}

export async function recordLog(db: Db, jobId: string, number: number, lines: LoggedLine[]): Promise<void> {
  await db
    .insertInto('log_line')
    .values(lines.map((line) => ({ job_id: jobId, attempt: number, ...line })))
    .execute();
}
