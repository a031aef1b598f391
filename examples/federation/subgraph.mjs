// A small subgraph: a schema with resolvers, served over HTTP on this machine.
import { createServer } from 'node:http';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';

export async function serveSubgraph(sdl, resolvers) {
  const schema = buildSubgraphSchema({ typeDefs: parse(sdl), resolvers });
  return listening(async (request, response) => {
    const { query, variables, operationName } = JSON.parse(await body(request));
    const result = await graphql({ schema, source: query, variableValues: variables, operationName });
    answer(response, result);
  });
}

export async function listening(handler, port = 0) {
  const server = createServer(handler);
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${server.address().port}`, server };
}

export async function body(request) {
  let text = '';
  for await (const part of request) text += part;
  return text;
}

export function answer(response, result, status = 200) {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(result));
}
