import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { memoryOf } from '../src/cli/demo/processes.ts';
import { taskQueueOf } from '../src/job/ids.ts';
import { within } from '../src/process/within.ts';
import { cpuTimesOf, type CpuTimes, perJob, sayCpu } from './cpu.ts';
import type { Bench, Figure } from './figure.ts';
import { pssOf } from './memory.ts';
import { ordersTo } from './orders.ts';
import { Process } from './process.ts';
import { percentiles, quantile, short, sum } from './stats.ts';
import { MAIN, System } from './system.ts';

/** A long line: what it costs to build, to look at and to drain, and what it costs others when it is paused. */
export const backlog: Bench = async ({ temporal, short: isShort, say }) => {
  const jobs = isShort ? 600 : 10_000;
  const system = await System.start({ temporalAddress: temporal.address, slots: 2 });
  try {
    const bench = new Backlog(system, temporal.pids, say);
    const before = await bench.drainOf('small-before');
    const small = [await bench.drainOf('small-1')];
    const created = await bench.create(jobs / 2, { queue: 'big', pool: 'big', priority: 5 });
    // The second half is what a bulk operation is about later; nothing of it has run by then.
    const { last } = await bench.create(jobs / 2, { queue: 'big', pool: 'big', priority: 5, tags: [TAG] });
    await bench.untilInLine(jobs);
    const ours = memoryOf(system.dataDir).filter(({ pids }) => !pids.includes(process.pid));
    const memory = [...ours, { name: 'Temporal', ownBytes: sum(temporal.pids.map(pssOf)) }];
    const pages = await bench.latency('{ jobs(filter: { status: [QUEUED] }, first: 100) { nodes { id status priority } } }');
    const places = await bench.latency(`{ job(id: "${last}") { waitingFor { placeInLine } } }`);
    let worker = await bench.startWorker('big');
    const big = await bench.untilFinished('big', DRAINED);
    await worker.stop();
    small.push(await bench.drainOf('small-2'));
    // Without the long line's worker: what another queue had before there was a line before it.
    const alone = await bench.streamOf('alone', isShort ? 5 : 30);
    worker = await bench.startWorker('big');
    const asked = performance.now();
    await ordersTo(system.client)('pauseQueue', { name: 'big' });
    const answeredMs = performance.now() - asked;
    const beside = await bench.streamOf('big', isShort ? 5 : 60);
    await bench.untilSwept();
    const after = await bench.streamOf('big', isShort ? 5 : 30);
    await worker.stop();
    const bulk = await bench.abortTagged();
    const drain = big / ((small[0]! + small[1]!) / 2);
    const stated = { bar: 'stated', ok: undefined, spread: 'one run' };
    const n = `${jobs.toLocaleString('en')} jobs in line`;
    const figures: Figure[] = [
      {
        ...stated,
        name: `${n}: created`,
        value: `${short(created.rate)}/s`,
        how: `createJobs, 250 a request, one request after the other; warm-up drain ${short(before)}/s.`,
      },
      {
        ...stated,
        name: `${n}: memory (PSS)`,
        value: memory.map(({ name, ownBytes }) => `${name} ${Math.round(ownBytes / 2 ** 20)} MiB`).join(', '),
        how: 'Of each process, when the last of them was in line. Temporal has served the figures above before.',
        notes: [`all of it ${Math.round(sum(memory.map(({ ownBytes }) => ownBytes)) / 2 ** 20)} MiB`],
      },
      latencyFigure(`${n}: a page of 100 jobs, p99`, pages),
      latencyFigure(`${n}: the place in line of the last one, p99`, places),
      {
        name: `${n}: drain rate of the first ${DRAINED} ÷ that of a line of ${DRAINED}`,
        value: `${drain.toFixed(2)} (${short(big)}/s ÷ ${small.map(short).join(' and ')}/s)`,
        bar: '≥ 0.9',
        ok: drain >= 0.9,
        spread: 'one run, the short line before and after',
        how: 'No-op jobs of a pool that had no worker until then, 2 slots; from the first STARTED to the last FINISHED.',
        notes: bench.cpuNotes.map((note) => `CPU a job, ${note}`),
      },
      {
        name: `pauseQueue with ${n} at its head: answered`,
        value: `${short(answeredMs)} ms`,
        bar: '≤ 1000 ms',
        ok: answeredMs <= 1_000,
        spread: 'one sample',
        how: 'From the request to its answer.',
      },
      {
        name: 'another queue beside the one that is paused, over the next minute ÷ alone',
        value: `${(beside / alone).toFixed(2)} (${short(beside)}/s ÷ ${short(alone)}/s)`,
        bar: '≥ 0.5',
        ok: beside / alone >= 0.5,
        spread: 'one run',
        how: `No-op jobs of another queue in the same pool, with a lower priority, ${IN_FLIGHT} in flight; alone: in a pool without the line.`,
      },
      {
        name: '… and once the sweep is through',
        value: `${(after / alone).toFixed(2)} (${short(after)}/s)`,
        bar: '≥ 0.9',
        ok: after / alone >= 0.9,
        spread: 'one run',
        how: 'The same, when every job of the paused queue is out of the way.',
      },
      {
        ...stated,
        name: `${bulk.matched.toLocaleString('en')} of them aborted by one bulkJobs`,
        value: `${short(bulk.rate)}/s, ${bulk.failed} refused`,
        how: 'By a filter on a tag; from the request to the operation that has ended. Nothing else runs.',
      },
    ];
    return figures;
  } finally {
    await system.stop();
  }
};

