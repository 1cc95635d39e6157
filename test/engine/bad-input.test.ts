import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer } from './client.ts';
import { Millrace } from './millrace.ts';

/** One that runs, and one that is final; both only read. */
let millrace: Millrace;
let open: string;
let finished: string;
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: fileURLToPath(new URL('fixtures/api-jobs', import.meta.url)) } });
  finished = await millrace.create({ type: 'sleep', payload: { ms: 0 } });
  await millrace.until(finished, 'SUCCEEDED');
  open = await millrace.create({ type: 'sleep', payload: { ms: 600_000 }, grace: '0s' });
});
afterAll(() => millrace.stop());

type Refusal = { code: string; message: string; path: string[] | null; rule: string | null };
type Payload = { job: { id: string; status: string; priority: number } | null; userErrors: Refusal[] };

/** Asks for a mutation and looks at what no answer may ever hold. */
async function ask(query: string, variables: Record<string, unknown>): Promise<Answer> {
  const answer = await millrace.client.ask(query, variables);
  expect(JSON.stringify(answer)).not.toMatch(/\\n\s+at |node_modules|\.ts:\d|stacktrace|temporal\.api|grpc/i);
  return answer;
}

async function mutate(field: string, input: Record<string, unknown>): Promise<Payload> {
  const inputType = `${field[0]!.toUpperCase()}${field.slice(1)}Input!`;
  const { data, errors } = await ask(
    `mutation ($input: ${inputType}) { ${field}(input: $input) { job { id status priority } userErrors { code message path rule } } }`,
    { input },
  );
  if (!data) throw new Error(JSON.stringify(errors));
  return data[field] as Payload;
}

const create = (input: Record<string, unknown>): Promise<Payload> => mutate('createJob', { type: 'sleep', payload: { ms: 0 }, ...input });
/** The one error of a mutation that is refused with nothing else to show. */
async function refusal(answer: Promise<Payload>): Promise<Refusal> {
  const { job, userErrors } = await answer;
  expect(job).toBeNull();
  expect(userErrors).toHaveLength(1);
  expect(userErrors[0]!.message.length).toBeGreaterThan(10);
  expect(userErrors[0]!.message.length).toBeLessThan(500);
  return userErrors[0]!;
}
/** The code of a request that is refused as a whole. */
async function fault(query: string, variables: Record<string, unknown> = {}): Promise<string> {
  const { data, errors } = await ask(query, variables);
  expect(data ?? null).toBeNull();
  expect(errors).toHaveLength(1);
  return errors![0]!.extensions.code;
}

describe('the type', () => {
  test('that nobody has published is refused with those that there are', async () => {
    const error = await refusal(create({ type: 'no.such' }));
    expect(error).toMatchObject({ code: 'UNKNOWN_TYPE', path: ['type'] });
    expect(error.message).toContain('cpu.burn');
  });

  test('must be given', async () => {
    expect(await fault('mutation { createJob(input: { payload: 1 }) { job { id } } }')).toBe('GRAPHQL_VALIDATION_FAILED');
  });
});

describe('the payload', () => {
  test.each([
    ['that has the wrong type', { ms: 'long' }, ['payload', 'ms'], 'type'],
    ['that is out of the schema’s bounds', { ms: -1 }, ['payload', 'ms'], 'minimum'],
    ['that has what the schema does not know', { ms: 1, mss: 2 }, ['payload', 'mss'], 'additionalProperties'],
    ['that lacks something', {}, ['payload', 'ms'], 'required'],
    ['that is something else altogether', 'ms', ['payload'], 'type'],
    ['that is missing', null, ['payload'], 'type'],
  ])('%s is refused with the place and the rule', async (_, payload, path, rule) => {
    expect(await refusal(create({ payload }))).toMatchObject({ code: 'BAD_PAYLOAD', path, rule });
  });

  test('over 1 MiB is refused as such, whatever its schema says', async () => {
    const error = await refusal(create({ payload: { ms: 1, text: 'x'.repeat(2 ** 20) } }));
    expect(error).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', path: ['payload'] });
    expect(error.message).toContain('1048576');
  });

  test('of many MiB is refused as such as well', async () => {
    expect(await refusal(create({ payload: { text: 'x'.repeat(20 * 2 ** 20) } }))).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  });

  test('of just 1 MiB is taken', async () => {
    const frame = JSON.stringify({ text: '' }).length;
    const { job, userErrors } = await create({ type: 'test.anything', payload: { text: 'x'.repeat(2 ** 20 - frame) } });
    expect(userErrors).toEqual([]);
    await millrace.until(job!.id, 'SUCCEEDED');
    expect((await millrace.job(job!.id, 'result')).result.text).toHaveLength(2 ** 20 - frame);
  });

  test('may have 64 levels and not 65, by variable and in the document', async () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    const { userErrors } = await create({ payload: JSON.parse(nested(64)) as unknown });
    expect(userErrors[0]?.code).toBe('BAD_PAYLOAD');
    expect(
      await fault('mutation ($payload: JSON) { createJob(input: { type: "sleep", payload: $payload }) { job { id } } }', {
        payload: JSON.parse(nested(65)) as unknown,
      }),
    ).toBe('BAD_USER_INPUT');
    expect(await fault(`mutation { createJob(input: { type: "sleep", payload: ${nested(65)} }) { job { id } } }`)).toMatch(
      /BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED/,
    );
    const query = 'mutation ($payload: JSON) { createJob(input: { type: "sleep", payload: $payload }) { job { id } } }';
    const response = await fetch(`${millrace.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"query": ${JSON.stringify(query)}, "variables": {"payload": ${nested(100_000)}}}`,
    });
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  });
});

