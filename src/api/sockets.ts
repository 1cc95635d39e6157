import type { Server } from 'node:http';
import { GraphQLError, parse, specifiedRules, validate, type DocumentNode, type GraphQLSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import type { Logger } from '../log.ts';
import { formatError } from './errors.ts';
import type { GraphqlCore } from './graphql.ts';
import { refusal } from './guard.ts';
import { MAX_TOKENS, nestingError, sizeRule } from './limits.ts';

/**
 * GraphQL over ws on the same path. It inherits none of what guards HTTP, so every guard is named here again: origin,
 * tokens, size rules, masked errors; and the caps that ws alone needs.
 */
export function serveSockets(server: Server, core: GraphqlCore, log: Logger): { stop(): Promise<void> } {
  const sockets = new WebSocketServer({
    server,
    path: '/graphql',
    maxPayload: MAX_MESSAGE_BYTES,
    verifyClient: ({ req }, answer) => {
      const refused = refusal(req.headers) ?? (sockets.clients.size >= MAX_SOCKETS ? `${MAX_SOCKETS} connections are open` : undefined);
      if (refused) answer(false, sockets.clients.size >= MAX_SOCKETS ? 503 : 403, refused);
      else answer(true);
    },
  });
  const known = new Documents(core.schema);
  const { dispose } = useServer(
    {
      schema: core.schema,
      context: () => core.contextOf(),
      connectionInitWaitTimeout: INIT_WAIT_MS,
      // What goes wrong outside of an operation closes the socket, with the error's own words unless this is set.
      isProd: true,
      onSubscribe: ({ subscriptions }, _id, { query, operationName, variables }) => {
        if (Object.keys(subscriptions).length > MAX_OPERATIONS)
          return [new GraphQLError(`${MAX_OPERATIONS} operations are open on this connection, the most there may be`)];
        const read = known.read(query);
        if ('errors' in read) return read.errors;
        return {
          schema: core.schema,
          document: read.document,
          operationName: operationName ?? null,
          variableValues: variables ?? null,
          contextValue: core.contextOf(),
        };
      },
      onError: (_, __, ___, errors) => errors.map((error) => formatError(log, (error as GraphQLError).toJSON?.() ?? error, error)),
      onNext: (_, __, ___, ____, { data, errors }) =>
        errors ? { data: data ?? null, errors: errors.map((error) => formatError(log, error.toJSON(), error)) } : undefined,
    },
    sockets,
    KEEP_ALIVE_MS,
  );
  return {
    async stop() {
      // A client that has gone silent does not answer the close.
      const late = setTimeout(() => sockets.clients.forEach((client) => client.terminate()), CLOSE_WAIT_MS);
      await dispose();
      clearTimeout(late);
    },
  };
}

/** Documents by their text: validating one costs more than answering it. */
class Documents {
  readonly #schema: GraphQLSchema;
  readonly #known = new Map<string, DocumentNode>();

  constructor(schema: GraphQLSchema) {
    this.#schema = schema;
  }

  read(query: string): { document: DocumentNode } | { errors: readonly GraphQLError[] } {
    const known = this.#known.get(query);
    if (known) return { document: known };
    const tooNested = nestingError(query);
    if (tooNested) return { errors: [tooNested] };
    let document: DocumentNode;
    try {
      document = parse(query, { maxTokens: MAX_TOKENS });
    } catch (error) {
      return { errors: [error as GraphQLError] };
    }
    const errors = validate(this.#schema, document, [...specifiedRules, sizeRule]);
    if (errors.length > 0) return { errors };
    if (this.#known.size >= MAX_DOCUMENTS) this.#known.clear();
    if (query.length <= MAX_KNOWN_LENGTH) this.#known.set(query, document);
    return { document };
  }
}

const MAX_MESSAGE_BYTES = 4 * 2 ** 20;
const MAX_SOCKETS = 1_000;
const MAX_OPERATIONS = 50;
const MAX_DOCUMENTS = 500;
/** Longer ones carry their values in the text and do not come twice. */
const MAX_KNOWN_LENGTH = 20_000;
/** Also for a client on a busy machine; the default is 3 s. */
const INIT_WAIT_MS = 10_000;
const KEEP_ALIVE_MS = 12_000;
const CLOSE_WAIT_MS = 500;
