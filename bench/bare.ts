import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import burn from './jobs/cpu-burn.ts';

/**
 * The bare side: what Temporal's SDK does without us. `bundle FILE`, `orchestrator`, `worker` (the activity answers itself)
 * and `worker --runner` (it has a pre-forked child run it, by plain IPC). Options as in src/cli/orchestrator.ts and worker.ts.
 */
const [role, flag] = process.argv.slice(2);
const { TEMPORAL_ADDRESS: address = '', TEMPORAL_NAMESPACE: namespace = '' } = process.env;
const say = (message: object): void => void process.send?.(message);

if (role === 'bundle') {
  const workflowsPath = new URL('bare-workflow.ts', import.meta.url).pathname;
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  writeFileSync(flag!, code);
} else if (role === 'runner') {
  process.on('message', async (payload) => say((await burn.run({ payload } as never)) as object));
  process.on('disconnect', () => process.exit());
  say({ type: 'ready' });
} else if (role === 'orchestrator') {
  await serve({
    taskQueue: 'bare-workflows',
    workflowBundle: { codePath: process.env['BARE_BUNDLE']! },
    workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 4 },
    maxConcurrentWorkflowTaskExecutions: 8,
    maxCachedWorkflows: 1_000,
    stickyQueueScheduleToStartTimeout: '3s',
    shutdownGraceTime: '1s',
  });
} else if (role === 'worker') {
  const slots = Number(process.env['MILLRACE_SLOTS']);
  await serve({
    taskQueue: 'bare-attempts',
    activities: { attempt: flag ? await throughRunner() : async () => ({ enteredAt: Date.now() }) },
    tuner: {
      activityTaskSlotSupplier: { type: 'fixed-size', numSlots: slots },
      workflowTaskSlotSupplier: { type: 'fixed-size', numSlots: 1 },
      localActivityTaskSlotSupplier: { type: 'fixed-size', numSlots: 1 },
      nexusTaskSlotSupplier: { type: 'fixed-size', numSlots: 1 },
    },
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: slots },
    shutdownGraceTime: '5s',
  });
}

/** One attempt at a time, which is what one slot allows. */
async function throughRunner(): Promise<(payload: { ms: number }) => Promise<unknown>> {
  const child = fork(import.meta.filename, ['runner'], { execArgv: ['--disable-warning=ExperimentalWarning'] });
  await once(child, 'message');
  return async (payload) => {
    child.send(payload);
    return (await once(child, 'message'))[0];
  };
}

async function serve(options: Omit<WorkerOptions, 'connection'>): Promise<void> {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    shutdownSignals: [],
    ...(role === 'worker' ? { workerHeartbeatInterval: '10s' } : {}),
  });
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({ connection, namespace, ...options });
  const stop = (): void => void (worker.getState() === 'RUNNING' && worker.shutdown());
  process.once('SIGTERM', stop).once('disconnect', stop);
  say({ type: 'ready' });
  await worker.run();
  process.exit();
}
