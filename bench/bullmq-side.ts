import { type ChildProcess, spawn } from 'node:child_process';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Queue, QueueEvents } from 'bullmq';
import { freePort } from '../test/engine/ports.ts';
import { forgetGroup, makeDir, removeDir, watchGroup } from './leftovers.ts';
import { pin, Process, scriptOf } from './process.ts';

/** BullMQ on a Redis of its own, which keeps nothing on disk: the quickest it can be set up. */
export class BullmqSide {
  readonly #dir: string;
  readonly #redis: ChildProcess;
  readonly #queue: Queue;
  readonly #events: QueueEvents;
  readonly #worker: Process;

  private constructor(dir: string, redis: ChildProcess, port: number, cpus: string) {
    this.#dir = dir;
    this.#redis = redis;
    const connection = { host: '127.0.0.1', port };
    this.#queue = new Queue(QUEUE, { connection });
    this.#events = new QueueEvents(QUEUE, { connection });
    this.#worker = new Process({
      args: [scriptOf('./bullmq-worker.ts')],
      env: { ...process.env, BENCH_QUEUE: QUEUE, BENCH_REDIS_PORT: String(port) },
      logFile: join(dir, 'worker.log'),
      cpus,
    });
  }

  /** Its worker and the worker's processes on `cpus`, Redis on `redisCpus`. */
  static async start({ cpus, redisCpus }: { cpus: string; redisCpus: string }): Promise<BullmqSide> {
    const dir = makeDir('bullmq');
    const port = await freePort();
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'];
    const redis = spawn('redis-server', args, { detached: true, stdio: 'ignore' });
    await new Promise((resolve, reject) => redis.once('spawn', resolve).once('error', reject));
    watchGroup(redis.pid!);
    await untilListening(port);
    pin(redis.pid!, redisCpus);
    const side = new BullmqSide(dir, redis, port, cpus);
    await Promise.all([side.#worker.ready, side.#events.waitUntilReady()]);
    return side;
  }

  /** Puts so many jobs into the queue at once and resolves with their results. */
  async run(count: number, ms: number): Promise<Record<string, number>[]> {
    const jobs = await this.#queue.addBulk(Array.from({ length: count }, () => ({ name: 'burn', data: { ms } })));
    return Promise.all(jobs.map((job) => job.waitUntilFinished(this.#events)));
  }

  async stop(): Promise<void> {
    await this.#worker.stop();
    await Promise.all([this.#queue.close(), this.#events.close()]);
    const gone = new Promise((resolve) => this.#redis.once('exit', resolve));
    this.#redis.kill('SIGTERM');
    await gone;
    forgetGroup(this.#redis.pid!);
    removeDir(this.#dir);
  }
}

async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const socket = createConnection(port, '127.0.0.1');
    const isOpen = await new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true)).once('error', () => resolve(false)));
    socket.destroy();
    if (isOpen) return;
    await pause(25);
  }
  throw new Error('redis-server does not listen after 5 s');
}

const QUEUE = 'burn';
