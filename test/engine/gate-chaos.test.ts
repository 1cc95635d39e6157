import { afterAll, beforeAll, expect, test } from 'vitest';
import { eachAtOnce } from '../../src/activities/each-at-once.ts';
import { seeded } from '../../src/cli/demo/seeded.ts';
import { eventually } from './fixtures/eventually.ts';
import { TEST_JOBS } from './fixtures/paths.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
let temporal: TemporalView;
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 4, env: { MILLRACE_JOBS: TEST_JOBS } });
  temporal = await TemporalView.of(millrace);
});
afterAll(async () => {
  await temporal.close();
  await millrace.stop();
});

type Attempt = { startedAt: string; finishedAt: string | null; pid: number };
const OPEN = '{ jobCounts(filter: { tagsAll: ["keyed"] }) { total succeeded failed aborted } }';

test('while holders are killed at random never more than the limit are in, and all come through', { timeout: 180_000 }, async () => {
  const seed = 11;
  const random = seeded(seed);
  const limit = 3;
  // More than one run of the gate's workflow has events for.
  const ids = Array.from({ length: 180 }, (_, index) => `keyed-${index}`);
  await eachAtOnce(ids, (id) =>
    millrace.create({
      id,
      type: 'sleep',
      payload: { ms: 40 },
      tags: ['keyed'],
      grace: '0s',
      maxHalts: 100,
      concurrency: { key: 'chaos', limit },
    }),
  );
  const gate = temporal.client.workflow.getHandle('gate:key:chaos');
  const first = (await gate.describe()).runId;
  let terminated = 0;
  for (let kills = 0; kills < 15; kills++) {
    const { jobs } = await millrace.client.data(
      '{ jobs(filter: { tagsAll: ["keyed"], status: [RUNNING] }) { nodes { id lastAttempt { pid } } } }',
    );
    const holder = jobs.nodes[Math.floor(random() * jobs.nodes.length)];
    if (!holder) continue;
    if (terminated < 3 && random() < 0.2) {
      terminated += 1;
      await temporal.handle(holder.id).terminate('by the test');
    } else kill(holder.lastAttempt.pid);
    if (kills === 10) {
      await millrace.role('orchestrator').kill();
      await millrace.startRole('orchestrator');
    }
  }
  await eventually(
    () => `all have ended, seed ${seed}`,
    async () => {
      const { total, succeeded, failed, aborted } = (await millrace.client.data(OPEN)).jobCounts;
      return total === ids.length && succeeded + failed + aborted === total;
    },
    120_000,
  );
  const { jobCounts } = await millrace.client.data(OPEN);
  expect(jobCounts).toMatchObject({ failed: 0, aborted: terminated });
  expect((await gate.describe()).runId).not.toBe(first);
  const attempts: Attempt[] = [];
  await eachAtOnce(ids, async (id) => {
    attempts.push(...(await millrace.job(id, 'attempts { nodes { startedAt finishedAt pid } }')).attempts.nodes);
  });
  const most = mostAtOnce(attempts);
  expect(most, `seed ${seed}`).toBe(limit);
});

test('jobs of equal slots are shared evenly', { timeout: 90_000 }, async () => {
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
      60_000,
    );
    const { workers } = await two.client.data('{ workers { id } }');
    expect(workers).toHaveLength(2);
    for (const { id } of workers as { id: string }[]) {
      const { jobCounts } = await two.client.data('query ($id: ID!) { jobCounts(filter: { workerId: $id }) { total } }', { id });
      expect(jobCounts.total).toBeGreaterThanOrEqual(90);
      expect(jobCounts.total).toBeLessThanOrEqual(110);
    }
    await other.stop();
  } finally {
    await two.stop();
  }
});

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended in between.
  }
}

function mostAtOnce(attempts: Attempt[]): number {
  const edges = attempts.flatMap(({ startedAt, finishedAt }) => [
    { at: Date.parse(startedAt), change: 1 },
    { at: Date.parse(finishedAt ?? startedAt), change: -1 },
  ]);
  let now = 0;
  let most = 0;
  for (const { change } of edges.toSorted((a, b) => a.at - b.at || a.change - b.change)) most = Math.max(most, (now += change));
  return most;
}
