// A search for patients by name, which says who is needed elsewhere at that time: a combobox with a list.

import { type KeyboardEvent, useEffect, useId, useState } from 'react';
import { useQuery } from 'urql';

import { hours } from './clock';
import { graphql } from './generated';
import type { OpenGroup } from './GroupDialog';

const Patients = graphql(`
  query Patients($search: String!, $before: DateTime!, $after: DateTime!) {
    patients(filter: { search: $search }, first: 8) {
      nodes {
        id
        label
        groupAppointments(filter: { startsAt: { lt: $before }, endsAt: { gt: $after } }, first: 1) {
          nodes { id startsAt endsAt appointmentType { name } }
        }
      }
    }
  }
`);

/** `busy` says what else the patient attends at that time. */
export type Found = { id: string; label: string; busy: string | undefined };

type Props = { group: OpenGroup; timeZone: string; taken: string[]; choose: (patient: Found) => void };

export function PatientSearch({ group, timeZone, taken, choose }: Props) {
  const [typed, setTyped] = useState('');
  const [settled, setSettled] = useState('');
  const [active, setActive] = useState(0);
  const list = useId();
  useEffect(() => {
    const timer = setTimeout(() => setSettled(typed.trim()), 150);
    return () => clearTimeout(timer);
  }, [typed]);
  const [{ data, fetching }] = useQuery({
    query: Patients,
    variables: { search: settled, before: group.endsAt, after: group.startsAt },
    pause: settled === '',
  });
  const found = (data?.patients?.nodes ?? [])
    .filter(({ id }) => !taken.includes(id))
    .map(
      ({
        id,
        label,
        groupAppointments: {
          nodes: [other],
        },
      }): Found => {
        const busy =
          other && other.id !== group.id ? `${other.appointmentType.name}, ${hours(other, timeZone)}` : undefined;
        return { id, label, busy };
      },
    );
  const shown = typed.trim() === '' ? [] : found;
  const current = typed.trim() === settled && !fetching;
  const none = settled !== '' && current && shown.length === 0;

  function take(patient: Found | undefined): void {
    // Who types on and presses Enter does not mean the list of a moment ago.
    if (!patient || !current) return;
    choose(patient);
    setTyped('');
    setSettled('');
    setActive(0);
  }

  function press(event: KeyboardEvent): void {
    if (shown.length === 0) return;
    if (event.key === 'ArrowDown') setActive((active + 1) % shown.length);
    else if (event.key === 'ArrowUp') setActive((active + shown.length - 1) % shown.length);
    else if (event.key === 'Enter') take(shown[active]);
    else if (event.key === 'Escape')
      setTyped(''); // closes the list, and not the dialog yet
    else return;
    event.preventDefault();
  }

  return (
    <div className="search">
      <label>
        Book patients
        <input
          role="combobox"
          autoComplete="off"
          placeholder="Search by name"
          value={typed}
          onKeyDown={press}
          onChange={({ target }) => {
            setTyped(target.value);
            setActive(0);
          }}
          aria-expanded={shown.length > 0}
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={shown[active] && `${list}-${shown[active].id}`}
        />
      </label>
      <ul role="listbox" id={list} aria-label="Patients" hidden={shown.length === 0}>
        {shown.map((patient, index) => (
          <li
            key={patient.id} id={`${list}-${patient.id}`} role="option" aria-selected={index === active}
            onClick={() => take(patient)}
          >
            {patient.label}
            {patient.busy && <span className="busy">also in {patient.busy}</span>}
          </li>
        ))}
      </ul>
      <p className="unseen" role="status">
        {none ? 'Nobody of that name' : shown.length > 0 ? `${shown.length} found` : ''}
      </p>
      {none && <p className="quiet" aria-hidden>Nobody of that name who isn’t in the group.</p>}
    </div>
  );
}
