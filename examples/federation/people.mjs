// People of a graph in which another service than ours has them: it lists and writes them, we only name them by id.
import { serveSubgraph } from './subgraph.mjs';

export const people = /* GraphQL */ `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key", "@shareable"])

  type Query {
    patient(id: ID!): Patient
    patients(search: String): PatientConnection
  }

  type Mutation {
    createPatient(input: CreatePatientInput!): CreatePatientPayload
  }

  input CreatePatientInput {
    name: String!
  }

  type CreatePatientPayload {
    patient: Patient
  }

  type PatientConnection {
    nodes: [Patient!]!
  }

  type Patient @key(fields: "id") {
    id: ID!
    label: String! @shareable
    phone: String
  }
`;

export function servePeople({ patients }) {
  const known = new Map(patients.map((id, n) => [id, { id, label: `Person ${n + 1}`, phone: `555 0100 ${n + 1}` }]));
  return serveSubgraph(people, {
    Query: {
      patient: (_, { id }) => known.get(id),
      patients: (_, { search }) => ({
        nodes: [...known.values()].filter(({ label }) => label.includes(search ?? '')),
      }),
    },
    Mutation: {
      createPatient: (_, { input }) => {
        const patient = { id: String(known.size + 1), label: input.name };
        known.set(patient.id, patient);
        return { patient };
      },
    },
    Patient: { __resolveReference: ({ id }) => known.get(id) },
  });
}
