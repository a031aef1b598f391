// Invoices for group appointments: a subgraph that adds to our records, and names them by id.
import { serveSubgraph } from './subgraph.mjs';

export const billing = /* GraphQL */ `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key", "@shareable"])

  type Query {
    invoices(first: Int): InvoiceConnection
  }

  type Invoice @key(fields: "id") {
    id: ID!
    cents: Int!
    patient: Patient
    groupAppointment: GroupAppointment
  }

  type InvoiceConnection {
    nodes: [Invoice!]!
    pageInfo: PageInfo!
  }

  type PageInfo @shareable {
    hasNextPage: Boolean!
    hasPreviousPage: Boolean!
    startCursor: String
    endCursor: String
  }

  type Patient @key(fields: "id") {
    id: ID!
    owesCents: Int!
  }

  type GroupAppointment @key(fields: "id") {
    id: ID!
    priceCents: Int!
  }
`;

const PRICE = 4500;

// An invoice for each patient, each for the next of the appointments.
export function serveBilling({ patients, groupAppointments }) {
  const invoices = patients.map((id, n) => ({
    id: `invoice-${n + 1}`,
    cents: PRICE,
    patient: { id },
    groupAppointment: { id: groupAppointments[n % groupAppointments.length] },
  }));
  return serveSubgraph(billing, {
    Query: {
      invoices: (_, { first }) => {
        const nodes = invoices.slice(0, first ?? 20);
        const pageInfo = { hasNextPage: nodes.length < invoices.length, hasPreviousPage: false };
        return { nodes, pageInfo };
      },
    },
    Invoice: { __resolveReference: ({ id }) => invoices.find((invoice) => invoice.id === id) },
    Patient: { owesCents: ({ id }) => invoices.filter(({ patient }) => patient.id === id).length * PRICE },
    GroupAppointment: { priceCents: () => PRICE },
  });
}
