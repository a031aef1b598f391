// The operations of the ready-made tabs. The name of the first one is the title of its tab.

/** What the page asks once, to fill the variables of the others. The directory may be another service's. */
export const lookAround = `query LookAround($now: DateTime!) {
  all: groupAppointments(first: 0, filter: { archived: INCLUDE }) { totalCount }
  upcoming: groupAppointments(first: 50, filter: { startsAt: { gte: $now } }) {
    nodes { id availableSeats patientIds repeatRule { repeatType } }
  }
}`;

export const week = `# This week's groups, who runs them and who comes.
# Run it with the button, or with Ctrl-Enter.
query Week($from: DateTime!, $to: DateTime!) {
  groupAppointments(
    filter: { startsAt: { gte: $from, lt: $to } }
    first: 50
  ) {
    totalCount
    nodes {
      startsAt
      appointmentType { name }
      practitioner { label }
      availableSeats
      patients { label }
    }
  }
}
`;

export const bookPatient = `# Book a patient into the next group with a seat.
# The variables name both. Run it twice to see how
# a request is refused.
mutation BookPatient($input: BookAttendeesInput!) {
  bookAttendees(input: $input) {
    groupAppointment {
      startsAt
      availableSeats
      patients { label }
    }
    outcomes {
      patient { label }
      attendee { id }
      userError { message }
    }
    userErrors { code field message }
  }
}
`;

export const repeat = `# Repeat a group for three weeks. Look first: a
# preview stores nothing and shows conflicts.
query PreviewRepeat(
  $input: RepeatGroupAppointmentInput!
) {
  previewGroupAppointmentRepeat(input: $input) {
    occurrences {
      index
      startsAt
      conflicts {
        exist
        items { kind message }
      }
    }
    userErrors { code field message }
  }
}

# Then do it, with the same variables.
mutation Repeat(
  $input: RepeatGroupAppointmentInput!
) {
  repeatGroupAppointment(input: $input) {
    repeats {
      id
      startsAt
      patients { label }
    }
    userErrors { code field message }
  }
}
`;

export const conflicts = `# Groups of four weeks in which somebody is booked
# twice, or away.
query Conflicts($from: DateTime!, $to: DateTime!) {
  groupAppointments(
    filter: {
      hasConflicts: true
      startsAt: { gte: $from, lt: $to }
    }
  ) {
    totalCount
    nodes {
      startsAt
      appointmentType { name }
      practitioner { label }
      conflicts {
        items {
          kind
          message
          patient { label }
        }
      }
    }
  }
}
`;

export const watchChanges = `# What happens to groups, as it happens. Run it,
# leave it open, and book a patient in another
# window. The button stops it.
subscription WatchChanges {
  groupAppointmentChanged {
    at
    kind
    changedFields
    groupAppointment {
      id
      startsAt
      availableSeats
      patients { label }
    }
  }
}
`;

export const firstRecords = `# This practice has no groups yet. The first needs
# a place, a person who runs it, and a type. Change
# the names, and run it to make one of each. Then
# give the ids to createGroupAppointment.
mutation FirstRecords {
  createBusiness(
    input: { name: "Main street", timeZone: "Europe/London" }
  ) {
    business { id }
    userErrors { message }
  }
  createPractitioner(
    input: { firstName: "Robin", lastName: "Hale" }
  ) {
    practitioner { id }
    userErrors { message }
  }
  createAppointmentType(
    input: {
      name: "Pilates"
      durationInMinutes: 60
      maxAttendees: 8
    }
  ) {
    appointmentType { id }
    userErrors { message }
  }
}
`;
