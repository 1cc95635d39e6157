import type { Client } from '@temporalio/client';
import type { BulkCounts, BulkSpec, BulkStatus } from '../job/bulk.ts';
import type { JobStatus } from '../job/status.ts';
import type { Journal } from '../journal/journal.ts';
import { type Act, endBulk, runBulk } from './bulk.ts';
import { reconcile } from './reconcile.ts';
import { dependOn, tellDependants } from './dependencies.ts';
import { reprioritise } from './reprioritise.ts';
import { withdraw, type Withdrawn } from './withdraw.ts';

/** What an orchestrator offers to workflows: short calls to Temporal, and the reconciler. Never handler code. */
export type OrchestratorActivities = {
  reprioritise(input: { workflowId: string; band: number }): Promise<boolean>;
  withdraw(input: { workflowId: string; activityId: string }): Promise<Withdrawn>;
  dependOn(input: { jobId: string; dependencies: readonly string[] }): Promise<Record<string, JobStatus>>;
  tellDependants(input: { id: string; status: JobStatus; dependants: readonly string[] }): Promise<void>;
  reconcile(): Promise<void>;
  runBulk(spec: BulkSpec): Promise<BulkCounts & { stopped: boolean }>;
  endBulk(end: { id: string; status: BulkStatus; at: number }): Promise<void>;
};

export type OrchestratorDeps = { client: Client; journal: Journal; namespace: string; bundle: string; act: Act };

export const orchestratorActivities = (deps: OrchestratorDeps): OrchestratorActivities => ({
  reprioritise: ({ workflowId, band }) => reprioritise(deps.client, deps.namespace, workflowId, band),
  withdraw: ({ workflowId, activityId }) => withdraw(deps.client, deps.namespace, workflowId, activityId),
  dependOn: ({ jobId, dependencies }) => dependOn(deps, jobId, dependencies),
  tellDependants: ({ id, status, dependants }) => tellDependants(deps.client, id, status, dependants),
  reconcile: () => reconcile(deps),
  runBulk: (spec) => runBulk(deps, spec),
  endBulk: (end) => endBulk(deps, end),
});
