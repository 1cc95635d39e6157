import { ApplicationFailure, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import { PRIORITY } from '../job/bands.ts';
import { isFinal } from '../job/status.ts';
import { ADOPTED } from '../job/gate.ts';
import { noteDependency } from './dependencies.ts';
import type { BadJobEnd, JobLife } from './job-life.ts';
import { giveBack } from './keys.ts';
import { Line } from './line.ts';
import {
  abort,
  age,
  ALREADY_FINISHED,
  dependant,
  dependencyEnded,
  forceStart,
  gateGone,
  granted,
  hold,
  release,
  setPriority,
  UNSUPPORTED,
} from './messages.ts';
import { takesOnlyAborts } from './new-run.ts';
import { searchAttributes } from './search-attributes.ts';
import { shielded } from './shielded.ts';
import { abandonRollback, stop } from './stop.ts';

/** What the job does when it is told something. The handlers stand before the first await, so that no message can come before them. */
export function listen(job: JobLife): void {
  const line = new Line(job);
  const refuseFinal = (): void => {
    if (isFinal(job.status)) throw ApplicationFailure.nonRetryable(`the job is ${job.status}`, ALREADY_FINISHED);
  };
  const refuseTooMany = (): void => {
    refuseFinal();
    if (takesOnlyAborts(job)) throw ApplicationFailure.nonRetryable(TOLD_TOO_MUCH, UNSUPPORTED);
  };
  const refuseHold = (): void => {
    refuseTooMany();
    if (job.undoing)
      throw ApplicationFailure.nonRetryable('it undoes its steps, and can be neither held nor released meanwhile', UNSUPPORTED);
  };

  const counted =
    <In extends unknown[], Out>(handle: (...input: In) => Out) =>
    (...input: In): Out => {
      job.updates += 1;
      return handle(...input);
    };

  setHandler(
    abort,
    counted(({ message, rollback }) => {
      askToStop(job, message, rollback);
      return job.snapshot();
    }),
    { validator: (_) => refuseFinal() },
  );
  setHandler(
    setPriority,
    counted(async (priority) => {
      if (priority === job.priority && job.aged === 0) return job.snapshot();
      job.priority = priority;
      job.aged = 0;
      upsertSearchAttributes([{ key: searchAttributes.priority, value: priority }]);
      const record = job.tell([{ kind: 'PRIORITY_SET', detail: { priority } }]);
      await line.settle();
      return record;
    }),
    { validator: (_) => refuseTooMany() },
  );
  setHandler(
    forceStart,
    // Older clients send nothing with it.
    counted(async ({ ignoreDependencies = false, ignoreConcurrency = false } = {}) => {
      const skips =
        job.held || job.startsAt !== undefined || (ignoreDependencies && job.missing.length > 0) || (ignoreConcurrency && !job.ignoresKeys);
      if (job.undoing || (job.forced && !skips)) return job.snapshot();
      job.forced = true;
      job.held = false;
      job.startsAt = undefined;
      if (ignoreDependencies) job.missing = [];
      if (ignoreConcurrency) job.ignoresKeys = true;
      const record = job.tell([{ kind: 'FORCED' }]);
      // Also where its band stays: its queue's pause may have stopped it in line.
      job.appliedBand = undefined;
      await line.settle();
      return record;
    }),
    { validator: (_) => refuseTooMany() },
  );
  setHandler(
    hold,
    counted(async () => {
      const isNew = !job.held;
      job.held = true;
      await line.settle();
      // One that has just started goes on, and is held when it comes back. Any other says so itself when it is out of line.
      return isNew && job.held && job.attemptScope && !job.withdrawn ? job.tell([{ kind: 'HELD' }]) : job.snapshot();
    }),
    { validator: refuseHold },
  );
  setHandler(
    release,
    counted(() => {
      if (!job.held) return job.snapshot();
      job.held = false;
      return job.tell([{ kind: 'RELEASED' }]);
    }),
    { validator: refuseHold },
  );
  setHandler(granted, async (gate, ticket) => {
    const isAsked = job.atGate?.gate === gate && job.atGate.ticket === ticket;
    if (job.keys.some((key) => key.gate === gate && key.ticket === ticket)) return;
    if (isAsked || (ticket === ADOPTED && job.attemptScope)) job.keys.push({ gate, ticket });
    // It does not want in any more: an answer to an old ask, or it ran only a moment ago. Waited for, so that no run ends before.
    else await shielded(() => giveBack(job, [{ gate, ticket }]));
  });
  setHandler(gateGone, (gate) => {
    if (job.atGate?.gate === gate) job.asksAgain = true;
  });
  setHandler(age, async (from) => {
    if (job.effectivePriority !== from || from === PRIORITY.max || !isWaitingInLine(job)) return;
    job.aged += 1;
    job.tell([{ kind: 'AGED', detail: { effectivePriority: job.effectivePriority } }]);
    await line.settle();
  });
  // Asked again where the answer was lost.
  setHandler(dependant, (id) => void (job.dependants.includes(id) || job.dependants.push(id)));
  setHandler(dependencyEnded, (id, status) => noteDependency(job, id, status));
}

/** Or it runs: its workflow cannot see that, and the ager does not ask for one that does. */
const isWaitingInLine = ({ status, held, isToStop }: JobLife): boolean => status === 'QUEUED' && !held && !isToStop;

export function askToStop(job: JobLife, message: string | undefined, rollback?: boolean): void {
  const end: BadJobEnd = { status: 'ABORTED', reason: { code: 'ABORTED_BY_USER', message: message ?? 'aborted' } };
  if (job.undoing && rollback === false) abandonRollback(job, end);
  else if (job.stop?.rollback && rollback === false) job.stop.rollback = false;
  else if (!stop(job, end, rollback)) return;
  job.tell([{ kind: 'ABORT_REQUESTED', detail: message === undefined ? {} : { message } }]);
}

const TOLD_TOO_MUCH = 'it has been told so much in this attempt that it takes nothing but an abort until that has ended';
