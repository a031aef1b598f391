export const firstQuery = `# The first five groups, who runs them and who comes.
# Run it with the button here, or with Ctrl-Enter.
query FirstGroups {
  groupAppointments(first: 5) {
    totalCount
    nodes {
      id
      startsAt
      appointmentType { name }
      practitioner { label }
      availableSeats
      patients { label }
      conflicts { exist }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`;
