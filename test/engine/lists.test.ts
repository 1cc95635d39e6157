import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from './fixtures/eventually.ts';
import { told } from './fixtures/told.ts';
import { Millrace } from './millrace.ts';

/** Forty jobs of every kind there is, which nothing moves any more, and a pool that nobody serves for those in line. */
let millrace: Millrace;
let ids: Record<'succeeded' | 'failed' | 'halted' | 'aborted' | 'retrying' | 'running' | 'forced', string>;
let jobs: any[];
let workerId: string;

beforeAll(async () => {
  millrace = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: fileURLToPath(new URL('fixtures/api-jobs', import.meta.url)) } });
  const create = (input: Record<string, unknown>) => millrace.create({ type: 'sleep', payload: { ms: 0 }, ...input });
  await create({ id: 'done-1', queue: 'email', priority: 4, tags: ['a', 'b'] });
  ids = {
    succeeded: 'done-1',
    failed: await create({ id: 'Failed-1', type: 'fail', payload: { times: 1, final: true }, queue: 'reports', tags: ['b', 'c'] }),
    halted: await create({ id: 'halted_1', type: 'crash', payload: { how: 'exit', times: 1 }, tags: ['b'] }),
    aborted: await create({ id: 'gone.1', pool: 'nobody' }),
    retrying: await create({ id: 'retry:1', type: 'fail', payload: { times: 1 }, retry: { delay: '1h', jitter: false } }),
    running: await create({ id: 'running-1', payload: { ms: 600_000 }, grace: '0s', priority: 10 }),
    forced: await create({ id: 'forced-1', pool: 'nobody', priority: 2 }),
  };
  await millrace.client.data('mutation ($id: ID!) { forceStartJob(input: { id: $id }) { userErrors { code } } }', { id: ids.forced });
  await millrace.client.data('mutation ($id: ID!) { abortJob(input: { id: $id, message: "Not 100% needed" }) { userErrors { code } } }', {
    id: ids.aborted,
  });
  const line = Array.from({ length: 33 }, (_, index) => ({
    id: `line-${String(index).padStart(2, '0')}`,
    type: 'sleep',
    payload: { ms: 0 },
    pool: 'nobody',
    priority: 1 + (index % 10),
  }));
  await millrace.client.data('mutation ($input: CreateJobsInput!) { createJobs(input: $input) { results { userErrors { code } } } }', {
    input: { jobs: line },
  });
  await Promise.all([
    millrace.until(ids.succeeded, 'SUCCEEDED'),
    millrace.until(ids.failed, 'FAILED'),
    millrace.until(ids.halted, 'SUCCEEDED'),
  ]);
  await Promise.all([millrace.until(ids.retrying, 'SCHEDULED'), millrace.until(ids.running, 'RUNNING')]);
  jobs = (await page({ first: 100 })).nodes;
  workerId = (await millrace.client.data('{ workers { id } }'))['workers'][0].id;
});
afterAll(() => millrace.stop());

