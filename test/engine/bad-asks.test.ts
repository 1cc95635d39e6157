import { describe, expect, test } from 'vitest';
import type { Answer } from './client.ts';
import { shareAsked } from './fixtures/asked.ts';
import type { Millrace } from './millrace.ts';

let millrace: Millrace;
let open: string;
let finished: string;
const { ask, mutate, refusal, fault } = shareAsked((shared) => ({ millrace, open, finished } = shared));

describe('a job that cannot be told any more', () => {
  test.each(['abortJob', 'forceStartJob', 'setJobPriority'])('%s on a finished one is refused, with the job', async (field) => {
    const { job, userErrors } = await mutate(field, { id: finished, ...(field === 'setJobPriority' ? { priority: 5 } : {}) });
    expect(userErrors).toMatchObject([{ code: 'ALREADY_FINISHED', path: ['id'] }]);
    expect(job).toMatchObject({ id: finished, status: 'SUCCEEDED' });
  });

  test('abortJob on an aborted one is no error, the others are', async () => {
    const id = await millrace.create({ type: 'sleep', payload: { ms: 0 }, pool: 'nobody' });
    expect(await mutate('abortJob', { id })).toMatchObject({ job: { status: 'ABORTED' }, userErrors: [] });
    expect(await mutate('abortJob', { id })).toMatchObject({ job: { status: 'ABORTED' }, userErrors: [] });
    expect(await mutate('forceStartJob', { id })).toMatchObject({ job: { status: 'ABORTED' }, userErrors: [{ code: 'ALREADY_FINISHED' }] });
    expect(await mutate('setJobPriority', { id, priority: 5 })).toMatchObject({
      job: { status: 'ABORTED', priority: 1 },
      userErrors: [{ code: 'ALREADY_FINISHED' }],
    });
  });

  test.each(['abortJob', 'forceStartJob', 'setJobPriority'])('%s on one that was never there is refused', async (field) => {
    for (const id of ['no-such-job', 'a b', '', 'x'.repeat(5_000)]) {
      expect(await refusal(mutate(field, { id, ...(field === 'setJobPriority' ? { priority: 5 } : {}) }))).toMatchObject({
        code: 'NOT_FOUND',
        path: ['id'],
      });
    }
  });

  test('a message of more than 1,000 characters is refused and stops nothing', async () => {
    expect(await refusal(mutate('abortJob', { id: open, message: 'x'.repeat(1_001) }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      path: ['message'],
    });
    expect(await millrace.job(open, 'abortRequestedAt')).toEqual({ abortRequestedAt: null });
  });
});

describe('a page', () => {
  test.each([0, -1, 101, 2_147_483_647])('of %i is refused', async (first) => {
    expect(await fault('query ($first: Int!) { jobs(first: $first) { nodes { id } } }', { first })).toBe('BAD_USER_INPUT');
    for (const field of ['attempts', 'events']) {
      const { errors } = await ask(`query ($id: ID!, $first: Int!) { job(id: $id) { ${field}(first: $first) { nodes { __typename } } } }`, {
        id: finished,
        first,
      });
      expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
    }
  });

  test('after a cursor of another list, of another order, or of nothing is refused', async () => {
    const { jobs, job } = await millrace.client.data(
      'query ($id: ID!) { jobs(first: 1) { pageInfo { endCursor } } job(id: $id) { attempts { pageInfo { endCursor } } events(first: 1) { pageInfo { endCursor } } } }',
      { id: finished },
    );
    const ofJobs = jobs.pageInfo.endCursor as string;
    const ofAttempts = job.attempts.pageInfo.endCursor as string;
    const ofEvents = job.events.pageInfo.endCursor as string;
    const page = 'query ($after: String, $order: JobOrder!) { jobs(after: $after, orderBy: $order) { nodes { id } } }';
    const newest = { field: 'CREATED_AT', direction: 'DESC' };
    expect((await ask(page, { after: ofJobs, order: newest })).errors).toBeUndefined();
    for (const after of [ofAttempts, ofEvents, 'nonsense', '']) expect(await fault(page, { after, order: newest })).toBe('BAD_USER_INPUT');
    expect(await fault(page, { after: ofJobs, order: { field: 'CREATED_AT', direction: 'ASC' } })).toBe('BAD_USER_INPUT');
    expect(await fault(page, { after: ofJobs, order: { field: 'PRIORITY', direction: 'DESC' } })).toBe('BAD_USER_INPUT');
    for (const [field, after] of [
      ['attempts', ofEvents],
      ['events', ofAttempts],
      ['events', ofJobs],
    ]) {
      const { errors } = await ask(
        `query ($id: ID!, $after: String) { job(id: $id) { ${field}(after: $after) { nodes { __typename } } } }`,
        { id: finished, after },
      );
      expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
    }
  });

  test('of a filter with more than 100 values is refused', async () => {
    const ids = Array.from({ length: 101 }, (_, index) => `j${index}`);
    expect(await fault('query ($ids: [ID!]) { jobs(filter: { ids: $ids }) { nodes { id } } }', { ids })).toBe('BAD_USER_INPUT');
    expect(await fault('query ($ids: [ID!]) { jobCounts(filter: { ids: $ids }) { total } }', { ids })).toBe('BAD_USER_INPUT');
  });

  test('of a filter with a moment that is none is refused', async () => {
    expect(await fault('query { jobs(filter: { createdAfter: "yesterday" }) { nodes { id } } }')).toBe('GRAPHQL_VALIDATION_FAILED');
  });
});

describe('many jobs at once', () => {
  type Results = { job: { id: string; priority: number } | null; userErrors: { code: string; path: string[]; rule: string | null }[] }[];
  const createAll = (jobs: unknown[]) =>
    ask(
      'mutation ($input: CreateJobsInput!) { createJobs(input: $input) { results { job { id priority } userErrors { code path rule } } } }',
      { input: { jobs } },
    );
  const resultsOf = ({ data, errors }: Answer): Results => {
    if (!data) throw new Error(JSON.stringify(errors));
    return data['createJobs'].results as Results;
  };

  test('none is refused', async () => {
    const { data, errors } = await createAll([]);
    expect(data).toBeNull();
    expect(errors).toMatchObject([{ path: ['createJobs'], extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  test('1,001 are refused, each of them, and none is created', async () => {
    const results = resultsOf(
      await createAll(Array.from({ length: 1_001 }, (_, index) => ({ id: `many-${index}`, type: 'sleep', payload: { ms: 0 } }))),
    );
    expect(results).toHaveLength(1_001);
    for (const { job, userErrors } of results) {
      expect(job).toBeNull();
      expect(userErrors).toEqual([{ code: 'TOO_MANY', path: ['jobs'], rule: null }]);
    }
    expect(await millrace.job('many-0')).toBeNull();
  });

  test('each has its own result, in order, with the place of what is wrong', async () => {
    const good = { type: 'sleep', payload: { ms: 0 }, pool: 'nobody' };
    const results = resultsOf(
      await createAll([
        { ...good, id: 'batch-0' },
        { ...good, type: 'no.such' },
        { ...good, payload: { ms: 'x' } },
        { ...good, id: finished },
        { ...good, priority: 11 },
        { ...good, tags: ['a', ''] },
        { ...good, payload: { ms: 1, text: 'x'.repeat(2 ** 20) } },
        { ...good, id: 'batch-7' },
        { ...good, id: 'batch-7' },
      ]),
    );
    expect(results.map(({ job }) => job?.id ?? null)).toEqual(['batch-0', null, null, finished, null, null, null, 'batch-7', 'batch-7']);
    const errors = results.map(({ userErrors }) => userErrors[0] ?? null);
    expect(errors.slice(0, 7)).toEqual([
      null,
      { code: 'UNKNOWN_TYPE', path: ['jobs', '1', 'type'], rule: null },
      { code: 'BAD_PAYLOAD', path: ['jobs', '2', 'payload', 'ms'], rule: 'type' },
      { code: 'ID_TAKEN', path: ['jobs', '3', 'id'], rule: null },
      { code: 'INVALID_ARGUMENT', path: ['jobs', '4', 'priority'], rule: null },
      { code: 'INVALID_ARGUMENT', path: ['jobs', '5', 'tags', '1'], rule: null },
      { code: 'PAYLOAD_TOO_LARGE', path: ['jobs', '6', 'payload'], rule: null },
    ]);
    expect(
      errors
        .slice(7)
        .map((error) => error?.code ?? 'created')
        .sort(),
    ).toEqual(['ID_TAKEN', 'created']);
  });

  test('can be asked for again with the same ids: what is there is answered, what is missing is created', async () => {
    const jobs = Array.from({ length: 30 }, (_, index) => ({
      id: `repeat-${index}`,
      type: 'sleep',
      payload: { ms: 0 },
      pool: 'nobody',
      priority: 2,
      ifExists: 'RETURN_EXISTING',
    }));
    resultsOf(await createAll(jobs.slice(0, 20)));
    const results = resultsOf(await createAll(jobs.map((job) => ({ ...job, priority: 9 }))));
    expect(results.map(({ job }) => job)).toEqual(jobs.map(({ id }, index) => ({ id, priority: index < 20 ? 2 : 9 })));
    expect(results.flatMap(({ userErrors }) => userErrors)).toEqual([]);
  });
});
