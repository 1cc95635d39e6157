import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { taskQueueOf } from '../src/job/ids.ts';
import { cpuTimesOf, type CpuTimes, perJob, sayCpu } from './cpu.ts';
import { Process } from './process.ts';
import { MAIN, type System } from './system.ts';

/** Lines of no-op jobs in one system: each is a queue in a pool of its name, and has a worker only while it is drained. */
export class Lines {
  readonly #system: System;
  readonly #temporal: readonly number[];
  readonly #say: (line: string) => void;

  constructor(system: System, temporal: readonly number[], say: (line: string) => void) {
    this.#system = system;
    this.#temporal = temporal;
    this.#say = say;
  }

  async create(count: number, pool: string, more: object = {}): Promise<{ rate: number; last: string }> {
    const began = performance.now();
    let last = '';
    for (let left = count; left > 0; left -= AT_ONCE) {
      const items = Array.from({ length: Math.min(left, AT_ONCE) }, () => ({ type: 'noop', payload: {}, queue: pool, pool, ...more }));
      const { createJobs } = await this.#system.client.data(
        'mutation ($jobs: [CreateJobInput!]!) { createJobs(input: { jobs: $jobs }) { results { job { id } userErrors { message } } } }',
        { jobs: items },
      );
      last = createJobs.results.at(-1).job.id;
    }
    const rate = (count * 1_000) / (performance.now() - began);
    this.#say(`${pool}: ${count} created, ${rate.toFixed(1)}/s`);
    return { rate, last };
  }

  /** When Temporal has the attempts of so many jobs in the pool's line: a job is accepted before its workflow has run. */
  async untilInLine(count: number, pool: string): Promise<void> {
    const began = performance.now();
    const { env, namespace } = this.#system;
    const connection = await Connection.connect({ address: env['TEMPORAL_ADDRESS']! });
    const line = { namespace, taskQueue: { name: taskQueueOf(pool) }, taskQueueType: ACTIVITIES, reportStats: true };
    for (let inLine = 0; inLine < count; await pause(500)) {
      const { stats } = await connection.workflowService.describeTaskQueue(line);
      inLine = Number(stats?.approximateBacklogCount ?? 0);
    }
    await connection.close();
    this.#say(`${pool}: all in line ${((performance.now() - began) / 1_000).toFixed(0)} s after that`);
  }

  startWorker(pool: string): Promise<Process> {
    const { env, dataDir } = this.#system;
    const worker = new Process({
      args: [MAIN, 'worker'],
      env: { ...env, MILLRACE_POOL: pool },
      logFile: join(dataDir, 'logs', `worker-${pool}.log`),
      cpus: undefined,
    });
    return worker.ready.then(() => worker);
  }

  /** Lets a worker have the next `count` jobs of a line: at what rate they end once it has begun, and the CPU each process has spent on one. */
  async drain(pool: string, count: number): Promise<{ rate: number; cpu: CpuTimes }> {
    const until = (await this.ended(pool)) + count;
    const worker = await this.startWorker(pool);
    while ((await this.ended(pool)) < until - count + BEGUN) await pause(20);
    const [from, began, before] = [await this.ended(pool), performance.now(), this.#cpuTimes()];
    let now = from;
    while (now < until) {
      await pause(250);
      now = await this.ended(pool);
    }
    const rate = ((now - from) * 1_000) / (performance.now() - began);
    const cpu = perJob(before, this.#cpuTimes(), now - from);
    await worker.stop();
    this.#say(`${pool}: drained at ${rate.toFixed(1)}/s; CPU a job ${sayCpu(cpu)}`);
    return { rate, cpu };
  }

  /** How many jobs of a queue have ended well. */
  async ended(queue: string): Promise<number> {
    return (await this.#system.client.data('query ($queue: String!) { queue(name: $queue) { counts { succeeded } } }', { queue })).queue
      .counts.succeeded;
  }

  /** Of what is there all the time: workers come and go. */
  #cpuTimes(): CpuTimes {
    const { api, orchestrator } = this.#system.pids;
    return cpuTimesOf({ temporal: this.#temporal, api, orchestrator });
  }
}

/** TASK_QUEUE_TYPE_ACTIVITY */
const ACTIVITIES = 2;
const AT_ONCE = 250;
/** A worker that has ended so many is warm. */
const BEGUN = 10;
