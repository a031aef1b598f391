// GraphQL Yoga with graphql-jit; it caches parsed and validated documents by itself.
import { createServer } from "node:http";
import { useGraphQlJit } from "@envelop/graphql-jit";
import { createSchema, createYoga } from "graphql-yoga";
import { context, listen, resolvers, typeDefs } from "./schema.js";

const schema = createSchema({ typeDefs, resolvers });
const yoga = createYoga({ schema, context, graphiql: false, logging: false, landingPage: false, plugins: [useGraphQlJit()] });
createServer(yoga).listen(listen.port, listen.host);