const FIELDS = 'id type queue pool status priority forced halts tags createdAt startedAt finishedAt reason { code message }';
async function page(variables: Record<string, unknown>): Promise<{ nodes: any[]; pageInfo: any; edges: any[] }> {
  const { jobs: found } = await millrace.client.data(
    `query ($filter: JobFilter, $order: JobOrder! = { field: CREATED_AT, direction: DESC }, $first: Int! = 20, $after: String) {
      jobs(filter: $filter, orderBy: $order, first: $first, after: $after) { nodes { ${FIELDS} } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
    variables,
  );
  return found;
}
const found = async (filter: Record<string, unknown>): Promise<string[]> =>
  (await page({ filter, first: 100 })).nodes.map(({ id }) => id as string).sort();
const expected = (holds: (job: any) => boolean): string[] =>
  jobs
    .filter(holds)
    .map(({ id }) => id as string)
    .sort();
const time = (text: string | null): number => (text === null ? 0 : new Date(text).getTime());

describe('a filter', () => {
  const middle = (field: string): string =>
    jobs
      .map((job) => job[field] as string)
      .filter(Boolean)
      .sort()[1]!;

  test.each<[string, () => Record<string, unknown>, (job: any) => boolean]>([
    ['ids', () => ({ ids: [ids.succeeded, ids.failed, 'no-such'] }), ({ id }) => [ids.succeeded, ids.failed].includes(id)],
    ['idPrefix', () => ({ idPrefix: 'line-1' }), ({ id }) => id.startsWith('line-1')],
    ['status, one', () => ({ status: ['SUCCEEDED'] }), ({ status }) => status === 'SUCCEEDED'],
    [
      'status, several',
      () => ({ status: ['FAILED', 'ABORTED', 'SCHEDULED'] }),
      ({ status }) => ['FAILED', 'ABORTED', 'SCHEDULED'].includes(status),
    ],
    ['status, running', () => ({ status: ['RUNNING'] }), ({ id }) => id === ids.running],
    ['reason', () => ({ reason: ['HANDLER_ERROR', 'HALTED'] }), ({ id }) => id === ids.failed],
    ['type', () => ({ type: ['fail', 'crash'] }), ({ type }) => ['fail', 'crash'].includes(type)],
    ['queue', () => ({ queue: ['email', 'reports'] }), ({ queue }) => ['email', 'reports'].includes(queue)],
    ['pool', () => ({ pool: ['nobody'] }), ({ pool }) => pool === 'nobody'],
    ['tagsAll', () => ({ tagsAll: ['b', 'c'] }), ({ id }) => id === ids.failed],
    ['tagsAny', () => ({ tagsAny: ['a', 'c', 'z'] }), ({ tags }) => tags.includes('a') || tags.includes('c')],
    ['text, in the id', () => ({ text: 'fAILED-' }), ({ id }) => id === ids.failed],
    ['text, in the type', () => ({ text: 'RASH' }), ({ type }) => type === 'crash'],
    ['text, in the reason', () => ({ text: '100% need' }), ({ id }) => id === ids.aborted],
    ['text, with what SQL would take for any letter', () => ({ text: 'line_' }), () => false],
    ['priorityMin', () => ({ priorityMin: 9 }), ({ priority }) => priority >= 9],
    ['priorityMax', () => ({ priorityMax: 2 }), ({ priority }) => priority <= 2],
    ['forced', () => ({ forced: true }), ({ id }) => id === ids.forced],
    ['not forced', () => ({ forced: false }), ({ id }) => id !== ids.forced],
    ['haltsMin', () => ({ haltsMin: 1 }), ({ id }) => id === ids.halted],
    ['createdAfter', () => ({ createdAfter: middle('createdAt') }), ({ createdAt }) => time(createdAt) > time(middle('createdAt'))],
    ['createdBefore', () => ({ createdBefore: middle('createdAt') }), ({ createdAt }) => time(createdAt) < time(middle('createdAt'))],
    [
      'finishedAfter',
      () => ({ finishedAfter: middle('finishedAt') }),
      ({ finishedAt }) => finishedAt !== null && time(finishedAt) > time(middle('finishedAt')),
    ],
    [
      'finishedBefore',
      () => ({ finishedBefore: middle('finishedAt') }),
      ({ finishedAt }) => finishedAt !== null && time(finishedAt) < time(middle('finishedAt')),
    ],
    ['workerId', () => ({ workerId }), ({ startedAt }) => startedAt !== null],
    ['another workerId', () => ({ workerId: 'nobody' }), () => false],
    [
      'all at once',
      () => ({ type: ['sleep'], pool: ['nobody'], status: ['QUEUED'], priorityMin: 3, priorityMax: 5, forced: false, idPrefix: 'line' }),
      ({ id, priority }) => id.startsWith('line') && priority >= 3 && priority <= 5,
    ],
    ['nothing', () => ({}), () => true],
    ['null', () => ({ status: null, text: null, forced: null, ids: null }), () => true],
    ['an empty list: one of none', () => ({ status: [] }), () => false],
    ['an empty list: all of none', () => ({ tagsAll: [] }), () => true],
  ])('by %s finds just the jobs that match, and counts them', async (_, filter, holds) => {
    expect(await found(filter())).toEqual(expected(holds));
    const { jobCounts } = await millrace.client.data(
      'query ($filter: JobFilter) { jobCounts(filter: $filter) { scheduled queued running succeeded failed aborted total } }',
      { filter: filter() },
    );
    const count = (status: string): number => jobs.filter((job) => holds(job) && job.status === status).length;
    expect(jobCounts).toEqual({
      scheduled: count('SCHEDULED'),
      queued: count('QUEUED'),
      running: count('RUNNING'),
      succeeded: count('SUCCEEDED'),
      failed: count('FAILED'),
      aborted: count('ABORTED'),
      total: expected(holds).length,
    });
  });

  test('of the whole list is what these tests say there is', async () => {
    expect(jobs).toHaveLength(40);
    expect(expected(({ status }) => status === 'QUEUED')).toHaveLength(34);
    expect(await found({ idPrefix: 'none' })).toEqual([]);
  });
});

describe('an order', () => {
  const VALUES: Record<string, (job: any) => number> = {
    CREATED_AT: ({ createdAt }) => time(createdAt),
    STARTED_AT: ({ startedAt }) => time(startedAt),
    FINISHED_AT: ({ finishedAt }) => time(finishedAt),
    PRIORITY: ({ priority }) => priority as number,
    DURATION: ({ startedAt, finishedAt }) => (startedAt && finishedAt ? time(finishedAt) - time(startedAt) : 0),
  };
  const ORDERS = Object.keys(VALUES).flatMap((field) => ['ASC', 'DESC'].map((direction) => [field, direction] as const));

  test.each(ORDERS)('by %s, %s, goes through all pages with every job exactly once, equal ones by their ids', async (field, direction) => {
    const value = VALUES[field]!;
    const sign = direction === 'ASC' ? 1 : -1;
    const sorted = jobs
      .toSorted((left, right) => sign * (value(left) - value(right) || (left.id < right.id ? -1 : 1)))
      .map(({ id }) => id as string);
    const seen: string[] = [];
    let after: string | null = null;
    for (let pages = 1; ; pages++) {
      const { nodes, edges, pageInfo } = await page({ order: { field, direction }, first: 7, after });
      seen.push(...nodes.map(({ id }) => id as string));
      expect(edges.map(({ node }) => node.id)).toEqual(nodes.map(({ id }) => id));
      expect(pageInfo).toEqual({
        hasNextPage: pages < 6,
        hasPreviousPage: pages > 1,
        startCursor: edges[0].cursor,
        endCursor: edges.at(-1).cursor,
      });
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    expect(seen).toEqual(sorted);
  });

  test('can be gone on with from any job, not only from the last of a page', async () => {
    const { edges } = await page({ first: 10 });
    const rest = await page({ first: 5, after: edges[4].cursor });
    expect(rest.nodes.map(({ id }) => id)).toEqual(edges.slice(5).map(({ node }) => node.id));
  });

  test('keeps to the filter on every page', async () => {
    const filter = { priorityMin: 5 };
    const first = await page({ filter, first: 5 });
    const second = await page({ filter, first: 100, after: first.pageInfo.endCursor });
    expect([...first.nodes, ...second.nodes].map(({ id }) => id as string).sort()).toEqual(expected(({ priority }) => priority >= 5));
  });

  test('after the last job is an empty page', async () => {
    const { pageInfo } = await page({ first: 100 });
    expect(await page({ first: 5, after: pageInfo.endCursor })).toEqual({
      nodes: [],
      edges: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null },
    });
  });
});

describe('what can be run', () => {
  test('is listed by name, with what a payload must be and what a job of it has by default', async () => {
    const { jobTypes } = await millrace.client.data(
      '{ jobTypes { name description payloadSchema pools defaults { timeout grace maxHalts retry { maxAttempts delay backoff maxDelay jitter } } } }',
    );
    expect(jobTypes.map(({ name }: { name: string }) => name)).toEqual([
      'cpu.burn',
      'crash',
      'fail',
      'sleep',
      'test.anything',
      'test.steps',
    ]);
    expect(jobTypes[0]).toMatchObject({
      description: expect.stringContaining('CPU') as string,
      payloadSchema: {
        type: 'object',
        properties: { ms: { type: 'integer', minimum: 0, maximum: 86_400_000 } },
        required: ['ms'],
        additionalProperties: false,
      },
      pools: ['default'],
      defaults: {
        timeout: null,
        grace: '5s',
        maxHalts: 3,
        retry: { maxAttempts: 3, delay: '1s', backoff: 2, maxDelay: '1h', jitter: true },
      },
    });
    expect(jobTypes[0].payloadSchema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(jobTypes[1].payloadSchema.properties.how.enum).toEqual(['exit', 'kill', 'oom']);
    // A default of the schema is the handler's to fill in, not the client's to give.
    expect(jobTypes[2].payloadSchema.required).toEqual(['times']);
  });

  test('is known of a job', async () => {
    expect(await millrace.job(ids.failed, 'jobType { name pools } options { grace retry { maxAttempts } }')).toEqual({
      jobType: { name: 'fail', pools: ['default'] },
      options: { grace: '5s', retry: { maxAttempts: 3 } },
    });
  });
});

describe('the workers', () => {
  const list = async (variables: Record<string, unknown> = {}): Promise<any[]> =>
    (
      await millrace.client.data(
        'query ($pool: String, $status: [WorkerStatus!]) { workers(pool: $pool, status: $status) { id host pool pid slots busy status jobTypes problems startedAt lastSeenAt drainsUntil cpuPercent memoryBytes running { job { id } number outcome } } }',
        variables,
      )
    )['workers'];

  test('are listed with what they are and what they do', async () => {
    await eventually('the worker has measured itself', async () => (await list())[0].cpuPercent !== null);
    expect(await list()).toEqual([
      {
        id: workerId,
        host: expect.stringMatching(/./) as string,
        pool: 'default',
        pid: millrace.role('worker').pid,
        slots: 2,
        busy: 1,
        status: 'RUNNING',
        jobTypes: expect.arrayContaining(['cpu.burn', 'crash', 'fail', 'sleep', 'test.anything', 'test.steps']) as string[],
        problems: [],
        startedAt: expect.stringMatching(/Z$/) as string,
        lastSeenAt: expect.stringMatching(/Z$/) as string,
        drainsUntil: null,
        cpuPercent: expect.any(Number) as number,
        memoryBytes: expect.any(Number) as number,
        running: [{ job: { id: ids.running }, number: 1, outcome: null }],
      },
    ]);
  });

  test('are found by pool and by status', async () => {
    expect((await list({ pool: 'default', status: ['RUNNING', 'LOST'] })).map(({ id }) => id)).toEqual([workerId]);
    expect(await list({ pool: 'nobody' })).toEqual([]);
    expect(await list({ status: ['STOPPED', 'DRAINING'] })).toEqual([]);
    expect(await list({ status: [] })).toEqual([]);
  });

  test('are known of the attempts they ran', async () => {
    expect(
      (await millrace.job(ids.succeeded, 'lastAttempt { id number outcome workerId durationMs worker { id status } job { id } }'))
        .lastAttempt,
    ).toEqual({
      id: `${ids.succeeded}/1`,
      number: 1,
      outcome: 'SUCCEEDED',
      workerId,
      durationMs: expect.any(Number) as number,
      worker: { id: workerId, status: 'RUNNING' },
      job: { id: ids.succeeded },
    });
  });
});

test('the server says what it is and what it is connected to, and that nothing is lacking', async () => {
  const { serverInfo } = await millrace.client.data(
    '{ serverInfo { version temporalAddress temporalVersion temporalUiUrl priorityLevels degraded { part message } journal } }',
  );
  expect(serverInfo).toMatchObject({
    version: '0.1.0',
    temporalAddress: millrace.env['TEMPORAL_ADDRESS'],
    temporalUiUrl: null,
    priorityLevels: 15,
    degraded: [],
    journal: `sqlite ${millrace.dataDir}/journal.db`,
  });
  const [major, minor] = serverInfo.temporalVersion.split('.').map(Number);
  expect(major * 1_000 + minor).toBeGreaterThanOrEqual(1_032);
});

test('one job is null where there is none, whatever the id', async () => {
  for (const id of ['no-such', '', 'a b', 'x'.repeat(10_000), "' or 1=1 --"]) expect(await millrace.job(id)).toBeNull();
});

test('a job’s attempts and events go page by page, first one first', async () => {
  const { attempts, events } = await millrace.job(
    ids.halted,
    'attempts(first: 1) { nodes { number outcome exitCode } pageInfo { hasNextPage endCursor } } events(first: 3) { nodes { kind } pageInfo { hasNextPage endCursor } }',
  );
  expect(attempts.nodes).toEqual([{ number: 1, outcome: 'HALTED', exitCode: 1 }]);
  const { job } = await millrace.client.data(
    'query ($id: ID!, $attempt: String, $event: String) { job(id: $id) { attempts(after: $attempt) { nodes { number outcome } pageInfo { hasNextPage } } events(after: $event) { nodes { kind } pageInfo { hasNextPage } } } }',
    { id: ids.halted, attempt: attempts.pageInfo.endCursor, event: events.pageInfo.endCursor },
  );
  expect(job.attempts).toEqual({ nodes: [{ number: 2, outcome: 'SUCCEEDED' }], pageInfo: { hasNextPage: false } });
  expect(told([...events.nodes, ...job.events.nodes])).toEqual(
    told(['CREATED', 'QUEUED', 'STARTED', 'ATTEMPT_ENDED', 'HALTED', 'QUEUED', 'STARTED', 'ATTEMPT_ENDED', 'FINISHED']),
  );
});

// After all that count: these add jobs.
describe('a query right after a mutation sees it, twenty times in a row', () => {
  const after = async (mutation: string, input: Record<string, unknown>): Promise<any> => {
    const inputType = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input!`;
    const answer = await millrace.client.data(`mutation ($input: ${inputType}) { ${mutation}(input: $input) { userErrors { code } } }`, {
      input,
    });
    expect(answer[mutation].userErrors).toEqual([]);
    return millrace.job(input['id'] as string, 'status priority forced reason { message }');
  };

  test('createJob, setJobPriority, forceStartJob and abortJob', async () => {
    for (let turn = 0; turn < 20; turn++) {
      const id = `seen-${turn}`;
      expect(await after('createJob', { id, type: 'sleep', payload: { ms: 0 }, pool: 'nobody' })).toMatchObject({
        status: 'QUEUED',
        priority: 1,
      });
      expect(await found({ idPrefix: id })).toContain(id);
      expect(await after('setJobPriority', { id, priority: 2 + (turn % 9) })).toMatchObject({ priority: 2 + (turn % 9) });
      expect(await after('forceStartJob', { id })).toMatchObject({ forced: true });
      expect(await after('abortJob', { id, message: `turn ${turn}` })).toMatchObject({
        status: 'ABORTED',
        reason: { message: `turn ${turn}` },
      });
    }
  });
});

test('a list that is paged through while jobs are added has every job that was there exactly once', async () => {
  for (const direction of ['ASC', 'DESC']) {
    const before = (await page({ first: 100 })).nodes.map(({ id }) => id as string);
    expect(before.length).toBeLessThan(100);
    const seen: string[] = [];
    let after: string | null = null;
    for (let added = 0; ; added++) {
      const { nodes, pageInfo } = await page({ order: { field: 'CREATED_AT', direction }, first: 9, after });
      seen.push(...nodes.map(({ id }) => id as string));
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
      if (added < 5) await millrace.create({ id: `added-${direction}-${added}`, type: 'sleep', payload: { ms: 0 }, pool: 'nobody' });
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(before.filter((id) => !seen.includes(id))).toEqual([]);
  }
});