describe('the id', () => {
  test.each(['', ' ', 'a b', 'a/b', '../etc', '-a', 'ä', 'a\u0000', 'a\n', '💥', 'x'.repeat(201), 'x'.repeat(100_000)])(
    '"%.12s" is refused with what is allowed',
    async (id) => {
      const error = await refusal(create({ id }));
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', path: ['id'] });
      expect(error.message).toContain('at most 200');
    },
  );

  test('may have all that is allowed, and a number is a text', async () => {
    const id = `A1._:-${'x'.repeat(194)}`;
    expect((await create({ id })).job?.id).toBe(id);
    expect((await create({ id: 12_345 })).job?.id).toBe('12345');
  });

  test('that is taken is refused with the job that has it, whatever is asked for', async () => {
    const { job, userErrors } = await create({ id: finished, priority: 7 });
    expect(userErrors).toMatchObject([{ code: 'ID_TAKEN', path: ['id'] }]);
    expect(job).toMatchObject({ id: finished, status: 'SUCCEEDED', priority: 1 });
  });

  test('that is taken is answered with the job that has it where that is what was asked for', async () => {
    const id = `again-${Date.now()}`;
    const first = await create({ id, priority: 3, ifExists: 'RETURN_EXISTING' });
    expect(first).toMatchObject({ job: { id, priority: 3 }, userErrors: [] });
    expect(await create({ id, priority: 9, ifExists: 'RETURN_EXISTING' })).toMatchObject({ job: { id, priority: 3 }, userErrors: [] });
  });

  test('that twenty ask for at once is one job’s', async () => {
    const id = `rush-${Date.now()}`;
    const answers = await Promise.all(Array.from({ length: 20 }, () => create({ id })));
    expect(answers.filter(({ userErrors }) => userErrors.length === 0)).toHaveLength(1);
    for (const { job, userErrors } of answers) {
      expect(job?.id).toBe(id);
      expect(userErrors.map(({ code }) => code)).toEqual(userErrors.length === 0 ? [] : ['ID_TAKEN']);
    }
  });
});

describe('the priority', () => {
  test.each([0, 11, -1, 2_147_483_647])('%i is refused at creation', async (priority) => {
    expect(await refusal(create({ priority }))).toMatchObject({ code: 'INVALID_ARGUMENT', path: ['priority'] });
  });

  test.each([0, 11])('%i is refused for a job in line', async (priority) => {
    expect(await refusal(mutate('setJobPriority', { id: open, priority }))).toMatchObject({ code: 'INVALID_ARGUMENT', path: ['priority'] });
    expect(await millrace.job(open, 'priority')).toEqual({ priority: 1 });
  });

  test.each([1.5, '5', 3_000_000_000, null])('%j is no Int', async (priority) => {
    expect(
      await fault('mutation ($input: SetJobPriorityInput!) { setJobPriority(input: $input) { job { id } } }', {
        input: { id: open, priority },
      }),
    ).toBe('BAD_USER_INPUT');
  });
});

