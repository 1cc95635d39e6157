import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { API_JOBS } from './fixtures/paths.ts';
import { Millrace } from './millrace.ts';

/** Forty jobs of every kind there is, which nothing moves any more, and a pool that nobody serves for those in line. */
let millrace: Millrace;
let ids: Record<'succeeded' | 'failed' | 'halted' | 'aborted' | 'retrying' | 'running' | 'forced', string>;
let jobs: any[];
let workerId: string;

beforeAll(async () => {
  millrace = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: API_JOBS } });
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
// After all that count: this adds jobs.
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
