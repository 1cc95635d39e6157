import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { GatePolicy, GateState, Waiting } from '../job/gate.ts';
import type { JobRecord } from '../job/spec.ts';
import type { JobStatus } from '../job/status.ts';

/**
 * What a job can be told while it lives. Each answers with the job's record as it stands after it, so that the api can
 * write it to the journal before it answers its client.
 */
export const abort = defineUpdate<JobRecord, [{ message?: string; rollback?: boolean }]>('abort');
export const forceStart = defineUpdate<JobRecord, [{ ignoreDependencies?: boolean; ignoreConcurrency?: boolean }]>('forceStart');
export const setPriority = defineUpdate<JobRecord, [number]>('setPriority');
export const hold = defineUpdate<JobRecord>('hold');
export const release = defineUpdate<JobRecord>('release');

/** It has waited long enough to move up, if this is still its effective priority: told twice, it counts once. */
export const age = defineSignal<[number]>('age');
/** Another job waits for this one. */
export const dependant = defineSignal<[string]>('dependant');
/** A job that this one waits for has ended. */
export const dependencyEnded = defineSignal<[string, JobStatus]>('dependencyEnded');

/** A gate lets the job in. The ticket is that of the ask it answers. */
export const granted = defineSignal<[gate: string, ticket: number]>('granted');
/** A gate is there no more: whoever waited at it asks again. */
export const gateGone = defineSignal<[gate: string]>('gateGone');

/** To a gate: a job wants in, or does not any more. */
export const want = defineSignal<[Waiting, GatePolicy | null]>('want');
export const leave = defineSignal<[jobId: string, ticket: number]>('leave');
/** Who is in, and who waits, in the order in which they will be let in. */
export const gateState = defineQuery<GateState>('state');
/** To a queue's gate. */
export const setPolicy = defineUpdate<GatePolicy, [Partial<GatePolicy>]>('setPolicy');

/** The failure types of a message that cannot be done. */
export const ALREADY_FINISHED = 'ALREADY_FINISHED';
export const UNSUPPORTED = 'UNSUPPORTED';
