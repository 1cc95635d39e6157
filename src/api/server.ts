import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import fastify, { type FastifyInstance } from 'fastify';
import { portRefused, type Config } from '../config.ts';
import type { Logger } from '../log.ts';
import type { ServerFacts } from './server-facts.ts';
import type { GraphqlCore } from './graphql.ts';
import { refusal } from './guard.ts';
import { serveSockets } from './sockets.ts';

export type RunningServer = { url: string; stop(): Promise<void> };

/** The core's host on this machine: fastify, with GraphQL over HTTP and ws on one path, health, and the playground. */
export async function listen(config: Config, core: GraphqlCore, facts: ServerFacts, log: Logger): Promise<RunningServer> {
  const server = fastify({ bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true });
  server.addHook('onRequest', async (request, reply) => {
    const refused = refusal(request.headers);
    if (refused) await reply.code(403).send(errorBody('FORBIDDEN', refused));
  });
  server.setErrorHandler((error: { statusCode?: number; message: string }, _, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) log.error({ err: error }, 'a request failed by a fault of ours');
    const message =
      status === 413
        ? `the request is over ${MAX_BODY_BYTES / 2 ** 20} MiB`
        : status >= 500
          ? 'an internal fault; the server log has it'
          : error.message;
    return reply
      .code(status)
      .send(errorBody(status === 413 ? 'PAYLOAD_TOO_LARGE' : status >= 500 ? 'INTERNAL_SERVER_ERROR' : 'BAD_REQUEST', message));
  });
  serveGraphql(server, core);
  serveHealth(server, facts);
  await servePlayground(server);
  await server.listen({ host: config.host, port: config.port }).catch((error: NodeJS.ErrnoException) => {
    throw portRefused(config, error.code);
  });
  const sockets = serveSockets(server.server, core, log);
  return {
    url: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`,
    async stop() {
      await sockets.stop();
      await server.close();
      await core.stop();
    },
  };
}

function serveGraphql(server: FastifyInstance, core: GraphqlCore): void {
  // The core parses: twice would cost more than all the rest.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  server.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    async handler({ raw, body, headers }, reply) {
      const request = new Request(new URL(raw.url ?? '/', 'http://millrace'), {
        method: raw.method ?? 'GET',
        headers: Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as [string, string]] : [])),
        ...(body === undefined ? {} : { body: body as Buffer<ArrayBuffer> }),
      });
      const response = await core.handle(request);
      reply.code(response.status);
      response.headers.forEach((value, name) => reply.header(name, value));
      return reply.send(Buffer.from(await response.arrayBuffer()));
    },
  });
}

function serveHealth(server: FastifyInstance, facts: ServerFacts): void {
  server.get('/health/live', async () => ({ status: 'ok' }));
  for (const path of ['/health', '/health/ready']) {
    server.get(path, async (_, reply) => {
      const problems = await facts.problems();
      return reply.code(problems.length > 0 ? 503 : 200).send({ status: problems.length > 0 ? 'unavailable' : 'ok', problems });
    });
  }
}

async function servePlayground(server: FastifyInstance): Promise<void> {
  server.get('/', (_, reply) => reply.redirect('/playground/'));
  if (!existsSync(PLAYGROUND)) {
    server.get('/playground', (_, reply) => reply.code(503).send('The playground is not built: npm run build, then start again.\n'));
    return;
  }
  server.get('/playground', (_, reply) => reply.redirect('/playground/'));
  await server.register(fastifyStatic, {
    root: PLAYGROUND,
    prefix: '/playground/',
    // Names under assets/ carry a hash of what is in them.
    setHeaders: (reply, path) => {
      reply.setHeader('content-security-policy', PLAYGROUND_POLICY);
      reply.setHeader('x-content-type-options', 'nosniff');
      reply.setHeader('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}

const errorBody = (code: string, message: string) => ({ errors: [{ message, extensions: { code } }] });

const PLAYGROUND = fileURLToPath(new URL('../../web/dist/', import.meta.url));
/** Nothing from any other host; the editor sets inline styles and carries its fonts in the style sheet. */
const PLAYGROUND_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";
/** Above what a payload may have, so that one that is too large is refused as such, with its path. */
const MAX_BODY_BYTES = 32 * 2 ** 20;
