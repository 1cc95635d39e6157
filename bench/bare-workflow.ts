import { proxyActivities } from '@temporalio/workflow';

const { attempt } = proxyActivities<{ attempt(input: { ms: number }): Promise<unknown> }>({
  taskQueue: 'bare-attempts',
  startToCloseTimeout: '1 minute',
  allowEagerDispatch: false,
});

/** The least a durable job can be: one activity with an input. */
export const bareWorkflow = (input: { ms: number }): Promise<unknown> => attempt(input);
