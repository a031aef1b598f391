// The schema of the servers in Node, and what resolves it.
import DataLoader from "dataloader";
import { GraphQLScalarType } from "graphql";
import { data, serializeDate } from "./db.js";

export const typeDefs = /* GraphQL */ `
  scalar DateTime
  type Practitioner { id: ID! firstName: String label: String! }
  type Business { id: ID! name: String! }
  type AppointmentType { id: ID! name: String! }
  type Patient { id: ID! firstName: String! lastName: String! email: String }
  type Conflicts { exist: Boolean! }
  type GroupAppointment {
    id: ID! startsAt: DateTime! endsAt: DateTime! maxAttendees: Int! notes: String practitioner: Practitioner! business: Business!
    appointmentType: AppointmentType! patients: [Patient!]! conflicts: Conflicts!
  }
  type Attendee { id: ID! groupAppointmentId: ID! patientId: ID! arrived: Boolean! }
  type BookPayload { attendee: Attendee! }
  type Query {
    groupAppointments(from: DateTime!, to: DateTime!, limit: Int! = 50): [GroupAppointment!]!
    groupAppointment(id: ID!): GroupAppointment
  }
  type Mutation { bookPatient(groupAppointmentId: ID!, patientId: ID!): BookPayload! }
`;

const DateTime = new GraphQLScalarType({
  name: "DateTime",
  serialize: serializeDate,
  parseValue: (value) => value,
  parseLiteral: (node) => node.value,
});

export const roots = {
  DateTime,
  Query: {
    groupAppointments: (_, asked) => data.list(asked.from, asked.to, asked.limit),
    groupAppointment: (_, asked) => data.get(asked.id),
  },
  Mutation: { bookPatient: (_, asked) => data.book(asked.groupAppointmentId, asked.patientId) },
};

export const resolvers = {
  ...roots,
  GroupAppointment: {
    practitioner: (group, _, context) => context.practitioners.load(group.practitionerId),
    business: (group, _, context) => context.businesses.load(group.businessId),
    appointmentType: (group, _, context) => context.types.load(group.appointmentTypeId),
    patients: (group, _, context) => context.patients.load(group.id),
    conflicts: (group, _, context) => context.conflicts.load(group.id),
  },
};

export const context = async () => ({
  practitioners: new DataLoader(data.practitioners),
  businesses: new DataLoader(data.businesses),
  types: new DataLoader(data.types),
  patients: new DataLoader(data.patients),
  conflicts: new DataLoader(data.conflicts),
});

export const listen = { port: Number(process.env.PORT), host: "127.0.0.1" };
