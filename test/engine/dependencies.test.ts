import { describe, expect, test } from 'vitest';
import { seeded } from '../../src/cli/demo/seeded.ts';
import { LIMITS } from '../../src/job/spec.ts';
import { eventually } from './fixtures/eventually.ts';
import { type Orders, untilAllFinal } from './fixtures/orders.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import type { TemporalView } from './fixtures/temporal-view.ts';
import { untilTold } from './fixtures/told.ts';
import type { Millrace } from './millrace.ts';

let millrace: Millrace;
let temporal: TemporalView;
let orders: Orders;
shareMillrace({ slots: 2 }, (shared) => ({ millrace, temporal, orders } = shared));

const NOW = { type: 'sleep', payload: { ms: 0 } };
const create = (input: Record<string, unknown> = {}): Promise<string> => millrace.create({ ...NOW, ...input });
type Result = { job: { id: string; status: string } | null; userErrors: { code: string; message: string; path: string[] }[] };
async function createAll(jobs: Record<string, unknown>[]): Promise<Result[]> {
  const { createJobs } = await millrace.client.data(
    'mutation ($input: CreateJobsInput!) { createJobs(input: $input) { results { job { id status } userErrors { code message path } } } }',
    { input: { jobs: jobs.map((job) => ({ ...NOW, ...job })) } },
  );
  return createJobs.results;
}
async function refusal(input: Record<string, unknown>) {
  const [result] = await createAll([input]);
  return result!.userErrors[0];
}

// Side by side: one of them waits for a turn of the reconciler.
describe.concurrent('a job that waits for others', () => {
  test('runs when all of them have succeeded, and says meanwhile which are missing', async () => {
    const [one, two] = [await create({ hold: true }), await create({ hold: true })];
    const id = await create({ dependencies: [one, two] });
    const before = await millrace.job(id, 'status dependencies { id status } waitingFor { kind jobIds }');
    expect(before).toMatchObject({ status: 'WAITING', waitingFor: { kind: 'DEPENDENCIES' } });
    expect(before.waitingFor.jobIds.toSorted()).toEqual([one, two].toSorted());
    await orders.release(one);
    await millrace.until(one, 'SUCCEEDED');
    await millrace.until(id, ({ version }) => version > 0);
    expect((await millrace.job(id, 'status')).status).toBe('WAITING');
    await orders.release(two);
    await millrace.until(id, 'SUCCEEDED');
    const inOrder = ['CREATED', 'WAITING', 'DEPENDENCY_ENDED', 'DEPENDENCY_ENDED', 'QUEUED', 'STARTED', 'ATTEMPT_ENDED', 'FINISHED'];
    await untilTold(millrace, id, inOrder);
    const { dependencies } = await millrace.job(id, 'dependencies { id status job { type } }');
    expect(dependencies).toHaveLength(2);
    expect(dependencies[0]).toMatchObject({ status: 'SUCCEEDED', job: { type: 'sleep' } });
    expect((await millrace.job(one, 'dependants { nodes { id } }')).dependants.nodes).toEqual([{ id }]);
  });

  test('on jobs that are final already runs at once', async () => {
    const one = await create();
    await millrace.until(one, 'SUCCEEDED');
    expect(await millrace.until(await create({ dependencies: [one] }), 'SUCCEEDED')).toMatchObject({ attemptCount: 1 });
  });

  test('fails with them, named, all the way down', async () => {
    const bad = await create({ type: 'fail', payload: { times: 1, final: true }, hold: true });
    const child = await create({ dependencies: [bad] });
    const grandchild = await create({ dependencies: [child] });
    await orders.release(bad);
    expect(await millrace.until(child, 'FAILED')).toMatchObject({
      reason: { code: 'DEPENDENCY_FAILED', message: expect.stringContaining(bad) as string },
    });
    expect(await millrace.until(grandchild, 'FAILED')).toMatchObject({
      reason: { code: 'DEPENDENCY_FAILED', message: expect.stringContaining(child) as string },
    });
    expect(await millrace.until(await create({ dependencies: [bad] }), 'FAILED')).toMatchObject({ reason: { code: 'DEPENDENCY_FAILED' } });
  });

  test('with RUN_ANYWAY runs whatever became of them', async () => {
    const bad = await create({ hold: true });
    const id = await create({ dependencies: [bad], onDependencyFailure: 'RUN_ANYWAY' });
    await orders.abort(bad);
    expect(await millrace.until(id, 'SUCCEEDED')).toMatchObject({ attemptCount: 1 });
  });

  test('is told when one is aborted, and when one is terminated in Temporal', async () => {
    const [aborted, terminated] = [await create({ hold: true }), await create({ hold: true })];
    const [one, two] = [await create({ dependencies: [aborted] }), await create({ dependencies: [terminated] })];
    await orders.abort(aborted);
    expect(await millrace.until(one, 'FAILED')).toMatchObject({ reason: { code: 'DEPENDENCY_FAILED' } });
    await temporal.handle(terminated).terminate('by the test');
    expect(await millrace.until(two, 'FAILED', 40_000)).toMatchObject({ reason: { code: 'DEPENDENCY_FAILED' } });
  });

  test('is aborted, held, forced like any other', async () => {
    const one = await create({ hold: true });
    const [aborted, held, forced] = [
      await create({ dependencies: [one] }),
      await create({ dependencies: [one] }),
      await create({ dependencies: [one] }),
    ];
    expect(await orders.abort(aborted)).toMatchObject({ codes: [], job: { status: 'ABORTED' } });
    expect(await orders.hold(held)).toMatchObject({ job: { status: 'HELD' } });
    expect(await orders.release(held)).toMatchObject({ job: { status: 'WAITING' } });
    expect(await orders.setPriority(held, 8)).toMatchObject({ job: { status: 'WAITING', priority: 8 } });
    expect(await orders.forceStart(held)).toMatchObject({ job: { status: 'WAITING', forced: true } });
    expect(await orders.forceStart(forced, { ignoreDependencies: true })).toMatchObject({ codes: [], job: { forced: true } });
    await millrace.until(forced, 'SUCCEEDED');
    await orders.release(one);
    await millrace.until(held, 'SUCCEEDED');
  });

  test('is given what they have returned', async () => {
    const one = await create({ type: 'test.echo', payload: { a: 1 } });
    const id = await create({ type: 'test.echo', dependencies: [one] });
    expect(await millrace.until(id, 'SUCCEEDED')).toMatchObject({ result: { dependencies: { [one]: { status: 'SUCCEEDED' } } } });
  });
});

