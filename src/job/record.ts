import { bandOf } from './bands.ts';
import type { JobRecord, JobSpec } from './spec.ts';
import { arrival, statusBefore } from './waits.ts';

/**
 * A job's first record. The api writes it when the workflow has been started, and the workflow tells it again: whoever
 * comes first makes the row.
 */
export function firstRecord(spec: JobSpec): JobRecord {
  const startsAt = spec.options.startAt !== null && spec.options.startAt > spec.createdAt ? spec.options.startAt : undefined;
  const status = statusBefore({ held: spec.hold, missing: spec.dependencies.length, startsAt });
  return {
    jobId: spec.id,
    rev: 1,
    key: '1',
    at: spec.createdAt,
    status,
    priority: spec.priority,
    effectivePriority: spec.priority,
    band: status === 'QUEUED' ? bandOf({ priority: spec.priority, forced: false, halts: 0, losses: 0, after: undefined }) : null,
    forced: false,
    halts: 0,
    losses: 0,
    failures: 0,
    attemptsEnded: 0,
    ...(startsAt === undefined ? {} : { startsAt }),
    ...(spec.hold ? { held: true } : {}),
    events: [{ kind: 'CREATED' }, arrival(status, startsAt)],
    spec,
  };
}

/** Also the undo that follows an attempt, of which no QUEUED tells, and one that is forced again: Temporal moves it each time. */
export const isNewInLine = ({ events, ended }: JobRecord): boolean =>
  ended !== undefined || events.some(({ kind }) => kind === 'QUEUED' || kind === 'FORCED');
