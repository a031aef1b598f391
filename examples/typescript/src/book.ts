// Booking a patient: safe to try again, and a refusal is an answer like another.

import { randomUUID } from 'node:crypto';

import { graphql } from './generated/gql.ts';
import { askAgain } from './server.ts';

const Book = graphql(`
  mutation Book($input: BookAttendeesInput!) {
    bookAttendees(input: $input) {
      groupAppointment { availableSeats }
      outcomes { patient { label } attendee { id } waitlistEntry { position } }
      userErrors { code message }
    }
  }
`);

/** Book a patient into a group; `waitlistIfFull` is the patient's wish to wait for a seat. */
export async function book(groupAppointmentId: string, patientId: string, waitlistIfFull = false): Promise<void> {
  // One key for what a person asked for once, however often it is sent. Made inside of the retries it would book twice.
  const idempotencyKey = randomUUID();
  const input = { groupAppointmentId, patientIds: [patientId], waitlistIfFull, idempotencyKey };
  const { bookAttendees: booked } = await askAgain(Book, { input });

  for (const { patient, attendee, waitlistEntry } of booked?.outcomes ?? []) {
    if (attendee) console.log(`Booked ${patient.label}. Seats left: ${booked?.groupAppointment?.availableSeats}`);
    if (waitlistEntry) console.log(`${patient.label} waits for a seat, at place ${waitlistEntry.position}`);
  }
  // Programs branch on the code; the message is a sentence for a person, and may be worded better one day.
  for (const { code, message } of booked?.userErrors ?? []) {
    switch (code) {
      case 'CAPACITY_FULL':
        console.log('The group is full. To wait for a seat: --waitlist');
        break;
      case 'ALREADY_BOOKED':
        console.log('Nothing to do: the patient has a place, or waits for one');
        break;
      default:
        console.log(`Not booked: ${message}`);
    }
  }
}
