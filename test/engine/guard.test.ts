import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { Subscriber } from './fixtures/subscriber.ts';
import { Millrace } from './millrace.ts';
import { freePort } from './ports.ts';

let millrace: Millrace;
let port: number;
let job: string;
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 1, env: { MILLRACE_JOBS: fileURLToPath(new URL('fixtures/api-jobs', import.meta.url)) } });
  port = Number(new URL(millrace.url).port);
  job = await millrace.create({ type: 'sleep', payload: { ms: 0 }, pool: 'nobody' });
});
afterAll(() => millrace.stop());

type Response = { status: number; headers: IncomingMessage['headers']; text: string };

/** As fetch, but every header can be set: a browser sets them itself. */
async function http(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Response> {
  const asked = request({ host: '127.0.0.1', port, method, path, headers: { host: `127.0.0.1:${port}`, ...headers }, agent: false });
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk as string;
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  http('POST', '/graphql', { 'content-type': 'application/json', ...headers }, typeof body === 'string' ? body : JSON.stringify(body));
const query = (text: string, headers: Record<string, string> = {}): Promise<Response> => post({ query: text }, headers);
const VERSION = '{ serverInfo { version } }';

/** The status a WebSocket is refused with, 101 where it is let in. */
async function upgrade(headers: Record<string, string> = {}): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', {
    headers: { host: `127.0.0.1:${port}`, ...headers },
  });
  socket.on('error', () => {});
  const status = await new Promise<number>((resolve) => {
    socket.once('open', () => resolve(101));
    socket.once('unexpected-response', (_, response: IncomingMessage) => resolve(response.statusCode ?? 0));
  });
  socket.terminate();
  return status;
}

