import { proxySinks, type Sinks } from '@temporalio/workflow';
import type { JobRecord } from '../job/spec.ts';

/** The orchestrator's door to the journal: no event in the history. A step waits for it, so that nothing it leads to is told first. */
export interface JournalSinks extends Sinks {
  journal: { record(record: JobRecord): void };
}

export const { journal } = proxySinks<JournalSinks>();
