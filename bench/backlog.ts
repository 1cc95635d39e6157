import { setTimeout as pause } from 'node:timers/promises';
import { memoryOf } from '../src/cli/demo/processes.ts';
import { within } from '../src/process/within.ts';
import { drainFigures, drainInTurn } from './drain.ts';
import type { Bench, Figure } from './figure.ts';
import { Lines } from './line.ts';
import { pssOf } from './memory.ts';
import { ordersTo } from './orders.ts';
import { percentiles, quantile, short, sum } from './stats.ts';
import { System } from './system.ts';

/** A long line: what it costs to build, to look at and to drain, and what it costs others when it is paused. */
export const backlog: Bench = async ({ temporal, pairs, short: isShort, say }) => {
  const jobs = isShort ? 1_500 : 10_000;
  const system = await System.start({ temporalAddress: temporal.address, slots: 2 });
  try {
    const lines = new Lines(system, temporal.pids, say);
    const bench = new Backlog(system, lines, say);
    const created = await lines.create(jobs / 2, 'big', { priority: 5 });
    // The second half is what a bulk operation is about later; nothing of it has run by then.
    const { last } = await lines.create(jobs / 2, 'big', { priority: 5, tags: [TAG] });
    await lines.untilInLine(jobs, 'big');
    const ours = memoryOf(system.dataDir).filter(({ pids }) => !pids.includes(process.pid));
    const memory = [...ours, { name: 'Temporal', ownBytes: sum(temporal.pids.map(pssOf)) }];
    const pages = await bench.latency('{ jobs(filter: { status: [QUEUED] }, first: 100) { nodes { id status priority } } }');
    const placeOfLast = `{ job(id: "${last}") { waitingFor { placeInLine } } }`;
    const places = await bench.latency(placeOfLast);
    const place = (await system.client.data(placeOfLast))['job'].waitingFor.placeInLine as number;
    // Without the long line's worker: what another queue had before there was a line before it.
    const alone = await bench.streamOf('alone', isShort ? 5 : 30);
    const worker = await lines.startWorker('big');
    const order = ordersTo(system.client);
    const asked = performance.now();
    await order('pauseQueue', { name: 'big' });
    const answeredMs = performance.now() - asked;
    const beside = await bench.streamOf('big', isShort ? 5 : 60);
    await bench.untilSwept();
    const after = await bench.streamOf('big', isShort ? 5 : 30);
    await worker.stop();
    await order('resumeQueue', { name: 'big' });
    await lines.untilInLine(jobs - (await lines.ended('big')), 'big');
    const drains = await drainInTurn(lines, pairs ?? (isShort ? 1 : 4), say);
    const bulk = await bench.abortTagged();
    const stated = { bar: 'stated', ok: undefined, spread: 'one run' };
    const n = `${jobs.toLocaleString('en')} jobs in line`;
    const figures: Figure[] = [
      {
        ...stated,
        name: `${n}: created`,
        value: `${short(created.rate)}/s`,
        how: 'createJobs, 250 a request, one request after the other; the first half of them.',
      },
      {
        ...stated,
        name: `${n}: memory (PSS)`,
        value: memory.map(({ name, ownBytes }) => `${name} ${Math.round(ownBytes / 2 ** 20)} MiB`).join(', '),
        how: 'Of each process, when the last of them was in line. Temporal has served the figures above before.',
        notes: [`all of it ${Math.round(sum(memory.map(({ ownBytes }) => ownBytes)) / 2 ** 20)} MiB`],
      },
      latencyFigure(`${n}: a page of 100 jobs, p99`, pages),
      {
        ...latencyFigure(`${n}: the place in line of the last one, p99`, places),
        notes: [`the one that was created last is told ${place} as its place`],
      },
      ...drainFigures(n, drains),
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
  readonly #lines: Lines;
  readonly #say: (line: string) => void;

  constructor(system: System, lines: Lines, say: (line: string) => void) {
    this.#system = system;
    this.#lines = lines;
    this.#say = say;
  }

  /** No-op jobs of another queue in a pool, so many seconds long. */
  async streamOf(pool: string, seconds: number): Promise<number> {
    const worker = pool === 'alone' ? await this.#lines.startWorker(pool) : undefined;
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

const TAG = 'second-half';
const IN_FLIGHT = 16;
const SAMPLES = 300;
