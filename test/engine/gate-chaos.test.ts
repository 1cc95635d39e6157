import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { WorkflowNotFoundError } from '@temporalio/client';
import { expect, test } from 'vitest';
import { eachAtOnce } from '../../src/activities/each-at-once.ts';
import { seeded } from '../../src/cli/demo/seeded.ts';
import { workflowIdOf } from '../../src/job/ids.ts';
import { readTrace } from '../chaos/trace.ts';
import { eventually } from './fixtures/eventually.ts';
import { gatedJobs } from './fixtures/gated-jobs.ts';
import { TEST_JOBS } from './fixtures/paths.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import { mostAtOnce, spansOf } from './fixtures/spans.ts';
import type { TemporalView } from './fixtures/temporal-view.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
let temporal: TemporalView;
let gated: ReturnType<typeof gatedJobs>['create'];
let running: ReturnType<typeof gatedJobs>['running'];
const scratch = shareMillrace({ slots: 4 }, (shared) => {
  ({ millrace, temporal } = shared);
  ({ create: gated, running } = gatedJobs(millrace, scratch));
});

/** @throws Error with where those are that have not, and what their gate and the roles have to say. */
async function untilAllHaveEnded(count: number): Promise<void> {
  try {
    await eventually(
      'all have ended',
      async () => {
        const { total, succeeded, failed, aborted } = await countsOf();
        return total === count && succeeded + failed + aborted === total;
      },
      120_000,
    );
  } catch (error) {
    const { jobs } = await millrace.client.data(LEFT, { filter: { ...KEYED, status: ['QUEUED', 'RUNNING', 'WAITING', 'SCHEDULED'] } });
    const gate = await temporal.gate('key:chaos').catch(String);
    const said = [await countsOf(), jobs.nodes, gate].map((each) => JSON.stringify(each));
    throw new Error([(error as Error).message, ...said, millrace.lastWords()].join('\n'), { cause: error });
  }
}
const LEFT = `query ($filter: JobFilter) {
  jobs(filter: $filter) { nodes { id status attemptCount halts waitingFor { kind message } lastAttempt { pid startedAt finishedAt outcome } } }
}`;

const KEYED = { tagsAll: ['keyed'] };
const OPEN = 'query ($filter: JobFilter) { jobCounts(filter: $filter) { total succeeded failed aborted } }';
const countsOf = async () => (await millrace.client.data(OPEN, { filter: KEYED })).jobCounts;

test('while holders are killed and terminated never more than the limit are in, and all come through', { timeout: 300_000 }, async () => {
  const limit = 3;
  const keyed = { tags: KEYED.tagsAll, grace: '0s', concurrency: { key: 'chaos', limit } };
  // More than one run of the gate's workflow has events for.
  const ids = Array.from({ length: 180 }, (_, index) => `keyed-${index}`);
  await eachAtOnce(ids, (id) => millrace.create({ id, type: 'sleep', payload: { ms: 40 }, ...keyed }));
  const gate = temporal.client.workflow.getHandle('gate:key:chaos');
  await eventually('one of them has asked', () =>
    gate.describe().then(
      () => true,
      () => false,
    ),
  );
  const first = (await gate.describe()).runId;
  const runningNow = async (): Promise<string[]> => {
    const { jobs } = await millrace.client.data('query ($filter: JobFilter) { jobs(filter: $filter) { nodes { id } } }', {
      filter: { ...KEYED, status: ['RUNNING'] },
    });
    return jobs.nodes.map(({ id }: { id: string }) => id).toSorted();
  };
  /** The holders cannot end by themselves: who is in at the gate is who runs, and no place is free. */
  const expectQuiet = async (holders: string[]): Promise<void> => {
    await eventually('the holders run, and nobody else', async () => isDeepStrictEqual(await runningNow(), holders.toSorted()));
    expect((await temporal.gate('key:chaos')).held).toEqual(holders.toSorted());
  };
  const terminated: string[] = [];
  for (let round = 1; round <= 2; round++) {
    // Before all that wait: they get the next places, in the midst of the others, and keep them.
    const jobs = Array.from({ length: limit }, () => gated({ ...keyed, priority: 10 }));
    const holders = await Promise.all(jobs.map(({ created }) => created));
    ids.push(...holders);
    for (const id of holders) await millrace.until(id, 'RUNNING', 60_000);
    await expectQuiet(holders);
    for (const id of holders) process.kill((await millrace.job(id, 'lastAttempt { pid }')).lastAttempt.pid, 'SIGKILL');
    if (round === 2) {
      await millrace.role('orchestrator').kill();
      await millrace.startRole('orchestrator');
    }
    for (const id of holders) await millrace.until(id, ({ halts, status }) => halts === 1 && status === 'RUNNING', 60_000);
    await expectQuiet(holders);
    // In the end, for it takes some seconds until their places are free.
    if (round === 2) terminated.push(...holders.slice(1));
    for (const id of terminated) await temporal.handle(id).terminate('by the test');
    for (const job of jobs.slice(0, limit - terminated.length)) job.open();
  }
  await untilAllHaveEnded(ids.length);
  expect(await countsOf()).toMatchObject({ failed: 0, aborted: terminated.length });
  for (const id of terminated)
    expect(await millrace.job(id, 'status reason { code }')).toEqual({ status: 'ABORTED', reason: { code: 'TERMINATED' } });
  expect((await gate.describe()).runId).not.toBe(first);
  expect(mostAtOnce(await spansOf(millrace, ids))).toBe(limit);
});

