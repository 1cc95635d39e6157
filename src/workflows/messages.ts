import { defineUpdate } from '@temporalio/workflow';
import type { JobRecord } from '../job/spec.ts';

/**
 * What a job can be told while it lives. Each answers with the job's record as it stands after it, so that the api can
 * write it to the journal before it answers its client.
 */
export const abort = defineUpdate<JobRecord, [{ message?: string }]>('abort');
export const forceStart = defineUpdate<JobRecord>('forceStart');
export const setPriority = defineUpdate<JobRecord, [number]>('setPriority');

/** The failure type of a message that came too late. */
export const ALREADY_FINISHED = 'ALREADY_FINISHED';
