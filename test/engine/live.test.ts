import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from './fixtures/eventually.ts';
import { Subscriber } from './fixtures/subscriber.ts';
import { told } from './fixtures/told.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
beforeAll(
  async () =>
    void (millrace = await Millrace.start({
      slots: 2,
      env: { MILLRACE_JOBS: fileURLToPath(new URL('fixtures/api-jobs', import.meta.url)) },
    })),
);
afterAll(() => millrace.stop());

function subscribe(query: string, variables: Record<string, unknown> = {}): Subscriber {
  const subscriber = new Subscriber(millrace.url, query, variables);
  onTestFinished(() => subscriber.cut());
  return subscriber;
}
let made = 0;
const newId = (): string => `live-${++made}`;
const create = (input: Record<string, unknown> = {}): Promise<string> =>
  millrace.create({ id: newId(), type: 'sleep', payload: { ms: 0 }, ...input });
/** In line for ever: nothing moves it but who is told to. */
const createInLine = (input: Record<string, unknown> = {}): Promise<string> => create({ pool: 'nobody', ...input });
const setPriority = (id: string, priority: number): Promise<unknown> =>
  millrace.client.data(
    'mutation ($id: ID!, $priority: Int!) { setJobPriority(input: { id: $id, priority: $priority }) { userErrors { code } } }',
    { id, priority },
  );
const abort = (id: string): Promise<unknown> =>
  millrace.client.data('mutation ($id: ID!) { abortJob(input: { id: $id }) { userErrors { code } } }', { id });
const foreignCursor = Buffer.from(JSON.stringify(['event', 'abcdef', 1_700_000_000_000_000])).toString('base64url');

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
    const id = await create({ type: 'test.steps', payload: { count: 5, everyMs: 150 } });
    const all = (await subscribe(JOB, { id }).collect(() => false)).map(({ data }) => data!['jobUpdated']);
    const versions = all.map(({ version }) => version as number);
    expect(versions).toEqual([...new Set(versions)].sort((left, right) => left - right));
    expect(all.map(({ progress }) => progress as number)).toEqual(expect.arrayContaining([0.2, 0.6, 1]));
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
    while (changed.size < 2) {
      const update = await next(again);
      expect(update.isSnapshot).toBe(false);
      for (const job of update.changed) changed.set(job.id, job);
    }
    expect([...changed.values()]).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: kept, priority: 6 }),
        expect.objectContaining({ id: added, status: 'ABORTED' }),
      ]),
    );
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

describe('jobEvents', () => {
  const EVENTS =
    'subscription ($jobId: ID, $after: String) { jobEvents(jobId: $jobId, after: $after) { events { kind jobId version status detail job { id } } cursor gap } }';
  type Batch = { events: { kind: string; jobId: string; version: number; detail: any }[]; cursor: string; gap: boolean };
  const next = async (updates: Subscriber): Promise<Batch> => (await updates.next())?.data?.['jobEvents'] as Batch;

  test('begins with a cursor, before anything has happened', async () => {
    expect(await next(subscribe(EVENTS))).toEqual({ events: [], cursor: expect.any(String) as string, gap: false });
  });

  test('gives all that happens to all jobs from now on, in order', async () => {
    const updates = subscribe(EVENTS);
    await next(updates);
    const id = await create({ type: 'fail', payload: { times: 1 }, retry: { delay: '10ms' } });
    const events: Batch['events'] = [];
    while (!events.some(({ kind, jobId }) => kind === 'FINISHED' && jobId === id)) events.push(...(await next(updates)).events);
    const once = ['QUEUED', 'STARTED', 'ATTEMPT_ENDED'];
    expect(told(events.filter(({ jobId }) => jobId === id))).toEqual(told(['CREATED', ...once, 'RETRY_SCHEDULED', ...once, 'FINISHED']));
    const versions = events.map(({ version }) => version);
    expect(versions).toEqual(versions.toSorted((left, right) => left - right));
  });

  test('of one job begins with its first event', async () => {
    const id = await create();
    await millrace.until(id, 'SUCCEEDED');
    const { events, gap } = await next(subscribe(EVENTS, { jobId: id }));
    expect(told(events)).toEqual(told(['CREATED', 'QUEUED', 'STARTED', 'ATTEMPT_ENDED', 'FINISHED']));
    expect(gap).toBe(false);
  });

  test('resumed after a cut misses nothing and repeats nothing', async () => {
    const first = subscribe(EVENTS);
    let { cursor } = await next(first);
    first.cut();
    const seen: number[] = [];
    const jobs = new Set<string>();
    for (let turn = 0; turn < 5; turn++) {
      jobs.add(await createInLine());
      const updates = subscribe(EVENTS, { after: cursor });
      const batch = await next(updates);
      expect(batch.gap).toBe(false);
      seen.push(...batch.events.map(({ version }) => version));
      cursor = batch.cursor;
      // Cut off while something happens.
      const id = createInLine();
      updates.cut();
      jobs.add(await id);
    }
    while (seen.length < 20) {
      const batch = await next(subscribe(EVENTS, { after: cursor }));
      seen.push(...batch.events.map(({ version }) => version));
      cursor = batch.cursor;
    }
    expect(seen).toEqual([...new Set(seen)].sort((left, right) => left - right));
    const { data } = (await subscribe(EVENTS, { after: cursor }).next())!;
    expect(data!['jobEvents'].events).toEqual([]);
    const all = await Promise.all(
      [...jobs].map(
        async (id) =>
          (await millrace.job(id, 'events { nodes { version } }')).events.nodes.map(
            ({ version }: { version: number }) => version,
          ) as number[],
      ),
    );
    expect(seen).toEqual(all.flat().sort((left, right) => left - right));
  });

  test('from a cursor of another journal says that there is a gap, once, and goes on', async () => {
    const updates = subscribe(EVENTS, { after: foreignCursor });
    expect(await next(updates)).toMatchObject({ events: [], gap: true });
    const id = await createInLine();
    expect(await next(updates)).toMatchObject({
      gap: false,
      events: expect.arrayContaining([expect.objectContaining({ jobId: id, kind: 'CREATED' })]) as unknown,
    });
  });

  test('from what is no cursor is refused', async () => {
    expect((await subscribe(EVENTS, { after: 'nonsense' }).next())?.errors?.map(({ extensions }) => extensions?.code)).toEqual([
      'BAD_USER_INPUT',
    ]);
  });
});

