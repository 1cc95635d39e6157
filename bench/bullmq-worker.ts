import { Worker } from 'bullmq';
import { scriptOf } from './process.ts';

/** A BullMQ worker with one slot, whose jobs run in a process of their own, kept warm between them, as its docs recommend for CPU-bound work. */
const worker = new Worker(process.env['BENCH_QUEUE']!, scriptOf('./bullmq-burn.ts'), {
  connection: { host: '127.0.0.1', port: Number(process.env['BENCH_REDIS_PORT']) },
  concurrency: 1,
  useWorkerThreads: false,
});
worker.on('error', (error) => console.error(error));
await worker.waitUntilReady();
process.send!({ type: 'ready', facts: {} });
process.on('SIGTERM', () => void worker.close(true).then(() => process.exit(0)));
