/** Every workflow the orchestrator runs: the root of the bundle. */
export { bulkWorkflow } from './bulk.ts';
export { jobWorkflow } from './job.ts';
export { reconcilerWorkflow } from './reconciler.ts';
