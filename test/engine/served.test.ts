import { existsSync } from 'node:fs';
import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from './fixtures/eventually.ts';
import { httpOf } from './fixtures/http.ts';
import { Subscriber } from './fixtures/subscriber.ts';
import { Millrace } from './millrace.ts';
import { freePort } from './ports.ts';

/** Without a worker: what the api serves by itself. */
let millrace: Millrace;
let port: number;
beforeAll(async () => {
  millrace = await Millrace.start({ roles: ['orchestrator', 'api'] });
  port = Number(new URL(millrace.url).port);
});
afterAll(() => millrace.stop());
const { http, query } = httpOf(() => port);

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
    await eventually('all answers', async () => (await http('GET', '/health')).status === 200);
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
    expect(performance.now() - began).toBeLessThan(20_000);
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
