import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { createClient } from 'graphql-ws';
import { type Logger, pino } from 'pino';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import type { GraphqlCore } from '../../src/api/graphql.ts';
import { serveSockets } from '../../src/api/sockets.ts';
import { Fault } from '../../src/job/errors.ts';
import { firstRecord } from '../../src/job/record.ts';
import { PRODUCT_DEFAULTS } from '../../src/job/spec.ts';
import { within } from '../../src/process/within.ts';
import { eventually } from '../engine/fixtures/eventually.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { shareCore } from './fixtures/core.ts';

let core: GraphqlCore;
let journal: Journal;
let log: Logger;
let logged: string[];
shareCore((shared) => ({ core, journal, log, logged } = shared));

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
    const untilListeners = (count: number) => eventually(`${count} listen, now ${listeners}`, () => listeners === count, 15_000);

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
    expect(await within(15_000, sockets.stop())).toBe(true);
    expect((await closed)[0]).toBe(1001);
    silent.destroy();
    server.close();
  });
});