describe('refused', () => {
  test('an unknown dependency, named', async () => {
    const known = await create();
    // Where it stands in what was asked for, also behind one that was named twice.
    expect(await refusal({ dependencies: [known, known, 'nobody-1'] })).toMatchObject({
      code: 'UNKNOWN_DEPENDENCY',
      message: expect.stringContaining('"nobody-1"') as string,
      path: ['jobs', '0', 'dependencies', '2'],
    });
  });

  test('a job that waits for itself, and a circle in one request, with the ids; the others are created', async () => {
    expect(await refusal({ id: 'self', dependencies: ['self'] })).toMatchObject({ code: 'DEPENDENCY_CYCLE' });
    const results = await createAll([
      { id: 'circle-a', dependencies: ['circle-c'] },
      { id: 'circle-b', dependencies: ['circle-a'] },
      { id: 'circle-c', dependencies: ['circle-b'] },
      { id: 'beside' },
      { id: 'behind', dependencies: ['circle-a'] },
    ]);
    expect(results.map(({ userErrors }) => userErrors[0]?.code ?? null)).toEqual([
      'DEPENDENCY_CYCLE',
      'DEPENDENCY_CYCLE',
      'DEPENDENCY_CYCLE',
      null,
      'DEPENDENCY_CYCLE',
    ]);
    expect(results[0]!.userErrors[0]!.message).toContain('circle-c → circle-b → circle-a → circle-c');
    expect(await millrace.job('circle-a', 'id')).toBeNull();
  });
});

