// Apollo Server with its own HTTP server.
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { context, listen, resolvers, typeDefs } from "./schema.js";

await startStandaloneServer(new ApolloServer({ typeDefs, resolvers }), { listen, context });