test('while holders are killed and terminated never more than may are in, fewer for the lease at most', { timeout: 180_000 }, async () => {
  const seed = 5;
  const random = seeded(seed);
  const limit = 3;
  const count = 60;
  const filter = { tagsAll: ['full'] };
  const ids: string[] = [];
  await eachAtOnce(Array.from({ length: count }), async () => {
    const id = await millrace.create({
      type: 'test.place',
      payload: { dir: scratch.dir, place: 'full', limit, ms: 1_500 },
      tags: filter.tagsAll,
      grace: '0s',
      maxHalts: 100,
      concurrency: { key: 'full', limit },
    });
    ids.push(id);
  });
  const terminated = new Set<string>();
  let blows = 0;
  let lastFull = Date.now();
  let longestShort = 0;
  // Something changes all the time: each message is a look at the moment.
  for await (const { data } of millrace.client.subscribe(
    'subscription ($filter: JobFilter) { jobCountsUpdated(filter: $filter) { queued succeeded failed aborted } }',
    { filter },
  )) {
    const { queued, succeeded, failed, aborted } = data!['jobCountsUpdated'];
    const { jobs } = await millrace.client.data(
      'query ($filter: JobFilter) { jobs(filter: $filter) { nodes { id lastAttempt { pid finishedAt } } } }',
      { filter: { ...filter, status: ['RUNNING'] } },
    );
    // What was terminated is RUNNING in the journal until the reconciler has seen it: it is in no more.
    const holders = jobs.nodes.filter(({ id, lastAttempt }: any) => !terminated.has(id) && lastAttempt.finishedAt === null);
    longestShort = Math.max(longestShort, Date.now() - lastFull);
    if (holders.length >= Math.min(limit, holders.length + queued)) {
      lastFull = Date.now();
      // Only now: a blow while one is still being made good would begin another lease.
      const holder = holders[Math.floor(random() * holders.length)];
      if (holder && queued > 0 && blows < BLOWS) {
        blows += 1;
        if (blows >= (terminated.size + 1) * 2 && terminated.size < 2) {
          if (await terminate(holder.id)) terminated.add(holder.id);
        } else kill(holder.lastAttempt.pid);
      }
    }
    if (succeeded + failed + aborted === count) break;
  }
  expect(blows).toBe(BLOWS);
  expect(terminated.size).toBe(2);
  expect(longestShort, `seed ${seed}`).toBeLessThan(LEASE_MS);
  // Whoever came in looked who else was there, alive; and so the journal has it.
  expect(mostInAPlace(ids), `seed ${seed}`).toEqual({ job: 1, full: limit });
  expect(mostAtOnce(await spansOf(millrace, ids)), `seed ${seed}`).toBe(limit);
});

/** The most that have ever been in the place of a job, which is its attempts', and in that of the key. */
function mostInAPlace(ids: string[]): Record<string, number> {
  const most: Record<string, number> = {};
  for (const { places = [] } of ids.flatMap((id) => readTrace(scratch.dir, id)))
    for (const { name, besides } of places) {
      const kind = name.split(' ')[0]!;
      most[kind] = Math.max(most[kind] ?? 0, besides.length + 1);
    }
  return most;
}

