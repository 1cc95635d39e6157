import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { API_JOBS, Scratch } from './fixtures/paths.ts';
import type { Received, Subscriber } from './fixtures/subscriber.ts';
import { foreignCursor, watch } from './fixtures/watch.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
beforeAll(async () => void (millrace = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: API_JOBS } })));
const scratch = new Scratch();
afterAll(async () => {
  await millrace.stop();
  scratch.remove();
});
const { subscribe, newId, create, createInLine, setPriority, abort } = watch(() => millrace);

describe('jobUpdated', () => {
  const JOB = 'subscription ($id: ID!) { jobUpdated(id: $id) { id status priority progress version } }';

  test('gives the job now, then after every change, and completes when it is final', async () => {
    const id = await createInLine();
    const updates = subscribe(JOB, { id });
    expect((await updates.next())?.data).toMatchObject({ jobUpdated: { id, status: 'QUEUED', priority: 1 } });
    await setPriority(id, 7);
    expect((await updates.next())?.data).toMatchObject({ jobUpdated: { status: 'QUEUED', priority: 7 } });
    await abort(id);
    const rest = await updates.collect(() => false);
    expect(rest.at(-1)?.data).toMatchObject({ jobUpdated: { status: 'ABORTED', priority: 7 } });
  });

  test('gives versions that only grow, and progress as it is made', async () => {
    const gates = scratch.path();
    const id = await create({ type: 'test.steps', payload: { count: 5, everyMs: 0, gates } });
    const updates = subscribe(JOB, { id });
    const received: Received[] = [];
    // Of what is made faster than it is sent only the newest comes: each waits until the one before has come.
    for (let step = 1; step <= 5; step++) {
      received.push(...(await updates.collect((some) => some.at(-1)?.data?.['jobUpdated'].progress === step / 5)));
      scratch.open(`${gates}.${step}`);
    }
    received.push(...(await updates.collect(() => false)));
    const all = received.map(({ data }) => data!['jobUpdated']);
    const versions = all.map(({ version }) => version as number);
    expect(versions).toEqual([...new Set(versions)].sort((left, right) => left - right));
    expect(all.map(({ progress }) => progress as number)).toEqual(expect.arrayContaining([0.2, 0.4, 0.6, 0.8, 1]));
    expect(all.at(-1)).toMatchObject({ status: 'SUCCEEDED', progress: 1 });
  });

  test('of a final job gives it once and completes', async () => {
    const id = await create();
    await millrace.until(id, 'SUCCEEDED');
    expect((await subscribe(JOB, { id }).collect(() => false)).map(({ data }) => data!['jobUpdated'].status)).toEqual(['SUCCEEDED']);
  });

  test('of no job gives null once and completes', async () => {
    expect(await subscribe(JOB, { id: 'no-such' }).collect(() => false)).toEqual([{ data: { jobUpdated: null } }]);
  });

  test('says nothing of what happens to other jobs', async () => {
    const id = await createInLine();
    const updates = subscribe(JOB, { id });
    await updates.next();
    await setPriority(await createInLine(), 5);
    expect(await updates.isQuiet(300)).toBe(true);
  });
});

