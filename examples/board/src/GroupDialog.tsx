// What can be done with one group. The browser's own <dialog> keeps the focus inside and takes Escape.

import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { useQuery } from 'urql';

import { Archive } from './Archive';
import { day, hours } from './clock';
import { graphql } from './generated';
import type { GroupQuery } from './generated/graphql';
import { People } from './People';
import { Repeat } from './Repeat';
import { inWords } from './server';
import type { Business, Card } from './week';
import { reasonInWords, seatsInWords } from './words';

const Group = graphql(`
  query Group($id: ID!) {
    groupAppointment(id: $id) {
      ...Card
      version
      archivedAt
      notes
      attendees { id patient { id label } }
      waitlist { id position patient { id label } }
      repeatRule { repeatType repeatingInterval numberOfRepeats }
    }
  }
`);

export type OpenGroup = NonNullable<GroupQuery['groupAppointment']>;
export type PanelProps = {
  group: OpenGroup;
  business: Business;
  /** Say what was done, and read the group again. */
  done: (said: string) => void;
  close: () => void;
};

const PANELS = { People, Repeat, Archive };
type PanelName = keyof typeof PANELS;
const NAMES = Object.keys(PANELS) as PanelName[];

/** `card` is another one whenever the board has read the group again. */
type Props = { id: string; business: Business; card: Card | undefined; close: () => void };

export function GroupDialog({ id, business, card, close }: Props) {
  const [{ data, error }, readAgain] = useQuery({ query: Group, variables: { id } });
  const [panel, setPanel] = useState<PanelName>('People');
  const [said, setSaid] = useState('');
  const known = useRef(card);
  const dialog = useRef<HTMLDialogElement>(null);
  const panelElement = useRef<HTMLDivElement>(null);
  const title = useId();

  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, []);
  useEffect(() => {
    if (card !== known.current) readAgain();
    known.current = card;
  }, [card, readAgain]);

  // What had the focus may be gone with the person it was about.
  useEffect(() => {
    if (document.activeElement === document.body) panelElement.current?.focus();
  }, [data]);

  const group = data?.groupAppointment;
  const Panel = PANELS[panel];
  const zone = business.timeZone;

  function done(what: string): void {
    setSaid(what);
    readAgain();
  }

  return (
    <dialog ref={dialog} aria-labelledby={title} onClose={close}>
      <header>
        <h2 id={title}>{group ? group.appointmentType.name : 'Group'}</h2>
        <button type="button" className="close" aria-label="Close" onClick={() => dialog.current?.close()}>×</button>
        <p>{group && `${day(group.startsAt, zone, 'long')}, ${hours(group, zone)}, ${group.practitioner.label}`}</p>
        <p className="quiet">
          {group && (group.archivedAt ? 'Archived' : seatsInWords(group))}
          {group?.notes && `. ${group.notes}`}
        </p>
      </header>
      {error && <p className="problem" role="alert">{inWords(error)}</p>}
      {group && group.conflicts.items.length > 0 && (
        <ul className="conflicts" aria-label="Conflicts">
          {group.conflicts.items.map((reason, index) => (
            <li key={index}>{reasonInWords(reason, group.practitioner.label, business)}</li>
          ))}
        </ul>
      )}
      <div role="tablist" aria-label="What to do" onKeyDown={(event) => turn(event, panel, setPanel)}>
        {NAMES.map((name) => (
          <button
            key={name} type="button" role="tab" id={`tab-${name}`} aria-controls="panel" aria-selected={name === panel}
            tabIndex={name === panel ? 0 : -1} onClick={() => setPanel(name)}
          >
            {name}
          </button>
        ))}
      </div>
      <div
        ref={panelElement} tabIndex={-1} className="panel" role="tabpanel" id="panel" aria-labelledby={`tab-${panel}`}
      >
        {group && <Panel group={group} business={business} done={done} close={() => dialog.current?.close()} />}
      </div>
      <p className="said" role="status">{said}</p>
    </dialog>
  );
}

function turn(event: KeyboardEvent<HTMLElement>, panel: PanelName, setPanel: (name: PanelName) => void): void {
  const step = { ArrowRight: 1, ArrowLeft: NAMES.length - 1 }[event.key];
  if (!step) return;
  const next = NAMES[(NAMES.indexOf(panel) + step) % NAMES.length]!;
  setPanel(next);
  event.currentTarget.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
}