describe('what goes with a job', () => {
  test('at most 50 tags', async () => {
    const tags = Array.from({ length: 51 }, (_, index) => `t${index}`);
    expect(await refusal(create({ tags }))).toMatchObject({ code: 'INVALID_ARGUMENT', path: ['tags'] });
  });

  test('tags of at most 64 characters', async () => {
    expect(await refusal(create({ tags: ['ok', 'x'.repeat(65)] }))).toMatchObject({ code: 'INVALID_ARGUMENT', path: ['tags', '1'] });
    expect(await refusal(create({ tags: ['', 'ok'] }))).toMatchObject({ code: 'INVALID_ARGUMENT', path: ['tags', '0'] });
  });

  test('50 tags of 64 characters of any script are taken, and the job is found by each of them', async () => {
    const tags = Array.from({ length: 50 }, (_, index) => `${index}`.padStart(64, '語'));
    const { job, userErrors } = await create({ tags });
    expect(userErrors).toEqual([]);
    const { jobs } = await millrace.client.data('query ($tags: [String!]) { jobs(filter: { tagsAll: $tags }) { nodes { id } } }', { tags });
    expect(jobs.nodes).toEqual([{ id: job!.id }]);
    await millrace.until(job!.id, 'SUCCEEDED');
  });

  test('at most 16 KiB of metadata', async () => {
    expect(await refusal(create({ metadata: { text: 'x'.repeat(16_384) } }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      path: ['metadata'],
    });
  });

  test.each(['queue', 'pool'])('a %s with a name', async (field) => {
    for (const name of ['', 'a b', 'x'.repeat(101)])
      expect(await refusal(create({ [field]: name }))).toMatchObject({ code: 'INVALID_ARGUMENT', path: [field] });
  });

  test.each([
    [{ retry: { maxAttempts: 0 } }, ['retry', 'maxAttempts']],
    [{ retry: { maxAttempts: 10_001 } }, ['retry', 'maxAttempts']],
    [{ retry: { backoff: 0.5 } }, ['retry', 'backoff']],
    [{ maxHalts: -1 }, ['maxHalts']],
    [{ maxHalts: 1_001 }, ['maxHalts']],
  ])('retries within their bounds: %j', async (input, path) => {
    expect(await refusal(create(input))).toMatchObject({ code: 'INVALID_ARGUMENT', path });
  });
});

describe('what a job is to wait for', () => {
  test.each([
    [{ concurrency: { key: 'k', limit: 0 } }, ['concurrency', 'limit']],
    [{ concurrency: { key: 'k', limit: 100_001 } }, ['concurrency', 'limit']],
    [{ concurrency: { key: '' } }, ['concurrency', 'key']],
    [{ concurrency: { key: 'x'.repeat(201) } }, ['concurrency', 'key']],
    [{ concurrency: { key: 'a\u0000b' } }, ['concurrency', 'key']],
    [{ startAt: '2030-01-01T00:00:00Z', delay: '1s' }, ['delay']],
    [{ startAt: '2999-01-01T00:00:00Z' }, ['startAt']],
    [{ deadline: '0s' }, ['deadline']],
    [{ queueTimeout: '0s' }, ['queueTimeout']],
    [{ dependencies: ['ok', 'not an id'] }, ['dependencies', '1']],
    [{ dependencies: Array.from({ length: 1_001 }, (_, index) => `d-${index}`) }, ['dependencies']],
  ])('is within its bounds: %.80j', async (input, path) => {
    expect(await refusal(create(input))).toMatchObject({ code: 'INVALID_ARGUMENT', path });
  });

  test.each([
    { onDependencyFailure: 'MAYBE' },
    { onLost: 'SHRUG' },
    { deadline: '-5s' },
    { delay: '3651d' },
    { queueTimeout: 'soon' },
    { ageAfter: '-1s' },
    { startAt: 'tomorrow' },
  ])('is of the kind that is asked for: %j', async (input) => {
    const query = 'mutation ($input: CreateJobInput!) { createJob(input: $input) { job { id } } }';
    expect(await fault(query, { input: { type: 'sleep', payload: { ms: 0 }, ...input } })).toBe('BAD_USER_INPUT');
  });
});

describe('a length of time', () => {
  const createTimed = (timeout: unknown): Promise<string> =>
    fault('mutation ($input: CreateJobInput!) { createJob(input: $input) { job { id } userErrors { code } } }', {
      input: { type: 'sleep', payload: { ms: 0 }, timeout },
    });

  test.each(['-5s', '', '5', '5 minutes', '1w', '3651d', '99999999999d', 'NaNs', 5, true])('%j is none', async (timeout) => {
    expect(await createTimed(timeout)).toBe('BAD_USER_INPUT');
  });

  test.each(['0s', '0ms', '0.1ms'])('%s is no timeout', async (timeout) => {
    expect(await refusal(create({ timeout }))).toMatchObject({ code: 'INVALID_ARGUMENT', path: ['timeout'] });
  });

  test.each(['abortJob', 'createJob'])('a grace below zero is refused by %s', async (field) => {
    const input = { ...(field === 'abortJob' ? { id: open } : { type: 'sleep' }), grace: '-1s' };
    expect(
      await fault(
        `mutation ($input: ${field === 'abortJob' ? 'AbortJobInput' : 'CreateJobInput'}!) { ${field}(input: $input) { job { id } } }`,
        { input },
      ),
    ).toBe('BAD_USER_INPUT');
  });

  test('of ten years is kept as it is, and longer than any timer: the job is not killed by it', async () => {
    const id = await millrace.create({
      type: 'sleep',
      payload: { ms: 50 },
      timeout: '3650d',
      grace: '3650d',
      retry: { delay: '3650d', maxDelay: '3650d' },
    });
    expect(await millrace.untilFinal(id)).toMatchObject({ status: 'SUCCEEDED', attemptCount: 1 });
    expect((await millrace.job(id, 'options { timeout grace retry { delay maxDelay } }')).options).toEqual({
      timeout: '3650d',
      grace: '3650d',
      retry: { delay: '3650d', maxDelay: '3650d' },
    });
  });
});

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
