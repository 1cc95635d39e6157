import { expect, test } from 'vitest';
import { eachAtOnce } from '../../src/activities/each-at-once.ts';
import { eventually } from './fixtures/eventually.ts';
import { gatedJobs } from './fixtures/gated-jobs.ts';
import type { Orders } from './fixtures/orders.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import { mostAtOnce, spansOf } from './fixtures/spans.ts';
import type { TemporalView } from './fixtures/temporal-view.ts';
import type { Millrace } from './millrace.ts';

/** A page of Temporal's Web UI asks its workflow for what it shows, in the midst of all that it does. */
let millrace: Millrace;
let temporal: TemporalView;
let orders: Orders;
const scratch = shareMillrace({ slots: 4 }, (shared) => ({ millrace, temporal, orders } = shared));

/** Asks again and again. The answer ends that, with how often it was answered. */
function lookAt(workflowIds: string[]): () => Promise<number> {
  let looks = 0;
  let isOver = false;
  // Refused where there is none yet, or while no orchestrator is there to answer.
  const look = (id: string) => temporal.client.workflow.getHandle(id).query('__temporal_workflow_metadata');
  const looking = workflowIds.map(async (id) => {
    while (!isOver)
      looks += await look(id).then(
        () => 1,
        () => 0,
      );
  });
  return async () => {
    isOver = true;
    await Promise.all(looking);
    return looks;
  };
}

async function anotherOrchestrator(): Promise<void> {
  await millrace.role('orchestrator').kill();
  await millrace.startRole('orchestrator');
}

test('a gate that is looked at all the time goes on with another orchestrator', { timeout: 300_000 }, async () => {
  const tags = ['looked-at'];
  const ids = Array.from({ length: 150 }, (_, index) => `looked-at-${index}`);
  const concurrency = { key: 'looked-at', limit: 3 };
  // As many as may be in are, for sure, until all have asked.
  const first = await Promise.all([1, 2, 3].map(() => gatedJobs(millrace, scratch).running({ concurrency })));
  await eachAtOnce(ids, (id) => millrace.create({ id, type: 'sleep', payload: { ms: 10 }, tags, grace: '0s', concurrency }));
  const countOf = async (): Promise<number> =>
    (await millrace.client.data('query ($filter: JobFilter) { jobCounts(filter: $filter) { succeeded } }', { filter: { tagsAll: tags } }))
      .jobCounts.succeeded;
  const end = lookAt(['gate:key:looked-at']);
  for (const job of first) job.open();
  try {
    for (const share of [0.3, 0.6]) {
      await eventually('a part of them has ended', async () => (await countOf()) >= ids.length * share, 90_000);
      await anotherOrchestrator();
    }
    await eventually('all have ended', async () => (await countOf()) === ids.length, 90_000);
  } finally {
    expect(await end()).toBeGreaterThan(50);
  }
  expect(mostAtOnce(await spansOf(millrace, [...first.map(({ id }) => id), ...ids]))).toBe(3);
});

test(
  'jobs that are looked at all the time take what they are told, and go on with another orchestrator',
  { timeout: 180_000 },
  async () => {
    const busy = Array.from({ length: 4 }, () => millrace.create({ type: 'sleep', payload: { ms: 600_000 }, grace: '0s' }));
    for (const id of await Promise.all(busy)) await millrace.until(id, 'RUNNING');
    const ids = ['one', 'two', 'three', 'four'];
    const more = { retry: { delay: '100ms' }, queueTimeout: '1h', grace: '0s' };
    for (const id of ids) await millrace.create({ id, type: 'fail', payload: { times: 1 }, ...more, concurrency: { key: id, limit: 1 } });
    const end = lookAt(ids.map((id) => `job:${id}`));
    try {
      for (let round = 1; round <= 2; round++) {
        await eachAtOnce(ids, async (id) => {
          for (let turn = 0; turn < 6; turn++) {
            const toldAtOnce = [
              orders.setPriority(id, turn + 1),
              orders.setPriority(id, turn + 2),
              turn % 3 ? orders.release(id) : orders.hold(id),
            ];
            for (const { codes } of await Promise.all(toldAtOnce)) expect(codes).toEqual([]);
          }
          await orders.release(id);
        });
        await temporal.untilInLine(ids);
        await anotherOrchestrator();
        // Past the api, whose patience may be shorter than what a job takes to come to another orchestrator.
        await eachAtOnce(ids, (id) => temporal.handle(id).executeUpdate('setPriority', { args: [9] }));
      }
      await temporal.untilInLine(ids);
      await eachAtOnce(await Promise.all(busy), (id) => temporal.handle(id).executeUpdate('abort', { args: [{}] }));
      for (const id of ids) await millrace.until(id, 'SUCCEEDED', 40_000);
    } finally {
      expect(await end()).toBeGreaterThan(50);
    }
  },
);
