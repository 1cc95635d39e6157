import { bandOf } from './bands.ts';
import type { JobRecord, JobSpec } from './spec.ts';

/**
 * A job's first record. The api writes it when the workflow has been started, and the workflow tells it again: whoever
 * comes first makes the row.
 */
export const firstRecord = (spec: JobSpec): JobRecord => ({
  jobId: spec.id,
  rev: 1,
  at: spec.createdAt,
  status: 'QUEUED',
  priority: spec.priority,
  band: bandOf({ priority: spec.priority, forced: false, halts: 0, losses: 0, after: undefined }),
  forced: false,
  halts: 0,
  losses: 0,
  failures: 0,
  attemptsEnded: 0,
  events: [{ kind: 'CREATED' }, { kind: 'QUEUED' }],
  spec,
});
