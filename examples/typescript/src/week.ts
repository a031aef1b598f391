// A week of a practice, day by day.

import { graphql } from './generated/gql.ts';
import type { DayQuery } from './generated/graphql.ts';
import { askAgain } from './server.ts';

// By onDate, because a day begins at midnight on the practice's clock, not on the reader's, and the server knows it.
// A screen can ask again for one day of its week when a change tells that something moved there.
const Day = graphql(`
  query Day($business: ID!, $date: Date!) {
    groupAppointments(filter: { businessIds: [$business], onDate: $date }, first: 100) {
      nodes {
        id
        startsAt
        availableSeats
        maxAttendees
        appointmentType { name }
        practitioner { label }
        business { timeZone }
        conflicts { items { kind } }
      }
    }
  }
`);

type Group = NonNullable<DayQuery['groupAppointments']>['nodes'][number];

/** Print seven days of a business from this date on. */
export async function week(business: string, from = today()): Promise<void> {
  const dates = Array.from({ length: 7 }, (_, days) => later(from, days));
  const answers = await Promise.all(dates.map((date) => askAgain(Day, { business, date })));
  for (const [index, answer] of answers.entries()) {
    console.log(dates[index]);
    for (const group of answer.groupAppointments?.nodes ?? []) console.log(`  ${line(group)}`);
  }
}

/** The time that the practice's own clock shows, wherever the reader is. */
export function clock(instant: string, timeZone: string, style: Intl.DateTimeFormatOptions = {}): string {
  return new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', ...style, timeZone }).format(new Date(instant));
}

function line(group: Group): string {
  const time = clock(group.startsAt, group.business.timeZone);
  const seats = `${group.availableSeats} of ${group.maxAttendees} seats free`;
  const conflicts = group.conflicts.items.map((conflict) => conflict.kind).join(', ');
  const what = `${time}  ${group.appointmentType.name} with ${group.practitioner.label}, ${seats}`;
  return `${what}  (id ${group.id})${conflicts && `  ${conflicts}`}`;
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

/** Dates without a time are counted in UTC, where each day has 24 hours. */
function later(date: string, days: number): string {
  return new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
}
