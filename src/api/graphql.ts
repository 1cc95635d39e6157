import { ApolloServer, HeaderMap, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { readFileSync } from 'node:fs';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import type { Logger } from '../log.ts';
import type { Context, Parts } from './context.ts';
import { formatError } from './errors.ts';
import { MAX_TOKENS, nestingError, sizeRule } from './limits.ts';
import { makeLoaders } from './loaders.ts';
import { resolvers } from './resolvers.ts';

export type GraphqlCore = {
  schema: GraphQLSchema;
  /** One GraphQL request over HTTP, wherever it comes from: the api keeps nothing between two of them. */
  handle(request: Request): Promise<Response>;
  contextOf(): Context;
  stop(): Promise<void>;
};

/** The api without a port: a function from a Request to a Response. A server or a cloud function is only its host. */
export async function createGraphql(parts: Parts, log: Logger): Promise<GraphqlCore> {
  const typeDefs = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8');
  const schema = makeExecutableSchema<Context>({
    typeDefs,
    resolvers,
    resolverValidationOptions: { requireResolversToMatchSchema: 'error' },
  });
  const contextOf = (): Context => ({ ...parts, loaders: makeLoaders(parts.journal) });
  const apollo = new ApolloServer<Context>({
    schema,
    validationRules: [sizeRule],
    parseOptions: { maxTokens: MAX_TOKENS },
    formatError: (formatted, error) => formatError(log, formatted, error),
    csrfPrevention: true,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    plugins: [ApolloServerPluginLandingPageDisabled(), refuseSubscriptions],
    logger: { debug() {}, info() {}, warn: (line: string) => log.warn(line), error: (line: string) => log.error(line) },
  });
  await apollo.start();

  return {
    schema,
    contextOf,
    stop: () => apollo.stop(),
    async handle(request) {
      const { search, searchParams } = new URL(request.url);
      const asked = request.method === 'POST' ? parseBody(await request.text()) : undefined;
      const refused = nestingError(asked ? (asked as { query?: unknown }).query : searchParams.get('query'));
      if (refused) return Response.json({ errors: [refused] }, { status: 400 });
      const { status, headers, body } = await apollo.executeHTTPGraphQLRequest({
        httpGraphQLRequest: {
          method: request.method,
          headers: new HeaderMap(request.headers),
          search,
          body: asked,
        },
        context: async () => contextOf(),
      });
      // The schema has neither @defer nor @stream, so an answer is always whole.
      return new Response(body.kind === 'complete' ? body.string : null, { status: status ?? 200, headers: [...headers] });
    },
  };
}

/** Executed as a query, a subscription would answer with nulls. */
const refuseSubscriptions: ApolloServerPlugin<Context> = {
  requestDidStart: async () => ({
    async didResolveOperation({ operation }) {
      if (operation?.operation !== 'subscription') return;
      throw new GraphQLError('subscriptions are served over WebSocket on the same path (graphql-transport-ws)', {
        extensions: { code: 'BAD_REQUEST', http: { status: 400 } },
      });
    },
  }),
};

/** What is no JSON is Apollo's to refuse, in its own words. */
function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
