// What the server tells by codes, in words for the people at the front desk.

import { clock, day, hours } from './clock';
import type { CancellationReason, RepeatType } from './generated/graphql';
import type { Change } from './live';
import type { Business, Card, Reason } from './week';

/** Why an appointment is in conflict: who is needed twice, by what else, and when. */
export function reasonInWords(reason: Reason, practitioner: string, { id, timeZone }: Business): string {
  const when = hours(reason, timeZone);
  switch (reason.kind) {
    case 'PRACTITIONER_UNAVAILABLE':
      return `${practitioner} is away ${when}`;
    case 'PRACTITIONER_DOUBLE_BOOKED':
      return `${practitioner} also runs ${otherOf(reason, id)}, ${when}`;
    case 'PATIENT_DOUBLE_BOOKED':
      return `${reason.patient?.label} is also in ${otherOf(reason, id)}, ${when}`;
  }
}

function otherOf({ groupAppointment: other, occurrenceIndex, kind }: Reason, here: string): string {
  if (!other) return occurrenceIndex === null ? 'another group' : 'another date of this series';
  const place = other.business.id === here ? '' : ` at ${other.business.name}`;
  const person = kind === 'PATIENT_DOUBLE_BOOKED' ? ` with ${other.practitioner.label}` : '';
  return `${other.appointmentType.name}${person}${place}`;
}

type Seats = { availableSeats: number; maxAttendees: number };

export function seatsInWords({ availableSeats: free, maxAttendees: all }: Seats): string {
  return free === 0 ? `Full: ${all} of ${all}` : `${free} of ${all} seats left`;
}

/** What others did, as the board says it. Nothing where the week does not show it. */
export function changeInWords(
  before: Card | undefined,
  after: Card | undefined,
  change: Change,
  { timeZone }: Business,
): string | undefined {
  const group = after ?? before;
  if (!group) return undefined;
  const name = `${group.appointmentType.name}, ${day(group.startsAt, timeZone)} ${clock(group.startsAt, timeZone)}`;
  if (!after) return change.kind === 'ARCHIVED' ? `${name}: archived` : `${name}: moved away`;
  const added = change.kind === 'CREATED' ? 'added, ' : '';
  const conflicting = after.conflicts.items.length > (before?.conflicts.items.length ?? 0) ? ', in conflict' : '';
  return `${name}: ${added}${seatsInWords(after)}${conflicting}`;
}

export const CANCELLATION_REASONS: Record<CancellationReason, string> = {
  FEELING_BETTER: 'Feels better',
  CONDITION_WORSE: 'Feels worse',
  SICK: 'Is sick',
  COVID_19_RELATED: 'COVID-19',
  AWAY: 'Is away',
  WORK: 'Has to work',
  OTHER: 'Another reason',
};

const STEPS = { DAILY: 'day', WEEKLY: 'week', MONTHLY: 'month' } as const;

type Rule = { repeatType: RepeatType; repeatingInterval: number; numberOfRepeats: number };

export function ruleInWords({ repeatType, repeatingInterval, numberOfRepeats }: Rule): string {
  const step = repeatingInterval === 1 ? STEPS[repeatType] : `${repeatingInterval} ${STEPS[repeatType]}s`;
  return `Repeats every ${step}, ${counted(numberOfRepeats, 'time')}`;
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
