import { describe, expect, test } from 'vitest';
import type { GraphqlCore } from '../../src/api/graphql.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { shareCore } from './fixtures/core.ts';

let core: GraphqlCore;
let journal: Journal;
shareCore((shared) => ({ core, journal } = shared));

const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  core.handle(
    new Request('http://anywhere/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  );
const ask = async (
  query: string,
  variables: Record<string, unknown> = {},
): Promise<{ status: number; text: string; data: any; errors?: any[] }> => {
  const response = await post({ query, variables });
  const text = await response.text();
  return { status: response.status, text, ...(JSON.parse(text) as { data: any; errors?: any[] }) };
};

describe('a request becomes a response without any port', () => {
  test('for a query of what the journal has', async () => {
    const { status, data, errors } = await ask(
      'query ($id: ID!) { job(id: $id) { id type status payload options { grace } } jobs { nodes { id } } jobTypes { name payloadSchema } }',
      { id: 'known' },
    );
    expect(errors).toBeUndefined();
    expect(status).toBe(200);
    expect(data).toEqual({
      job: { id: 'known', type: 'sleep', status: 'QUEUED', payload: { ms: 1 }, options: { grace: '5s' } },
      jobs: { nodes: [{ id: 'known' }] },
      jobTypes: [{ name: 'sleep', payloadSchema: { type: 'object', properties: { ms: { type: 'integer' } }, required: ['ms'] } }],
    });
  });

  test('for a query by GET', async () => {
    const response = await core.handle(
      new Request(`http://anywhere/graphql?query=${encodeURIComponent('{ job(id: "known") { id } }')}`, {
        headers: { 'apollo-require-preflight': 'true' },
      }),
    );
    expect(await response.json()).toEqual({ data: { job: { id: 'known' } } });
    expect(response.headers.get('content-type')).toMatch(/^application\/(graphql-response\+)?json/);
  });

  test('for a mutation: one that Temporal does not answer says so, in a code and without insides', async () => {
    const fields = [
      'createJob(input: { type: "sleep", payload: { ms: 1 } })',
      'abortJob(input: { id: "known" })',
      'forceStartJob(input: { id: "known" })',
      'setJobPriority(input: { id: "known", priority: 5 })',
    ];
    const answers = await Promise.all(fields.map((field) => ask(`mutation { ${field} { job { id } } }`)));
    for (const { data, errors, text } of answers) {
      expect(data).toBeNull();
      expect(errors?.map(({ extensions }) => extensions)).toEqual([{ code: 'BACKEND_UNAVAILABLE' }]);
      expect(text).not.toMatch(/grpc|ECONNREFUSED|stack|\.ts\b|node_modules/i);
    }
  }, 30_000);

  test('for a mutation that needs no Temporal to be refused', async () => {
    const { data } = await ask(
      'mutation { createJob(input: { type: "sleep", payload: { ms: "x" } }) { job { id } userErrors { code path rule } } }',
    );
    expect(data.createJob).toEqual({ job: null, userErrors: [{ code: 'BAD_PAYLOAD', path: ['payload', 'ms'], rule: 'type' }] });
  });

  test('for what only Temporal knows', async () => {
    const { errors } = await ask('{ serverInfo { temporalVersion } }');
    expect(errors?.map(({ extensions }) => extensions)).toEqual([{ code: 'BACKEND_UNAVAILABLE' }]);
    const { data } = await ask('{ serverInfo { version priorityLevels journal } }');
    expect(data.serverInfo).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      priorityLevels: 15,
      journal: `sqlite ${journal.file}`,
    });
  });
});

describe('what is no good request gets a 400 and a reason', () => {
  test.each<[string, unknown, string]>([
    ['no JSON', 'query { nonsense', 'BAD_REQUEST'],
    ['an empty body', '', 'BAD_REQUEST'],
    ['a list of requests', [{ query: '{ __typename }' }], 'BAD_REQUEST'],
    ['no query', { variables: {} }, 'BAD_REQUEST'],
    ['a query that is no text', { query: { a: 1 } }, 'BAD_REQUEST'],
    ['variables that are a text', { query: '{ __typename }', variables: 'a' }, 'BAD_REQUEST'],
    ['a syntax error', { query: '{ jobs {' }, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', { query: '{ nonsense }' }, 'GRAPHQL_VALIDATION_FAILED'],
    ['too many tokens', { query: `{ ${'__typename '.repeat(15_001)} }` }, 'GRAPHQL_PARSE_FAILED'],
    [
      'too much depth',
      { query: `{ jobs(first: 1) { nodes { ${'lastAttempt { job { '.repeat(6)} id ${'} }'.repeat(6)} } } }` },
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['nesting without end', { query: '{ a '.repeat(4_900) }, 'BAD_USER_INPUT'],
    ['a list without end', { query: `{ jobs(filter: { ids: ${'['.repeat(14_000)}` }, 'BAD_USER_INPUT'],
    ['an operation that is not there', { query: 'query a { __typename }', operationName: 'b' }, 'OPERATION_RESOLUTION_FAILURE'],
    [
      'a variable of the wrong type',
      { query: 'query ($first: Int!) { jobs(first: $first) { nodes { id } } }', variables: { first: 'ten' } },
      'BAD_USER_INPUT',
    ],
    ['a subscription', { query: 'subscription { workersUpdated { workers { id } } }' }, 'BAD_REQUEST'],
  ])('%s', async (_, body, code) => {
    const response = await post(body);
    const text = await response.text();
    const { errors } = JSON.parse(text) as { errors: any[] };
    expect(errors[0].extensions.code).toBe(code);
    expect(response.status).toBe(400);
    expect(text.length).toBeLessThan(20_000);
    expect(text).not.toMatch(/stacktrace|Maximum call stack|\n\s+at |node_modules/);
  });

  test('without a content type that a browser asks for beforehand', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const response = await post({ query: '{ __typename }' }, { 'content-type': type });
      expect(response.status).toBe(400);
    }
  });

  test('a mutation by GET, with or without the header that a browser asks for beforehand', async () => {
    const url = `http://anywhere/graphql?query=${encodeURIComponent('mutation { abortJob(input: { id: "known" }) { job { id } } }')}`;
    expect((await core.handle(new Request(url))).status).toBe(400);
    expect((await core.handle(new Request(url, { headers: { 'apollo-require-preflight': 'true' } }))).status).toBe(405);
  });

  test('nesting without end by GET', async () => {
    const url = `http://anywhere/graphql?query=${encodeURIComponent('{a'.repeat(2_000))}`;
    expect((await core.handle(new Request(url, { headers: { 'apollo-require-preflight': 'true' } }))).status).toBe(400);
  });
});

test('the schema can be read', async () => {
  const { data, errors } = await ask(
    '{ __schema { queryType { name } types { name description fields { name description args { name description } } } } }',
  );
  expect(errors).toBeUndefined();
  const described = data.__schema.types.filter(({ name }: { name: string }) => !name.startsWith('__'));
  expect(described.filter(({ description }: { description: string | null }) => !description)).toEqual([]);
});

test('two requests share nothing: each has loaders of its own', () => {
  expect(core.contextOf().loaders).not.toBe(core.contextOf().loaders);
});
