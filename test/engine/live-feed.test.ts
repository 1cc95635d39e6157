import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from './fixtures/eventually.ts';
import { API_JOBS, Scratch } from './fixtures/paths.ts';
import type { Subscriber } from './fixtures/subscriber.ts';
import { told } from './fixtures/told.ts';
import { foreignCursor, watch } from './fixtures/watch.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
beforeAll(async () => void (millrace = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: API_JOBS } })));
const scratch = new Scratch();
afterAll(async () => {
  await millrace.stop();
  scratch.remove();
});
const { subscribe, create, createInLine, abort } = watch(() => millrace);

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
    const gates = scratch.path();
    const id = await create({ type: 'test.steps', payload: { count: 8, everyMs: 0, gates } });
    const log = subscribe(LOG, { jobId: id });
    const delays: number[] = [];
    const lines: Lines['lines'] = [];
    for (;;) {
      const received = await log.next();
      if (!received) break;
      const now = Date.now();
      for (const line of linesOf([received])) {
        lines.push(line);
        if (line.stream === 'STDOUT') delays.push(now - Number(line.text.split(' at ')[1]));
      }
      // Nothing comes after a line that could bring it along: the next step waits until it is here.
      scratch.open(`${gates}.${delays.length}`);
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
    // The quickest, for the machine is shared; a line is 45 ms under way at most when nobody is in its way.
    expect(Math.min(...delays)).toBeLessThan(500);
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
    const last = await updates.collect((all) => workersOf(all.at(-1))?.some(({ status }) => status === 'LOST'), 60_000);
    expect(
      workersOf(last.at(-1))
        .map(({ status }) => status)
        .sort(),
    ).toEqual(['LOST', 'STOPPED']);
  }, 150_000);
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