test(
  'a diamond of 50 jobs, in any order inside one request, ends in an order that respects every dependency',
  { timeout: 150_000 },
  async () => {
    const seed = 7;
    const random = seeded(seed);
    const layers = [1, 12, 12, 12, 12, 1];
    const jobs: { id: string; dependencies: string[]; tags: string[]; priority: number }[] = [];
    let above: string[] = [];
    for (const [layer, size] of layers.entries()) {
      const ids = Array.from({ length: size }, (_, index) => `diamond-${layer}-${index}`);
      // The deeper, the higher: by their priorities alone they would run the other way round.
      for (const id of ids)
        jobs.push({ id, priority: 1 + layer, tags: ['diamond'], dependencies: above.filter((_, index) => index === 0 || random() < 0.4) });
      above = ids;
    }
    const shuffled = jobs.toSorted(() => random() - 0.5);
    const results = await createAll(shuffled);
    expect(results.flatMap(({ userErrors }) => userErrors)).toEqual([]);
    const ended = await untilAllFinal(millrace, 'diamond', jobs.length, 100_000);
    expect(Array.from(ended.values()).filter(({ status }) => status !== 'SUCCEEDED')).toEqual([]);
    const { jobs: rows } = await millrace.client.data(
      '{ jobs(filter: { tagsAll: ["diamond"] }, first: 100) { nodes { id startedAt finishedAt } } }',
    );
    const times = new Map<string, { startedAt: string; finishedAt: string }>(rows.nodes.map((row: { id: string }) => [row.id, row]));
    expect(times.size).toBe(jobs.length);
    for (const { id, dependencies } of jobs) {
      for (const dependency of dependencies)
        expect(Date.parse(times.get(dependency)!.finishedAt), `${dependency} ended before ${id} started`).toBeLessThanOrEqual(
          Date.parse(times.get(id)!.startedAt),
        );
    }
  },
);

test('one job on 200', { timeout: 240_000 }, async () => {
  const ids = Array.from({ length: 200 }, (_, index) => `of-200-${index}`);
  await createAll(ids.map((id) => ({ id, hold: true })));
  const id = await create({ dependencies: ids, onDependencyFailure: 'RUN_ANYWAY' });
  const { waitingFor } = await millrace.job(id, 'waitingFor { kind message jobIds }');
  expect(waitingFor).toMatchObject({ kind: 'DEPENDENCIES', message: expect.stringContaining('200 jobs') as string });
  expect(new Set(waitingFor.jobIds).size).toBe(100);
  expect(waitingFor.jobIds.filter((each: string) => !ids.includes(each))).toEqual([]);
  // Each has been asked by then to tell of its end, and has heard that: the aborts are not to wait behind it.
  await eventually('all have been asked', async () => !(await temporal.handle(id).describe()).raw.pendingActivities?.length, 60_000);
  const hasHeard = async (each: string): Promise<boolean> => (await temporal.handle(each).describe()).raw.pendingWorkflowTask === null;
  for (const each of ids) await eventually(`${each} has heard it`, () => hasHeard(each), 60_000);
  const rest = ids.slice(1).values();
  const abortNext = async (): Promise<void> => {
    for (const each of rest) await orders.abort(each);
  };
  await Promise.all(Array.from({ length: 4 }, abortNext));
  expect((await millrace.job(id, 'status')).status).toBe('WAITING');
  await orders.abort(ids[0]!);
  expect(await millrace.until(id, 'SUCCEEDED', 60_000)).toMatchObject({ attemptCount: 1 });
});

test('1,000 jobs in one request are all created, and end when the one that they all wait for does', { timeout: 400_000 }, async () => {
  const parent = await create({ hold: true });
  const dependants = Array.from({ length: LIMITS.jobsPerRequest }, (_, index) => `of-one-${index}`);
  const results = await createAll(dependants.map((id) => ({ id, dependencies: [parent], tags: ['of-one'] })));
  expect(results).toEqual(dependants.map((id) => ({ job: { id, status: 'WAITING' }, userErrors: [] })));
  const counts = async () =>
    (await millrace.client.data('{ jobCounts(filter: { tagsAll: ["of-one"] }) { waiting failed total } }')).jobCounts;
  expect(await counts()).toEqual({ waiting: dependants.length, failed: 0, total: dependants.length });
  // They have asked by then, the last of them too: what the parent is told is not to wait behind a thousand.
  const rests = async (id: string): Promise<boolean> => {
    const { raw } = await temporal.handle(id).describe();
    return raw.pendingWorkflowTask === null && !raw.pendingActivities?.length;
  };
  for (const id of [...dependants.slice(-50), parent]) await eventually(`${id} waits`, () => rests(id), 120_000);
  await orders.abort(parent);
  await untilAllFinal(millrace, 'of-one', dependants.length, 300_000);
  expect(await counts()).toEqual({ waiting: 0, failed: dependants.length, total: dependants.length });
  const reason = { code: 'DEPENDENCY_FAILED', message: `the job "${parent}", which it depends on, is ABORTED` };
  for (const id of [dependants.at(0)!, dependants.at(-1)!]) expect(await millrace.job(id, 'reason { code message }')).toEqual({ reason });
});
