import { describe, expect, test } from 'vitest';
import { shareAsked } from './fixtures/asked.ts';
import type { Millrace } from './millrace.ts';

let millrace: Millrace;
let open: string;
let finished: string;
const { mutate, create, refusal, fault, faultOf, inVain } = shareAsked((shared) => ({ millrace, open, finished } = shared));

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

  test.each([
    ['START', { ms: 'long' }, ['payload', 'ms'], 'type'],
    ['START', {}, ['payload', 'ms'], 'required'],
    ['FAILED_STEP', { ms: -1 }, ['payload', 'ms'], 'minimum'],
  ])('given to retryJob, from %s, is checked like any other: %j', async (from, payload, path, rule) => {
    const fields = 'status version attemptCount payload finishedAt';
    const before = await millrace.job(finished, fields);
    const { userErrors } = await inVain(() => mutate('retryJob', { id: finished, from, payload }));
    expect(userErrors).toMatchObject([{ code: 'BAD_PAYLOAD', path, rule }]);
    expect(await millrace.job(finished, fields)).toEqual(before);
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
    const answers = await Promise.all(Array.from({ length: 20 }, () => create({ id, pool: 'nobody' })));
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
    expect(await inVain(() => refusal(create(input)))).toMatchObject({ code: 'INVALID_ARGUMENT', path });
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
    expect(await inVain(() => refusal(create(input)))).toMatchObject({ code: 'INVALID_ARGUMENT', path });
  });

  test.each([
    ['onDependencyFailure', 'MAYBE'],
    ['onLost', 'SHRUG'],
    ['deadline', '-5s'],
    ['delay', '3651d'],
    ['queueTimeout', 'soon'],
    ['ageAfter', '-1s'],
    ['grace', '-1s'],
    ['startAt', 'tomorrow'],
    ['ifExists', 'REPLACE'],
    ['retry.delay', '-1s'],
    ['retry.maxDelay', '1 hour'],
    ['concurrency.limit', 'many'],
  ])('is of the kind that is asked for, and refused with its place: %s: %j', async (place, value) => {
    const [field, inner] = place.split('.') as [string, string?];
    const others = field === 'concurrency' ? { key: 'k' } : {};
    const input = { type: 'sleep', payload: { ms: 0 }, [field]: inner === undefined ? value : { ...others, [inner]: value } };
    const { code, message } = await inVain(() => faultOf(CREATE, { input }));
    expect(code).toBe('BAD_USER_INPUT');
    expect(message).toContain(`at "input.${place}"`);
    expect(message).toContain(JSON.stringify(value));
  });
});

const CREATE = 'mutation ($input: CreateJobInput!) { createJob(input: $input) { job { id } userErrors { code } } }';

describe('a length of time', () => {
  test.each(['-5s', '', '5', '5 minutes', '1w', '3651d', '99999999999d', 'NaNs', 5, true])('%j is none', async (timeout) => {
    const { code, message } = await inVain(() => faultOf(CREATE, { input: { type: 'sleep', payload: { ms: 0 }, timeout } }));
    expect(code).toBe('BAD_USER_INPUT');
    expect(message).toContain('at "input.timeout"');
  });

  test.each(['0s', '0ms', '0.1ms'])('%s is no timeout', async (timeout) => {
    expect(await inVain(() => refusal(create({ timeout })))).toMatchObject({ code: 'INVALID_ARGUMENT', path: ['timeout'] });
  });

  test('below zero is no grace of an abort, either', async () => {
    const input = { id: open, grace: '-1s' };
    const { code, message } = await faultOf('mutation ($input: AbortJobInput!) { abortJob(input: $input) { job { id } } }', { input });
    expect(code).toBe('BAD_USER_INPUT');
    expect(message).toContain('at "input.grace"');
    expect(await millrace.job(open, 'abortRequestedAt')).toEqual({ abortRequestedAt: null });
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
