/** Every workflow the orchestrator runs: the root of the bundle. */
export { bulkWorkflow } from './bulk.ts';
export { gateWorkflow } from './gate.ts';
export { jobWorkflow } from './job.ts';
export { agerWorkflow } from './ager.ts';
export { reconcilerWorkflow } from './reconciler.ts';
