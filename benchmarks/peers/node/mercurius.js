// Mercurius with graphql-jit and its own loaders, on Fastify.
import Fastify from "fastify";
import mercurius from "mercurius";
import { data } from "./db.js";
import { listen, roots, typeDefs } from "./schema.js";

const loader = (load, key) => ({
  loader: async (queries) => {
    const keys = queries.map((query) => query.obj[key]);
    const once = [...new Set(keys)];
    const loaded = await load(once);
    const found = new Map(once.map((each, at) => [each, loaded[at]]));
    return keys.map((each) => found.get(each));
  },
  opts: { cache: false },
});

const app = Fastify({ logger: false });
app.register(mercurius, {
  schema: typeDefs,
  resolvers: roots,
  jit: 1,
  graphiql: false,
  loaders: {
    GroupAppointment: {
      practitioner: loader(data.practitioners, "practitionerId"),
      business: loader(data.businesses, "businessId"),
      appointmentType: loader(data.types, "appointmentTypeId"),
      patients: loader(data.patients, "id"),
      conflicts: loader(data.conflicts, "id"),
    },
  },
});
await app.listen(listen);
