// A gateway in front of a supergraph: Hive's, or Apollo's. Both hand the client's key on to the subgraphs.
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import { GraphQLError, parse, validate } from 'graphql';
import { answer, body, listening } from './subgraph.mjs';

export function serveGateway(supergraph, { kind = 'hive', port = 0 } = {}) {
  return kind === 'apollo' ? serveApollo(supergraph, port) : serveHive(supergraph, port);
}

async function serveHive(supergraph, port) {
  const gateway = createGatewayRuntime({
    supergraph: () => supergraph,
    propagateHeaders: {
      fromClientToSubgraphs: ({ request }) => ({ authorization: request.headers.get('authorization') }),
    },
    logging: 'error',
    maskedErrors: false, // our service masks its own
  });
  return listening(gateway, port);
}

// Apollo's gateway plans and runs operations; the HTTP around it would be @apollo/server's.
async function serveApollo(supergraph, port) {
  const gateway = new ApolloGateway({
    supergraphSdl: supergraph,
    buildService: ({ url }) => new WithTheClientsKey({ url }),
    logger: { debug() {}, info() {}, warn: console.error, error: console.error },
  });
  const { schema, executor } = await gateway.load();
  return listening(async (request, response) => {
    try {
      const { query, variables, operationName } = JSON.parse(await body(request));
      const document = parse(query);
      const errors = validate(schema, document);
      if (errors.length > 0) return answer(response, { errors }, 400);
      const context = { authorization: request.headers.authorization };
      const asked = { query, variables, operationName, http: { headers: new Map() } };
      const result = await executor({
        request: asked, document, operationName, schema, context, queryHash: query, cache: new Map(), metrics: {}, logger: console,
      });
      answer(response, result);
    } catch (error) {
      answer(response, { errors: [new GraphQLError(error.message)] }, 400);
    }
  }, port);
}

class WithTheClientsKey extends RemoteGraphQLDataSource {
  willSendRequest({ request, context }) {
    if (context.authorization) request.http.headers.set('authorization', context.authorization);
  }
}