describe('jobLog', () => {
  const LOG =
    'subscription ($jobId: ID!, $attempt: Int, $after: String) { jobLog(jobId: $jobId, attempt: $attempt, after: $after) { lines { text stream attempt at cursor } cursor dropped } }';
  type Lines = { lines: { text: string; stream: string; attempt: number; cursor: string }[]; cursor: string; dropped: number };
  const linesOf = (received: { data?: Record<string, any> | null }[]): Lines['lines'] =>
    received.flatMap(({ data }) => (data!['jobLog'] as Lines).lines);

  test('gives a line soon after it was written, and completes when the job is final', async () => {
    const id = await create({ type: 'test.steps', payload: { count: 8, everyMs: 100 } });
    const log = subscribe(LOG, { jobId: id });
    const delays: number[] = [];
    const lines: Lines['lines'] = [];
    for (;;) {
      const received = await log.next(20_000);
      if (!received) break;
      const now = Date.now();
      for (const line of linesOf([received])) {
        lines.push(line);
        if (line.stream === 'STDOUT') delays.push(now - Number(line.text.split(' at ')[1]));
      }
    }
    expect(lines.filter(({ stream }) => stream === 'STDOUT').map(({ text }) => text.split(' at ')[0])).toEqual(
      Array.from({ length: 8 }, (_, index) => `step ${index + 1} of 8`),
    );
    expect(lines.filter(({ stream }) => stream === 'STDERR').map(({ text }) => text)).toEqual([
      'also step 2',
      'also step 4',
      'also step 6',
      'also step 8',
    ]);
    // By the median, for the machine is shared; a line is 45 ms under way at most when nobody is in its way.
    expect(delays.sort((left, right) => left - right)[4]).toBeLessThan(500);
  });

  test('of a final job gives all of it and completes, and of one attempt only that one’s', async () => {
    const id = await create({ type: 'test.steps', payload: { count: 2, everyMs: 0, failures: 1 }, retry: { delay: '10ms' } });
    await millrace.until(id, 'SUCCEEDED');
    const texts = async (variables: Record<string, unknown>): Promise<string[]> =>
      linesOf(await subscribe(LOG, { jobId: id, ...variables }).collect(() => false)).map(
        ({ text, attempt }) => `${attempt}: ${text.split(' at ')[0]}`,
      );
    const one = ['1: also step 2', '1: step 1 of 2', '1: step 2 of 2'];
    const two = ['2: also step 2', '2: step 1 of 2', '2: step 2 of 2'];
    expect((await texts({})).sort()).toEqual([...one, ...two]);
    expect((await texts({ attempt: 1 })).sort()).toEqual(one);
    expect((await texts({ attempt: 2 })).sort()).toEqual(two);
    expect(await texts({ attempt: 3 })).toEqual([]);
  });

  test('resumed after a cut goes on with the next line', async () => {
    const id = await create({ type: 'test.steps', payload: { count: 10, everyMs: 60 } });
    const seen: string[] = [];
    let after: string | null = null;
    for (let cuts = 0; ; cuts++) {
      const log: Subscriber = subscribe(LOG, { jobId: id, after });
      const received = cuts < 4 ? [await log.next()] : await log.collect(() => false);
      for (const batch of received) {
        if (!batch) continue;
        seen.push(...linesOf([batch]).map(({ text }) => text));
        after = (batch.data!['jobLog'] as Lines).cursor;
      }
      log.cut();
      if (cuts === 4) break;
    }
    expect(seen.filter((text) => text.startsWith('step')).map((text) => text.split(' at ')[0])).toEqual(
      Array.from({ length: 10 }, (_, index) => `step ${index + 1} of 10`),
    );
    expect(seen).toHaveLength(15);
  });

  test('is the same as what an attempt has of it, page by page', async () => {
    const id = await create({ type: 'test.steps', payload: { count: 4, everyMs: 0 } });
    await millrace.until(id, 'SUCCEEDED');
    const live = linesOf(await subscribe(LOG, { jobId: id }).collect(() => false)).map(({ text }) => text);
    const pages: string[] = [];
    let after: string | null = null;
    do {
      const { lastAttempt }: any = await millrace.client
        .data(
          'query ($id: ID!, $after: String) { job(id: $id) { lastAttempt { log(first: 2, after: $after) { nodes { text } pageInfo { hasNextPage endCursor } } } } }',
          { id, after },
        )
        .then(({ job }) => job);
      pages.push(...lastAttempt.log.nodes.map(({ text }: { text: string }) => text));
      after = lastAttempt.log.pageInfo.hasNextPage ? lastAttempt.log.pageInfo.endCursor : null;
    } while (after);
    expect(pages).toEqual(live);
    expect(pages).toHaveLength(6);
  });

  test('of no job completes with nothing, and from what is no cursor is refused', async () => {
    expect(await subscribe(LOG, { jobId: 'no-such' }).collect(() => false)).toEqual([]);
    expect(
      (await subscribe(LOG, { jobId: 'no-such', after: foreignCursor }).next())?.errors?.map(({ extensions }) => extensions?.code),
    ).toEqual(['BAD_USER_INPUT']);
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

// These stop a worker and the api: the last ones.
describe('workersUpdated', () => {
  const WORKERS = 'subscription ($pool: String) { workersUpdated(pool: $pool) { workers { id status busy pid running { job { id } } } } }';
  type Workers = { id: string; status: string; busy: number; running: { job: { id: string } }[] }[];
  const workersOf = (received: { data?: Record<string, any> | null } | undefined): Workers =>
    received?.data?.['workersUpdated'].workers as Workers;

  test('gives the workers now, then whenever one has changed', async () => {
    const updates = subscribe(WORKERS, { pool: 'default' });
    expect(workersOf(await updates.next())).toMatchObject([{ status: 'RUNNING' }]);
    const id = await create({ payload: { ms: 600_000 }, grace: '0s' });
    await updates.collect((all) => workersOf(all.at(-1))?.[0]?.running[0]?.job.id === id && workersOf(all.at(-1))[0]!.busy === 1);
    await abort(id);
    await updates.collect((all) => workersOf(all.at(-1))?.[0]?.running.length === 0);
  });

  test('tells of a worker that is stopped, and of one that is killed', async () => {
    const updates = subscribe(WORKERS);
    await updates.next();
    await millrace.startRole('worker', 'second');
    const joined = await updates.collect((all) => workersOf(all.at(-1))?.length === 2);
    const second = workersOf(joined.at(-1))[1]!.id;
    await millrace.role('second').stop();
    await updates.collect((all) => workersOf(all.at(-1))?.find(({ id }) => id === second)?.status === 'STOPPED');
    // Nobody writes to the journal from then on: its silence is all there is to notice.
    await millrace.role('worker').kill();
    const last = await updates.collect((all) => workersOf(all.at(-1))?.some(({ status }) => status === 'LOST'), 20_000);
    expect(
      workersOf(last.at(-1))
        .map(({ status }) => status)
        .sort(),
    ).toEqual(['LOST', 'STOPPED']);
  }, 90_000);
});

test('a subscriber is told when the api stops, and goes on with its cursor when it is back', async () => {
  const EVENTS = 'subscription ($after: String) { jobEvents(after: $after) { events { jobId kind } cursor gap } }';
  const updates = subscribe(EVENTS);
  const { cursor } = (await updates.next())!.data!['jobEvents'] as { cursor: string };
  const id = await createInLine();
  const closed = new Promise<number>((resolve) => updates.socket.once('close', resolve));
  await millrace.role('api').stop();
  expect(await closed).toBe(1001);
  await millrace.startRole('api');
  const again = subscribe(EVENTS, { after: cursor });
  const batch = (await again.next())!.data!['jobEvents'] as { events: { jobId: string; kind: string }[]; gap: boolean };
  expect(batch.gap).toBe(false);
  expect(batch.events).toContainEqual({ jobId: id, kind: 'CREATED' });
  await eventually('the api knows its jobs', async () => (await millrace.job(id, 'status')).status === 'QUEUED');
});
