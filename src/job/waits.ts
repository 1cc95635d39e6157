import type { EventNote } from './spec.ts';
import type { JobStatus } from './status.ts';

/** What can keep a job out of the line. */
export type Waits = {
  held: boolean;
  /** Dependencies that have not ended. */
  missing: number;
  /** ms since 1970: a start time asked for, or the end of a backoff. Gone when it has come. */
  startsAt: number | undefined;
};

/** Where a job stands before it runs: the first that applies. */
export function statusBefore({ held, missing, startsAt }: Waits): Extract<JobStatus, 'HELD' | 'WAITING' | 'SCHEDULED' | 'QUEUED'> {
  if (held) return 'HELD';
  if (missing > 0) return 'WAITING';
  if (startsAt !== undefined) return 'SCHEDULED';
  return 'QUEUED';
}

/** What the feed says when a job gets there. */
export const arrival = (status: ReturnType<typeof statusBefore>, startsAt?: number): EventNote => ({
  kind: status,
  ...(status === 'SCHEDULED' && startsAt !== undefined ? { detail: { startsAt: new Date(startsAt).toISOString() } } : {}),
});
