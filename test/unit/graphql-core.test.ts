import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { ConnectionLike } from '@temporalio/client';
import { createClient } from 'graphql-ws';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { createGraphql, type GraphqlCore } from '../../src/api/graphql.ts';
import { JobTypes } from '../../src/api/job-types.ts';
import { Jobs } from '../../src/api/jobs.ts';
import { Live } from '../../src/api/live.ts';
import { Queues } from '../../src/api/queues.ts';
import { ServerFacts } from '../../src/api/server-facts.ts';
import { serveSockets } from '../../src/api/sockets.ts';
import { readConfig } from '../../src/config.ts';
import { Fault } from '../../src/job/errors.ts';
import { firstRecord } from '../../src/job/record.ts';
import { PRODUCT_DEFAULTS } from '../../src/job/spec.ts';
import { openJournal, type Journal } from '../../src/journal/journal.ts';
import { connectLazily } from '../../src/temporal/connect-client.ts';
import { within } from '../../src/process/within.ts';
import { eventually } from '../engine/fixtures/eventually.ts';
import { freePort } from '../engine/ports.ts';

/** The api's core with a journal of its own and a Temporal that is not there. Nothing listens anywhere. */
let dir: string;
let core: GraphqlCore;
let journal: Journal;
let connection: ConnectionLike;
const logged: string[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-core-'));
  const config = readConfig({ MILLRACE_DATA_DIR: dir, TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` });
  journal = await openJournal(config.journalFile, () => {});
  const temporal = connectLazily(config);
  connection = temporal.connection;
  const jobTypes = new JobTypes(journal);
  const live = new Live(journal);
  const queues = new Queues(temporal.client, journal);
  const jobs = new Jobs({ client: temporal.client, journal, jobTypes, live, queues });
  const log = pino({}, { write: (line: string) => void logged.push(line) });
  core = await createGraphql({ config, journal, jobs, jobTypes, live, queues, facts: new ServerFacts(config, connection, journal) }, log);
  await journal.writer.write({
    kind: 'jobTypes',
    pool: 'default',
    types: [
      {
        name: 'sleep',
        description: 'waits',
        payloadSchema: { type: 'object', properties: { ms: { type: 'integer' } }, required: ['ms'] },
        defaults: {},
      },
    ],
  });
  await journal.writer.write({
    kind: 'job',
    record: firstRecord({
      id: 'known',
      type: 'sleep',
      payload: { ms: 1 },
      priority: 1,
      tags: [],
      metadata: null,
      createdAt: Date.now(),
      ...PRODUCT_DEFAULTS,
    }),
  });
});
afterAll(async () => {
  await core.stop();
  await connection.close();
  await journal.stop(1_000);
  rmSync(dir, { recursive: true });
});
beforeEach(() => void logged.splice(0));

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

describe('over ws', () => {
  /** A schema in which things go wrong that should not. */
  const faulty = (): GraphqlCore => ({
    ...core,
    schema: makeExecutableSchema({
      typeDefs: 'type Query { ok: Int bug: Int fault: Int } type Subscription { bug: Int fault: Int late: Int }',
      resolvers: {
        Query: {
          ok: () => 1,
          bug: () => {
            throw new TypeError('insides of ours');
          },
          fault: () => {
            throw new Fault('BACKEND_UNAVAILABLE', 'the journal cannot be read now');
          },
        },
        Subscription: {
          bug: {
            subscribe: () => {
              throw new TypeError('insides of ours');
            },
          },
          fault: {
            subscribe: () => {
              throw new Fault('BAD_USER_INPUT', 'first: 0 is out of bounds');
            },
          },
          late: {
            subscribe: async function* () {
              yield { late: 1 };
              throw new TypeError('insides of ours');
            },
          },
        },
      },
    }),
  });

  async function serve(served = faulty()): Promise<string> {
    const server = createServer();
    const log = pino({}, { write: (line: string) => void logged.push(line) });
    const sockets = serveSockets(server, served, log);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(async () => {
      await sockets.stop();
      server.close();
    });
    return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  }

  async function all(url: string, query: string): Promise<any[]> {
    const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });
    onTestFinished(() => client.dispose());
    const results: any[] = [];
    await new Promise<void>((resolve, reject) => {
      client.subscribe(
        { query },
        {
          next: (result) => results.push(result),
          complete: resolve,
          error: (error) => (Array.isArray(error) ? (results.push({ errors: error }), resolve()) : reject(error as Error)),
        },
      );
    });
    return results;
  }

  const masked = { message: 'an internal fault; the server log has it', extensions: { code: 'INTERNAL_SERVER_ERROR' } };

  test.each(['query { bug }', 'subscription { bug }'])(
    'a fault of ours is masked in the answer and whole in the log: %s',
    async (query) => {
      const [{ errors }] = await all(await serve(), query);
      expect(errors).toEqual([expect.objectContaining(masked)]);
      expect(logged.join()).toContain('insides of ours');
    },
  );

  test('a fault of ours in the middle of a subscription ends it, masked, and nothing else on its socket', async () => {
    const url = await serve();
    const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, lazy: false, onNonLazyError: () => {} });
    onTestFinished(() => client.dispose());
    const results: any[] = [];
    await new Promise<void>((resolve) => {
      client.subscribe(
        { query: 'subscription { late }' },
        { next: (result) => results.push(result), complete: resolve, error: (errors) => (results.push(errors), resolve()) },
      );
    });
    expect(results).toEqual([{ data: { late: 1 } }, [expect.objectContaining(masked)]]);
    const next = await client.iterate({ query: '{ ok }' }).next();
    expect(next.value).toEqual({ data: { ok: 1 } });
  });

  test.each(['query { fault }', 'subscription { fault }'])('a fault that has a code keeps it: %s', async (query) => {
    const [{ errors }] = await all(await serve(), query);
    expect(errors[0].extensions.code).toMatch(/BACKEND_UNAVAILABLE|BAD_USER_INPUT/);
    expect(errors[0].message).toMatch(/journal|first/);
  });

  test('documents that were refused do not count as open operations', async () => {
    const url = await serve();
    const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, lazy: false, onNonLazyError: () => {} });
    onTestFinished(() => client.dispose());
    for (let index = 0; index < 60; index++) await expect(client.iterate({ query: `{ nonsense${index} }` }).next()).rejects.toBeDefined();
    expect((await client.iterate({ query: '{ ok }' }).next()).value).toEqual({ data: { ok: 1 } });
  });

  describe('a client that leaves', () => {
    /** How many listen to the journal now. */
    let listeners = 0;
    beforeAll(() => {
      const { tail } = journal;
      journal.tail = {
        listen(listener) {
          const stop = tail.listen(listener);
          let listening = true;
          listeners += 1;
          return () => {
            if (listening) listeners -= 1;
            listening = false;
            stop();
          };
        },
      };
    });
    const untilListeners = (count: number) => eventually(`${count} listen, now ${listeners}`, () => listeners === count, 5_000);

    const SUBSCRIPTIONS = [
      'jobUpdated(id: "known") { id }',
      'jobsUpdated { cursor }',
      'jobsUpdated(filter: { type: ["none"] }) { cursor }',
      'jobEvents { cursor }',
      'jobEvents(jobId: "known") { cursor }',
      'workersUpdated { workers { id } }',
      'jobCountsUpdated { total }',
    ];

    test.each(SUBSCRIPTIONS)('a subscription takes nothing with it: %s', async (field) => {
      const client = createClient({ url: await serve(core), webSocketImpl: WebSocket, retryAttempts: 0 });
      onTestFinished(() => client.dispose());
      const updates = client.iterate({ query: `subscription { ${field} }` });
      await updates.next();
      expect(listeners).toBe(1);
      await updates.return?.();
      await untilListeners(0);
    });

    test('by dying takes nothing with it, with whatever it had open', async () => {
      const url = await serve(core);
      const socket = new WebSocket(url, 'graphql-transport-ws');
      await once(socket, 'open');
      socket.send(JSON.stringify({ type: 'connection_init' }));
      await once(socket, 'message');
      for (const [id, field] of [...SUBSCRIPTIONS, 'jobLog(jobId: "known") { cursor }'].entries())
        socket.send(JSON.stringify({ id: String(id), type: 'subscribe', payload: { query: `subscription { ${field} }` } }));
      await untilListeners(SUBSCRIPTIONS.length + 1);
      socket.terminate();
      await untilListeners(0);
      expect(listeners).toBe(0);
    });

    test('before it was answered takes nothing with it', async () => {
      const url = await serve(core);
      const socket = new WebSocket(url, 'graphql-transport-ws');
      await once(socket, 'open');
      socket.send(JSON.stringify({ type: 'connection_init' }));
      await once(socket, 'message');
      for (let id = 0; id < 20; id++) {
        socket.send(JSON.stringify({ id: String(id), type: 'subscribe', payload: { query: 'subscription { jobEvents { cursor } }' } }));
        socket.send(JSON.stringify({ id: String(id), type: 'complete' }));
      }
      socket.send(JSON.stringify({ id: 'last', type: 'subscribe', payload: { query: '{ __typename }' } }));
      await new Promise<void>((resolve) => socket.on('message', (data: Buffer) => data.toString().includes('"last"') && resolve()));
      await untilListeners(0);
      expect(listeners).toBe(0);
      socket.close();
    });

    test('finds its subscription gone when the job it watched is final', async () => {
      await journal.writer.write({
        kind: 'job',
        record: firstRecord({
          id: 'watched',
          type: 'sleep',
          payload: null,
          priority: 1,
          tags: [],
          metadata: null,
          createdAt: Date.now(),
          ...PRODUCT_DEFAULTS,
        }),
      });
      const client = createClient({ url: await serve(core), webSocketImpl: WebSocket, retryAttempts: 0 });
      onTestFinished(() => client.dispose());
      const updates = client.iterate({ query: 'subscription { jobUpdated(id: "watched") { status } }' });
      expect((await updates.next()).value).toEqual({ data: { jobUpdated: { status: 'QUEUED' } } });
      await journal.writer.write({
        kind: 'terminated',
        jobId: 'watched',
        at: Date.now(),
        code: 'TERMINATED',
        message: 'terminated in Temporal',
      });
      expect((await updates.next()).value).toEqual({ data: { jobUpdated: { status: 'ABORTED' } } });
      expect((await updates.next()).done).toBe(true);
      await untilListeners(0);
    });
  });

  test('a server that stops says so to its clients, and does not wait for one that has gone silent', async () => {
    const server = createServer();
    const sockets = serveSockets(server, core, pino({ level: 'silent' }));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const listening = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws');
    const silent = connect(port, '127.0.0.1');
    silent.write(
      'GET /graphql HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
    );
    await Promise.all([once(listening, 'open'), once(silent, 'data')]);
    silent.pause();
    const closed = once(listening, 'close') as Promise<[number]>;
    expect(await within(5_000, sockets.stop())).toBe(true);
    expect((await closed)[0]).toBe(1001);
    silent.destroy();
    server.close();
  });
});
