// PostGraphile, whose schema is made from the tables and from functions of ours.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makeJSONPgSmartTagsPlugin } from "postgraphile/utils";

const port = Number(process.env.PORT);
const asList = { tags: { behavior: ["-connection", "+list"], simpleCollections: "only" } };
const tags = makeJSONPgSmartTagsPlugin({
  version: 1,
  config: { procedure: { group_appointments_patients: asList, group_appointments_between: asList } },
});
const made = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [tags],
  pgServices: [makePgService({ connectionString: process.env.DB_URL, schemas: ["public"], poolConfig: { max: 10 } })],
  grafserv: { port, host: "127.0.0.1", graphqlPath: "/graphql", graphiql: false, watch: false, websockets: false },
  grafast: { explain: false },
});
const server = createServer();
await made.createServ(grafserv).addTo(server);
server.listen(port, "127.0.0.1");