describe('who may come in, by HTTP and by WebSocket alike', () => {
  const own = (): string => `http://127.0.0.1:${port}`;

  test.each<[string, () => Record<string, string>]>([
    ['a program of this machine', () => ({})],
    ['by another name of this machine', () => ({ host: `localhost:${port}` })],
    ['by its IPv6 name', () => ({ host: `[::1]:${port}` })],
    ['a page of its own', () => ({ origin: own() })],
    ['a page of its own, as a browser says it', () => ({ origin: own(), 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' })],
    ['a person who types the address', () => ({ 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' })],
  ])('%s may', async (_, headers) => {
    expect((await query(VERSION, headers())).status).toBe(200);
    expect(await upgrade(headers())).toBe(101);
  });

  test.each<[string, () => Record<string, string>]>([
    ['a name that was made to point here', () => ({ host: 'evil.example' })],
    ['such a name with the right port', () => ({ host: `evil.example:${port}` })],
    ['a name that begins as ours', () => ({ host: 'localhost.evil.example' })],
    ['a name that ends as ours', () => ({ host: 'evil-localhost' })],
    ['any other address', () => ({ host: `192.168.1.5:${port}` })],
    ['a page of another site', () => ({ origin: 'https://evil.example' })],
    ['a page of another port of this machine', () => ({ origin: 'http://127.0.0.1:1' })],
    ['a page of the same name by https', () => ({ origin: `https://127.0.0.1:${port}` })],
    ['a page without an origin of its own', () => ({ origin: 'null' })],
    ['a page of another name of this machine', () => ({ origin: `http://localhost:${port}` })],
    ['a request that the browser says is of another site', () => ({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })],
    ['a request that the browser says is of a sister site', () => ({ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' })],
  ])('%s may not', async (_, headers) => {
    const answer = await query(VERSION, headers());
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.text)).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    expect(await upgrade(headers())).toBe(403);
    for (const path of ['/health', '/playground/', '/nothing']) expect((await http('GET', path, headers())).status).toBe(403);
  });

  test('no page is told that it may ask', async () => {
    const answer = await http('OPTIONS', '/graphql', {
      origin: 'https://evil.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    });
    expect(answer.status).toBe(403);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('what a page could send without being asked back', () => {
  const mutation = (): string => `mutation { abortJob(input: { id: "${job}" }) { job { id } } }`;
  const status = async (): Promise<string> => (await millrace.job(job, 'status')).status;

  test('a form or a text is refused', async () => {
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x', '']) {
      const { 'content-type': _, ...headers } = { 'content-type': type };
      expect(
        (await http('POST', '/graphql', type ? { 'content-type': type } : headers, JSON.stringify({ query: mutation() }))).status,
      ).toBe(400);
    }
    expect(await status()).toBe('QUEUED');
  });

  test('a link is refused, also one that a person follows, and runs no mutation in any case', async () => {
    const path = `/graphql?query=${encodeURIComponent(mutation())}`;
    expect((await http('GET', path)).status).toBe(400);
    expect((await http('GET', path, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).status).toBe(400);
    expect((await http('GET', path, { 'content-type': 'application/json' })).status).toBe(405);
    expect((await http('GET', path, { 'apollo-require-preflight': 'true' })).status).toBe(405);
    expect((await http('HEAD', path, { 'apollo-require-preflight': 'true' })).status).toBe(405);
    expect(await status()).toBe('QUEUED');
  });

  test('a query by GET is answered for who can set a header', async () => {
    const path = `/graphql?query=${encodeURIComponent(VERSION)}`;
    expect((await http('GET', path)).status).toBe(400);
    expect(JSON.parse((await http('GET', path, { 'apollo-require-preflight': 'true' })).text)).toEqual({
      data: { serverInfo: { version: '0.1.0' } },
    });
  });
});

describe('limits hold by HTTP and by WebSocket alike', () => {
  const deep = `{ jobs(first: 1) { nodes { ${'lastAttempt { job { '.repeat(6)} id ${'} }'.repeat(6)} } } }`;
  const aliases = `{ ${Array.from({ length: 51 }, (_, index) => `a${index}: __typename`).join(' ')} jobs { nodes { id } } }`;
  const costly = '{ jobs(first: 100) { nodes { attempts(first: 100) { nodes { log(first: 100) { nodes { text } } } } } } }';
  const costlyByDefault = '{ jobs { nodes { events { nodes { job { events { nodes { job { id } } } } } } } } }';
  const directives = `{ jobs { nodes { ${'id @skip(if: false) '.repeat(51)} } } }`;
  const tokens = `{ ${'__typename '.repeat(15_001)} }`;
  const nesting = '{ a '.repeat(7_000);
  const listNesting = `{ jobs(filter: { ids: ${'['.repeat(14_000)}`;

  test.each(Object.entries({ deep, aliases, costly, costlyByDefault, directives, tokens, nesting, listNesting }))(
    '%s: refused with a reason, as the caller’s own mistake',
    async (_, text) => {
      const answer = await query(text);
      expect(answer.status).toBe(400);
      const { errors } = JSON.parse(answer.text) as { errors: { message: string; extensions: { code: string } }[] };
      expect(errors).toHaveLength(1);
      expect(errors[0]!.extensions.code).toMatch(/^(GRAPHQL_VALIDATION_FAILED|GRAPHQL_PARSE_FAILED|BAD_USER_INPUT)$/);
      const subscriber = new Subscriber(millrace.url, text);
      onTestFinished(() => subscriber.cut());
      const received = await subscriber.next();
      expect(received?.errors).toHaveLength(1);
      expect(received?.errors?.[0]?.extensions?.code).toBe('BAD_USER_INPUT');
      expect(received?.errors?.[0]?.message).toBe(errors[0]!.message);
      expect(await subscriber.next()).toBeUndefined();
    },
  );

  test('a subscription is measured as well', async () => {
    const subscriber = new Subscriber(
      millrace.url,
      'subscription { jobsUpdated { changed { attempts(first: 100) { nodes { log(first: 100) { nodes { text } } } } } } }',
    );
    onTestFinished(() => subscriber.cut());
    expect((await subscriber.next())?.errors?.[0]?.message).toMatch(/cost/);
  });

  test('a request over 32 MiB is refused as too large, and one that is cut off harms nobody', async () => {
    // Refused by its length, before it is sent.
    const large = request({
      host: '127.0.0.1',
      port,
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', 'content-length': String(33 * 2 ** 20) },
    });
    large.on('error', () => {});
    large.write('{');
    const [refused] = (await once(large, 'response')) as [IncomingMessage];
    expect(refused.statusCode).toBe(413);
    large.destroy();
    const cut = request({
      host: '127.0.0.1',
      port,
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', 'content-length': '1000' },
    });
    cut.on('error', () => {});
    cut.write('{"query":');
    cut.destroy();
    expect((await query(VERSION)).status).toBe(200);
  });

  test('a message over 4 MiB closes its own socket and no other', async () => {
    const other = new Subscriber(millrace.url, 'subscription { jobEvents { cursor } }');
    onTestFinished(() => other.cut());
    await other.next();
    const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws');
    await once(socket, 'open');
    const closed = once(socket, 'close') as Promise<[number]>;
    socket.on('error', () => {});
    socket.send('x'.repeat(5 * 2 ** 20));
    expect((await closed)[0]).toBe(1009);
    expect(await other.isQuiet(100)).toBe(true);
  });

  test('a socket has at most 50 operations open, and says so of the next one', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws');
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');
    socket.send('{"type":"connection_init"}');
    await once(socket, 'message');
    const answered = new Map<string, string>();
    const all = new Promise<void>((resolve) =>
      socket.on('message', (text: Buffer) => {
        const { id, type } = JSON.parse(text.toString()) as { id: string; type: string };
        answered.set(id, type);
        if (answered.size === 51) resolve();
      }),
    );
    for (let id = 1; id <= 51; id++)
      socket.send(JSON.stringify({ id: String(id), type: 'subscribe', payload: { query: 'subscription { jobEvents { cursor } }' } }));
    await all;
    expect([...answered.values()].filter((type) => type === 'next')).toHaveLength(50);
    expect(answered.get('51')).toBe('error');
  });

  test.each([
    'not json',
    '[]',
    '{}',
    '{"type":"nonsense"}',
    '{"type":"subscribe"}',
    '{"id":"1","type":"subscribe","payload":{"query":"{ __typename }"}}',
  ])('what is no message of the protocol closes the socket without insides: %s', async (message) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws');
    await once(socket, 'open');
    const closed = once(socket, 'close') as Promise<[number, Buffer]>;
    socket.send(message);
    const [code, reason] = await closed;
    expect([4400, 4401]).toContain(code);
    expect(reason.toString()).toMatch(/^(Invalid message received|Unauthorized)$/);
  });
});

describe('errors', () => {
  test('of what was asked are told in full on both, and hold nothing of ours', async () => {
    for (const text of [
      '{ nonsense }',
      '{ jobs(first: "x") { nodes { id } } }',
      '{ job { id } }',
      'query { jobs {',
      '{ jobs(after: "x") { nodes { id } } }',
    ]) {
      const answer = await query(text);
      const subscriber = new Subscriber(millrace.url, text);
      onTestFinished(() => subscriber.cut());
      const received = await subscriber.next();
      const { errors } = JSON.parse(answer.text) as { errors: { message: string }[] };
      expect(received?.errors?.map(({ message }) => message)).toEqual(errors.map(({ message }) => message));
      expect(answer.text + JSON.stringify(received)).not.toMatch(/stacktrace|\\n\s+at |node_modules|sqlite|\.ts\b/i);
    }
  });

  test('of no route, of no method and of no HTTP are told as such', async () => {
    expect((await http('GET', '/nothing')).status).toBe(404);
    expect((await http('PUT', '/graphql', { 'content-type': 'application/json' }, '{}')).status).toBe(404);
    expect((await http('GET', '/%')).status).toBe(400);
    expect([403, 404]).toContain((await http('GET', '/playground/../../package.json')).status);
    expect([403, 404]).toContain((await http('GET', '/playground/%2e%2e/%2e%2e/package.json')).status);
  });
});

test('the schema can be read, and every name in it says what it means', async () => {
  const { data } = JSON.parse((await query(getIntrospectionQuery({ specifiedByUrl: true }))).text) as { data: any };
  const described = (data.__schema.types as any[]).filter(
    ({ name, kind }) => !name.startsWith('__') && !(kind === 'SCALAR' && ['String', 'Int', 'Float', 'Boolean', 'ID'].includes(name)),
  );
  const silent: string[] = [];
  const check = (where: string, { name, description }: any): void => void (description || silent.push(`${where}${name}`));
  for (const type of described) {
    check('', type);
    for (const field of type.fields ?? []) {
      check(`${type.name}.`, field);
      for (const argument of field.args) check(`${type.name}.${field.name}:`, argument);
    }
    for (const part of [...(type.enumValues ?? []), ...(type.inputFields ?? [])]) check(`${type.name}.`, part);
  }
  expect(silent).toEqual([]);
  expect(described.find(({ name }) => name === 'DateTime').specifiedByURL).toContain('date-time');
});

describe('the playground', () => {
  test.runIf(existsSync(new URL('../../web/dist/index.html', import.meta.url)))(
    'is served with nothing from another host, and may load nothing from one',
    async () => {
      const page = await http('GET', '/playground/');
      expect(page.status).toBe(200);
      expect(page.headers['content-type']).toMatch(/^text\/html/);
      expect(page.text).not.toMatch(/(src|href|content)="?(https?:)?\/\//);
      const policy = String(page.headers['content-security-policy']);
      expect(policy).toContain("default-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src/);
      const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
      expect(parts.length).toBeGreaterThan(1);
      for (const part of parts)
        expect((await http('GET', new URL(part, `http://127.0.0.1:${port}/playground/`).pathname)).status, part).toBe(200);
    },
  );

  test('is where a person who opens the address is sent', async () => {
    expect(await http('GET', '/')).toMatchObject({ status: 302, headers: { location: '/playground/' } });
    expect(await http('GET', '/playground')).toMatchObject({ status: 302, headers: { location: '/playground/' } });
  });
});

describe('health', () => {
  test('is good while all answers', async () => {
    for (const path of ['/health', '/health/ready'])
      expect(await http('GET', path)).toMatchObject({ status: 200, text: '{"status":"ok","problems":[]}' });
    expect(await http('GET', '/health/live')).toMatchObject({ status: 200, text: '{"status":"ok"}' });
  });

  test('of an api whose Temporal is not there: it lives, is not ready and says what is missing, and answers what it can', async () => {
    const alone = await Millrace.start({ roles: ['api'], temporalAddress: `127.0.0.1:${await freePort()}` });
    onTestFinished(() => alone.stop());
    const began = performance.now();
    const [ready, health, unknown] = await Promise.all([
      fetch(`${alone.url}/health/ready`),
      fetch(`${alone.url}/health`),
      alone.client.ask('{ serverInfo { temporalVersion } }'),
    ]);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect([ready.status, health.status]).toEqual([503, 503]);
    expect(await ready.json()).toEqual({
      status: 'unavailable',
      problems: [expect.stringMatching(/^temporal: Temporal at 127\.0\.0\.1:\d+ does not answer/)],
    });
    expect(unknown.errors).toMatchObject([{ extensions: { code: 'BACKEND_UNAVAILABLE' } }]);
    expect((await fetch(`${alone.url}/health/live`)).status).toBe(200);
    expect(await alone.client.data('{ jobs { nodes { id } } jobTypes { name } workers { id } }')).toEqual({
      jobs: { nodes: [] },
      jobTypes: [],
      workers: [],
    });
  });
});