const key = (name: string) => ({ concurrency: { key: name, limit: 1 } });
const untilAtItsKey = (id: string): Promise<unknown> =>
  eventually('the next one waits', async () => (await millrace.job(id, 'waitingFor { kind }')).waitingFor?.kind === 'CONCURRENCY_KEY');

test('the key of a job that is terminated is free within 20 s, and not before its process is gone, while others ask all the time', async () => {
  const one = await running(key('lease'));
  const next = gated(key('lease'));
  const id = await next.created;
  await untilAtItsKey(id);
  const { pid } = (await millrace.job(one.id, 'lastAttempt { pid }')).lastAttempt;
  const began = Date.now();
  await temporal.handle(one.id).terminate('by the test');
  let asked = began;
  const ask = async (): Promise<void> => {
    if (Date.now() - asked < 500) return;
    asked = Date.now();
    await millrace.create({ type: 'sleep', payload: { ms: 0 }, ...key('lease') });
  };
  await eventually('the next one has started', () => ask().then(() => existsSync(next.file)), 25_000);
  expect(Date.now() - began).toBeLessThan(20_000);
  expect(isAlive(pid)).toBe(false);
  next.open();
  await millrace.until(id, 'SUCCEEDED');
});

test('the key of a job that is deleted in Temporal is free soon, and not before its process is gone', async () => {
  const one = await running(key('deleted'));
  const next = gated(key('deleted'));
  const id = await next.created;
  await untilAtItsKey(id);
  const { pid } = (await millrace.job(one.id, 'lastAttempt { pid }')).lastAttempt;
  const { namespace } = millrace;
  const workflowExecution = { workflowId: workflowIdOf(one.id) };
  await temporal.client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution });
  await eventually('the next one has started', () => existsSync(next.file), 60_000);
  expect(isAlive(pid)).toBe(false);
  next.open();
  await millrace.until(id, 'SUCCEEDED');
}, 90_000);

test('jobs of equal slots are shared evenly', { timeout: 180_000 }, async () => {
  const two = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: TEST_JOBS } });
  try {
    const other = await two.startRole('worker', 'other worker', {
      MILLRACE_DATA_DIR: `${two.dataDir}/other`,
      MILLRACE_JOURNAL: `${two.dataDir}/journal.db`,
    });
    const { createJobs } = await two.client.data(
      'mutation ($jobs: [CreateJobInput!]!) { createJobs(input: { jobs: $jobs }) { results { job { id } } } }',
      { jobs: Array.from({ length: 200 }, () => ({ type: 'sleep', payload: { ms: 200 } })) },
    );
    const ids: string[] = createJobs.results.map(({ job }: { job: { id: string } }) => job.id);
    await eventually(
      'all have ended',
      async () => (await two.client.data('{ jobCounts { succeeded } }')).jobCounts.succeeded === ids.length,
      120_000,
    );
    const ran = new Map<string, number[]>();
    for (const half of [ids.slice(0, 100), ids.slice(100)]) {
      const { jobs } = await two.client.data(
        'query ($ids: [ID!]) { jobs(filter: { ids: $ids }, first: 100) { nodes { lastAttempt { workerId durationMs } } } }',
        { ids: half },
      );
      for (const { lastAttempt } of jobs.nodes)
        ran.set(lastAttempt.workerId, [...(ran.get(lastAttempt.workerId) ?? []), lastAttempt.durationMs]);
    }
    // By the time that their slots were busy: one that the machine stops for a moment runs fewer, and each for longer.
    const busy = Array.from(ran.values(), (times) => times.reduce((sum, ms) => sum + ms, 0));
    expect(busy).toHaveLength(2);
    expect(Math.min(...busy) / Math.max(...busy)).toBeGreaterThan(90 / 110);
    await other.stop();
  } finally {
    await two.stop();
  }
});

/** @returns false where it had ended in between. */
async function terminate(id: string): Promise<boolean> {
  try {
    await temporal.handle(id).terminate('by the test');
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended in between.
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const BLOWS = 8;
/** A place whose holder was terminated is free again within this time, as the docs say. */
const LEASE_MS = 20_000;