class Backlog {
  readonly #system: System;
  readonly #temporal: readonly number[];
  readonly #say: (line: string) => void;
  /** What a job cost in each of the drains. */
  readonly cpuNotes: string[] = [];

  constructor(system: System, temporal: readonly number[], say: (line: string) => void) {
    this.#system = system;
    this.#temporal = temporal;
    this.#say = say;
  }

  async create(count: number, more: object): Promise<{ rate: number; last: string }> {
    const began = performance.now();
    let last = '';
    for (let left = count; left > 0; left -= AT_ONCE) {
      const items = Array.from({ length: Math.min(left, AT_ONCE) }, () => ({ type: 'noop', payload: {}, ...more }));
      const { createJobs } = await this.#system.client.data(
        'mutation ($jobs: [CreateJobInput!]!) { createJobs(input: { jobs: $jobs }) { results { job { id } userErrors { message } } } }',
        { jobs: items },
      );
      last = createJobs.results.at(-1).job.id;
    }
    const rate = (count * 1_000) / (performance.now() - began);
    this.#say(`backlog: ${count} created, ${rate.toFixed(1)}/s`);
    return { rate, last };
  }

  /** Of what is there all the time: workers come and go. */
  #cpuTimes(): CpuTimes {
    const { api, orchestrator } = this.#system.pids;
    return cpuTimesOf({ temporal: this.#temporal, api, orchestrator });
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

  /** A line of its own that is drained, jobs a second. */
  async drainOf(name: string): Promise<number> {
    await this.create(DRAINED, { queue: name, pool: name });
    await this.untilInLine(DRAINED, name);
    const worker = await this.startWorker(name);
    const rate = await this.untilFinished(name, DRAINED);
    await worker.stop();
    return rate;
  }

  /** The rate at which the next `count` jobs of a queue end. */
  async untilFinished(queue: string, count: number): Promise<number> {
    const ended = async (): Promise<number> =>
      (await this.#system.client.data('query ($queue: String!) { queue(name: $queue) { counts { succeeded } } }', { queue })).queue.counts
        .succeeded;
    while ((await ended()) < 10) await pause(20);
    const [from, began, before] = [await ended(), performance.now(), this.#cpuTimes()];
    let now = from;
    while (now < count) {
      await pause(250);
      now = await ended();
    }
    const rate = ((now - from) * 1_000) / (performance.now() - began);
    this.cpuNotes.push(`${queue}: ${sayCpu(perJob(before, this.#cpuTimes(), now - from))}`);
    this.#say(`backlog: ${queue} drained at ${rate.toFixed(1)}/s; CPU a job ${this.cpuNotes.at(-1)}`);
    return rate;
  }

  /** No-op jobs of another queue in a pool, so many seconds long. */
  async streamOf(pool: string, seconds: number): Promise<number> {
    const worker = pool === 'alone' ? await this.startWorker(pool) : undefined;
    const until = performance.now() + seconds * 1_000;
    let done = 0;
    const lane = async (): Promise<void> => {
      while (performance.now() < until) {
        const ended = this.#system.feed.until(await this.#system.create('noop', {}, { queue: 'stream', pool }), 'FINISHED');
        // Those that are still in line when the time is over do not count.
        if (await within(Math.max(0, until - performance.now()), ended)) done += 1;
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    await worker?.stop();
    this.#system.feed.forget();
    this.#say(`backlog: the other queue in ${pool}: ${(done / seconds).toFixed(1)}/s`);
    return done / seconds;
  }

  /** When none of the paused queue stands before a new job of the pool any more. */
  async untilSwept(): Promise<void> {
    const began = performance.now();
    for (let before = Infinity; before > 5; await pause(500)) {
      const id = await this.#system.create('noop', {}, { queue: 'probe', pool: 'big' });
      const { job } = await this.#system.client.data(`{ job(id: "${id}") { waitingFor { placeInLine } } }`);
      before = job.waitingFor?.placeInLine ?? 0;
    }
    this.#say(`backlog: swept ${((performance.now() - began) / 1_000).toFixed(0)} s after that`);
  }

  /** When Temporal has the attempts of so many jobs in the pool's line: a job is accepted before its workflow has run. */
  async untilInLine(count: number, pool = 'big'): Promise<void> {
    const began = performance.now();
    const { env, namespace } = this.#system;
    const connection = await Connection.connect({ address: env['TEMPORAL_ADDRESS']! });
    const line = { namespace, taskQueue: { name: taskQueueOf(pool) }, taskQueueType: ACTIVITIES, reportStats: true };
    for (let inLine = 0; inLine < count; await pause(500)) {
      const { stats } = await connection.workflowService.describeTaskQueue(line);
      inLine = Number(stats?.approximateBacklogCount ?? 0);
    }
    await connection.close();
    this.#say(`backlog: all in line ${((performance.now() - began) / 1_000).toFixed(0)} s after that`);
  }

  /** All with the tag, by one bulk operation. */
  async abortTagged(): Promise<{ matched: number; failed: number; rate: number }> {
    const began = performance.now();
    const { bulkJobs } = await this.#system.client.data(
      'mutation ($input: BulkJobsInput!) { bulkJobs(input: $input) { operation { id } userErrors { message } } }',
      { input: { action: 'ABORT', filter: { tagsAll: [TAG] } } },
    );
    if (bulkJobs.userErrors.length > 0) throw new Error(JSON.stringify(bulkJobs.userErrors));
    for (;;) {
      const { bulkOperation } = await this.#system.client.data(
        'query ($id: ID!) { bulkOperation(id: $id) { status matched done failed } }',
        bulkJobs.operation,
      );
      const { status, matched, done, failed } = bulkOperation;
      if (status !== 'RUNNING') return { matched, failed, rate: (done * 1_000) / (performance.now() - began) };
      await pause(200);
    }
  }

  async latency(query: string): Promise<number[]> {
    const samples: number[] = [];
    for (let sample = 0; sample < SAMPLES; sample++) {
      const began = performance.now();
      await this.#system.client.data(query);
      samples.push(performance.now() - began);
    }
    return samples;
  }
}

const latencyFigure = (name: string, samples: number[]): Figure => ({
  name,
  value: `${short(quantile(samples, 0.99))} ms`,
  bar: '≤ 50 ms',
  ok: quantile(samples, 0.99) <= 50,
  spread: `p50/p90/p99 ${percentiles(samples)} ms, n ${samples.length}`,
  how: 'One request after the other over HTTP, while the line stands and nothing runs.',
});

/** TASK_QUEUE_TYPE_ACTIVITY */
const ACTIVITIES = 2;
const DRAINED = 500;
const AT_ONCE = 250;
const TAG = 'second-half';
const IN_FLIGHT = 16;
const SAMPLES = 300;
