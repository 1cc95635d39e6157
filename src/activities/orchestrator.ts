import type { Client } from '@temporalio/client';
import type { BulkCounts, BulkSpec, BulkStatus } from '../job/bulk.ts';
import type { JobStatus } from '../job/status.ts';
import type { GatePolicy, Holder, Waiting } from '../job/gate.ts';
import { readRunningOf } from '../journal/read-queues.ts';
import type { Journal } from '../journal/journal.ts';
import { ageJobs } from './age-jobs.ts';
import { type Act, endBulk, runBulk } from './bulk.ts';
import type { Retention } from './prune.ts';
import { reconcile } from './reconcile.ts';
import { dependOn, tellDependants } from './dependencies.ts';
import { endedAmong } from './ended-holders.ts';
import { askGate, writePolicy } from './gates.ts';
import { reprioritise } from './reprioritise.ts';
import { sweep } from './sweep.ts';
import { withdraw, type Withdrawn } from './withdraw.ts';

/** What an orchestrator offers to workflows: short calls to Temporal, the reconciler and the ager. Never handler code. */
export type OrchestratorActivities = {
  reprioritise(input: { workflowId: string; band: number; pool?: string }): Promise<boolean>;
  withdraw(input: { workflowId: string; activityId: string }): Promise<Withdrawn>;
  dependOn(input: { jobId: string; dependencies: readonly string[] }): Promise<Record<string, JobStatus>>;
  tellDependants(input: { id: string; status: JobStatus; dependants: readonly string[] }): Promise<void>;
  askGate(input: { gate: string; policy: GatePolicy | undefined; want: Waiting }): Promise<void>;
  endedAmong(input: { holders: readonly Holder[] }): Promise<Holder[]>;
  writePolicy(input: { queue: string; policy: GatePolicy }): Promise<void>;
  runningOf(input: { queue: string }): Promise<string[]>;
  sweep(input: { queue: string; paused: boolean }): Promise<void>;
  reconcile(): Promise<void>;
  ageJobs(): Promise<void>;
  runBulk(spec: BulkSpec): Promise<BulkCounts & { stopped: boolean }>;
  endBulk(end: { id: string; status: BulkStatus; at: number }): Promise<void>;
};

export type OrchestratorDeps = { client: Client; journal: Journal; namespace: string; bundle: string; act: Act; retention: Retention };

export const orchestratorActivities = (deps: OrchestratorDeps): OrchestratorActivities => ({
  reprioritise: ({ workflowId, band, pool }) => reprioritise(deps, workflowId, band, pool),
  withdraw: ({ workflowId, activityId }) => withdraw(deps.client, deps.namespace, workflowId, activityId),
  dependOn: ({ jobId, dependencies }) => dependOn(deps, jobId, dependencies),
  tellDependants: ({ id, status, dependants }) => tellDependants(deps.client, id, status, dependants),
  askGate: ({ gate, policy, want }) => askGate(deps, gate, policy, want),
  endedAmong: ({ holders }) => endedAmong(deps, holders),
  writePolicy: ({ queue, policy }) => writePolicy(deps.journal, queue, policy),
  runningOf: ({ queue }) => readRunningOf(deps.journal.db, queue),
  sweep: ({ queue, paused }) => sweep(deps, queue, paused),
  reconcile: () => reconcile(deps),
  ageJobs: () => ageJobs(deps),
  runBulk: (spec) => runBulk(deps, spec),
  endBulk: (end) => endBulk(deps, end),
});
