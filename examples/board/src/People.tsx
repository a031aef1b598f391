// Who comes: attendees to cancel, those who wait, and a search for more.

import { type FormEvent, useState } from 'react';

import { graphql } from './generated';
import type { CancellationReason, OnConflict } from './generated/graphql';
import type { PanelProps } from './GroupDialog';
import { type Found, PatientSearch } from './PatientSearch';
import { useOnce } from './once';
import { Wrong } from './parts';
import { CANCELLATION_REASONS, counted, seatsInWords } from './words';

const Book = graphql(`
  mutation Book($input: BookAttendeesInput!) {
    bookAttendees(input: $input) {
      groupAppointment { id availableSeats maxAttendees }
      outcomes { patient { label } attendee { id } waitlistEntry { position } }
      userErrors { code field message }
    }
  }
`);

const Cancel = graphql(`
  mutation Cancel($input: CancelAttendeeInput!) {
    cancelAttendee(input: $input) {
      promoted { patient { label } }
      userErrors { message }
    }
  }
`);

export function People({ group, business, done }: PanelProps) {
  return (
    <>
      <h3>{counted(group.attendees.length, 'attendee')}</h3>
      <ul className="people">
        {group.attendees.map(({ id, patient }) => <Attendee key={id} id={id} name={patient.label} done={done} />)}
      </ul>
      {group.waitlist.length > 0 && (
        <>
          <h3>Waiting for a seat</h3>
          <ol className="people">{group.waitlist.map(({ id, patient }) => <li key={id}>{patient.label}</li>)}</ol>
        </>
      )}
      {!group.archivedAt && <Booking {...{ group, business, done }} />}
    </>
  );
}

type UserError = { code: string; field?: string[] | null; message: string };

function Booking({ group, business, done }: Omit<PanelProps, 'close'>) {
  const [chosen, setChosen] = useState<Found[]>([]);
  const [wait, setWait] = useState(false);
  const [errors, setErrors] = useState<UserError[]>([]);
  const book = useOnce(Book);
  // Nobody waits for a seat in a group that has begun.
  const missing = Date.parse(group.startsAt) > Date.now() ? chosen.length - group.availableSeats : 0;
  const inConflict = errors.some(({ code }) => code === 'CONFLICT');

  function choose(patients: Found[]): void {
    setChosen(patients);
    setErrors([]);
  }

  function leaveOut(patient: Found): void {
    choose(chosen.filter((one) => one !== patient));
  }

  async function submit(onConflict: OnConflict): Promise<void> {
    const patientIds = chosen.map(({ id }) => id);
    const answer = await book.run({
      groupAppointmentId: group.id,
      patientIds,
      onConflict,
      waitlistIfFull: wait && missing > 0,
    });
    if (!answer?.bookAttendees) return;
    const { userErrors, outcomes, groupAppointment } = answer.bookAttendees;
    setErrors(userErrors);
    if (userErrors.length > 0) return;
    choose([]);
    const what = outcomes.map(
      ({ patient, waitlistEntry }) =>
        `${patient.label} ${waitlistEntry ? `waits at place ${waitlistEntry.position}` : 'is booked'}`,
    );
    done(`${what.join(', ')}. ${groupAppointment ? `${seatsInWords(groupAppointment)}.` : ''}`);
  }

  function send(event: FormEvent): void {
    event.preventDefault();
    if (chosen.length > 0 && !book.busy) void submit('REJECT');
  }

  return (
    <form onSubmit={send} aria-label="Book patients">
      <PatientSearch
        group={group} timeZone={business.timeZone}
        taken={[...chosen.map(({ id }) => id), ...group.attendees.map(({ patient }) => patient.id)]}
        choose={(patient) => choose([...chosen, patient])}
      />
      <ul className="chosen" aria-label="Chosen patients">
        {chosen.map((patient, index) => {
          // The path of an error leads to the input at fault: ["patientIds", "1"].
          const error = errors.find(({ field }) => field?.[0] === 'patientIds' && field[1] === String(index));
          return (
            <li key={patient.id} className={error && 'wrong'}>
              {patient.label}
              <button type="button" aria-label={`Leave out ${patient.label}`} onClick={() => leaveOut(patient)}>
                ×
              </button>
              <Wrong>{error && `${error.message}${patient.busy ? ` ${patient.busy}.` : ''}`}</Wrong>
            </li>
          );
        })}
      </ul>
      {missing > 0 && (
        <label className="check">
          <input type="checkbox" checked={wait} onChange={({ target }) => setWait(target.checked)} />
          {counted(missing, 'patient')} without a seat {missing === 1 ? 'waits' : 'wait'} for one
        </label>
      )}
      <Wrong>{errors.find(({ field }) => field?.length !== 2)?.message ?? book.failure}</Wrong>
      <div className="buttons">
        {inConflict && <button type="button" onClick={() => void submit('ALLOW')}>Book all the same</button>}
        <button type="submit" className="main" aria-disabled={chosen.length === 0 || book.busy}>Book</button>
      </div>
    </form>
  );
}

function Attendee({ id, name, done }: { id: string; name: string; done: (said: string) => void }) {
  const [asking, setAsking] = useState<boolean>();
  const [reason, setReason] = useState<CancellationReason>('SICK');
  const cancel = useOnce(Cancel);
  const [refused, setRefused] = useState<string>();

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    const answer = await cancel.run({ id, reason });
    if (!answer?.cancelAttendee) return;
    const { userErrors, promoted } = answer.cancelAttendee;
    setRefused(userErrors[0]?.message);
    if (userErrors.length > 0) return;
    const seated = promoted.map(({ patient }) => ` ${patient.label} gets the seat.`);
    done(`${name} is cancelled.${seated.join('')}`);
  }

  return (
    <li>
      {name}
      {!asking && (
        // Back from the form, the focus is where it was.
        <button type="button" autoFocus={asking === false} onClick={() => setAsking(true)}>
          Cancel<span className="unseen"> {name}</span>
        </button>
      )}
      {asking && (
        <form className="inline" onSubmit={(event) => void submit(event)} aria-label={`Cancel ${name}`}>
          <select
            autoFocus aria-label="Reason" value={reason}
            onChange={({ target }) => setReason(target.value as CancellationReason)}
          >
            {Object.entries(CANCELLATION_REASONS).map(([value, words]) => (
              <option key={value} value={value}>{words}</option>
            ))}
          </select>
          <button type="submit" className="main" aria-disabled={cancel.busy}>Cancel the place</button>
          <button type="button" onClick={() => setAsking(false)}>Keep</button>
        </form>
      )}
      <Wrong>{refused ?? cancel.failure}</Wrong>
    </li>
  );
}
