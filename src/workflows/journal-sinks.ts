import { proxySinks, type Sinks } from '@temporalio/workflow';
import type { JobRecord } from '../job/spec.ts';

/** The orchestrator's door to the journal: no event in the history, no delay. */
export interface JournalSinks extends Sinks {
  journal: { record(record: JobRecord): void };
}

export const { journal } = proxySinks<JournalSinks>();
