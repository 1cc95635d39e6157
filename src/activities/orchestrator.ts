import type { Client } from '@temporalio/client';
import type { Journal } from '../journal/journal.ts';
import { reconcile } from './reconcile.ts';
import { reprioritise } from './reprioritise.ts';

/** What an orchestrator offers to workflows: short calls to Temporal, and the reconciler. Never handler code. */
export type OrchestratorActivities = {
  reprioritise(input: { workflowId: string; band: number }): Promise<boolean>;
  reconcile(): Promise<void>;
};

export type OrchestratorDeps = { client: Client; journal: Journal; namespace: string; bundle: string };

export const orchestratorActivities = (deps: OrchestratorDeps): OrchestratorActivities => ({
  reprioritise: ({ workflowId, band }) => reprioritise(deps.client, deps.namespace, workflowId, band),
  reconcile: () => reconcile(deps),
});