describe('jobsUpdated', () => {
  const JOBS =
    'subscription ($filter: JobFilter, $first: Int! = 100, $after: String) { jobsUpdated(filter: $filter, first: $first, after: $after) { cursor isSnapshot changed { id status priority } removed } }';
  type Update = { cursor: string; isSnapshot: boolean; changed: { id: string; status: string; priority: number }[]; removed: string[] };
  const next = async (updates: Subscriber): Promise<Update> => (await updates.next())?.data?.['jobsUpdated'] as Update;
  /** Updates until one tells of the job. */
  const until = async (updates: Subscriber, id: string): Promise<Update> => {
    for (;;) {
      const update = await next(updates);
      if (update.changed.some((job) => job.id === id) || update.removed.includes(id)) return update;
    }
  };

  test('gives the newest that match, then what changes', async () => {
    const tag = newId();
    const [first, second, third] = [
      await createInLine({ tags: [tag] }),
      await createInLine({ tags: [tag] }),
      await createInLine({ tags: [tag] }),
    ];
    const updates = subscribe(JOBS, { filter: { tagsAny: [tag] }, first: 2 });
    expect(await next(updates)).toMatchObject({ isSnapshot: true, changed: [{ id: third }, { id: second }], removed: [] });
    await setPriority(first, 8);
    expect(await until(updates, first)).toMatchObject({ isSnapshot: false, changed: [{ id: first, priority: 8 }] });
    const fourth = await createInLine({ tags: [tag] });
    expect(await until(updates, fourth)).toMatchObject({ isSnapshot: false, changed: [{ id: fourth, status: 'QUEUED' }] });
  });

  test('says of a job that stops matching that it is gone, and of one that begins to that it is there', async () => {
    const prefix = newId();
    const id = await createInLine({ id: `${prefix}.a`, priority: 3 });
    const high = subscribe(JOBS, { filter: { idPrefix: prefix, priorityMin: 5 } });
    const low = subscribe(JOBS, { filter: { idPrefix: prefix, priorityMax: 4 } });
    expect((await next(high)).changed).toEqual([]);
    expect((await next(low)).changed.map((job) => job.id)).toEqual([id]);
    await setPriority(id, 9);
    expect(await until(high, id)).toMatchObject({ changed: [{ id, priority: 9 }], removed: [] });
    expect(await until(low, id)).toMatchObject({ changed: [], removed: [id] });
  });

  test('goes on from a cursor after a cut, without a snapshot and without a gap', async () => {
    const tag = newId();
    const kept = await createInLine({ tags: [tag] });
    const updates = subscribe(JOBS, { filter: { tagsAny: [tag] } });
    const { cursor } = await next(updates);
    updates.cut();
    await setPriority(kept, 6);
    const added = await createInLine({ tags: [tag] });
    await abort(added);
    const again = subscribe(JOBS, { filter: { tagsAny: [tag] }, after: cursor });
    const changed = new Map<string, Update['changed'][number]>();
    while (changed.get(kept)?.priority !== 6 || changed.get(added)?.status !== 'ABORTED') {
      const update = await next(again);
      expect(update.isSnapshot).toBe(false);
      for (const job of update.changed) changed.set(job.id, job);
    }
    expect([...changed.keys()].toSorted()).toEqual([kept, added].toSorted());
    expect(await until(again, await createInLine({ tags: [tag] }))).toMatchObject({ isSnapshot: false });
  });

  test('from the cursor it had last has nothing to tell until something happens', async () => {
    const tag = newId();
    const updates = subscribe(JOBS, { filter: { tagsAny: [tag] } });
    const { cursor } = await next(updates);
    const again = subscribe(JOBS, { filter: { tagsAny: [tag] }, after: cursor });
    expect(await again.isQuiet(300)).toBe(true);
    const id = await createInLine({ tags: [tag] });
    expect(await until(again, id)).toMatchObject({ isSnapshot: false, changed: [{ id }] });
  });

  test('from a cursor of another journal begins with a snapshot again', async () => {
    const tag = newId();
    const id = await createInLine({ tags: [tag] });
    expect(await next(subscribe(JOBS, { filter: { tagsAny: [tag] }, after: foreignCursor }))).toMatchObject({
      isSnapshot: true,
      changed: [{ id }],
    });
  });

  test('from what is no cursor, or with a page that is none, is refused', async () => {
    for (const variables of [
      { after: 'nonsense' },
      { first: 0 },
      { first: 101 },
      { filter: { ids: Array.from({ length: 101 }, String) } },
    ]) {
      expect((await subscribe(JOBS, variables).next())?.errors?.map(({ extensions }) => extensions?.code)).toEqual(['BAD_USER_INPUT']);
    }
  });

  test('tells of a hundred jobs that are created at once, each of them', async () => {
    const tag = newId();
    const updates = subscribe(JOBS, { filter: { tagsAny: [tag] } });
    await next(updates);
    const jobs = Array.from({ length: 100 }, (_, index) => ({
      id: `${tag}.${index}`,
      type: 'sleep',
      payload: { ms: 0 },
      pool: 'nobody',
      tags: [tag],
    }));
    await millrace.client.data('mutation ($input: CreateJobsInput!) { createJobs(input: $input) { results { userErrors { code } } } }', {
      input: { jobs },
    });
    const seen = new Set<string>();
    while (seen.size < 100) for (const { id } of (await next(updates)).changed) seen.add(id);
    expect(seen).toEqual(new Set(jobs.map(({ id }) => id)));
  });
});

describe('jobCountsUpdated', () => {
  const COUNTS = 'subscription ($filter: JobFilter) { jobCountsUpdated(filter: $filter) { queued aborted total } }';

  test('gives the counts now, then whenever they have changed, and only then', async () => {
    const tag = newId();
    const id = await createInLine({ tags: [tag] });
    const updates = subscribe(COUNTS, { filter: { tagsAny: [tag] } });
    expect((await updates.next())?.data).toEqual({ jobCountsUpdated: { queued: 1, aborted: 0, total: 1 } });
    await setPriority(id, 5);
    await createInLine();
    expect(await updates.isQuiet(500)).toBe(true);
    await abort(id);
    expect((await updates.next())?.data).toEqual({ jobCountsUpdated: { queued: 0, aborted: 1, total: 1 } });
  });
});

describe('over the same socket', () => {
  test('a query and a mutation are answered and complete', async () => {
    expect(await subscribe('{ serverInfo { priorityLevels } }').collect(() => false)).toEqual([
      { data: { serverInfo: { priorityLevels: 15 } } },
    ]);
    const id = newId();
    const [answer] = await subscribe(
      'mutation ($id: ID!) { createJob(input: { id: $id, type: "sleep", payload: { ms: 0 }, pool: "nobody" }) { job { id status } userErrors { code } } }',
      { id },
    ).collect(() => false);
    expect(answer).toEqual({ data: { createJob: { job: { id, status: 'QUEUED' }, userErrors: [] } } });
    expect(await millrace.job(id, 'status')).toEqual({ status: 'QUEUED' });
  });
});
