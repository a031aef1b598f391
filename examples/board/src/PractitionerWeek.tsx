// One practitioner's week, in FullCalendar: days side by side, or a list where there is no room for that.

import FullCalendar, { type EventDisplayInfo, type EventInput } from '@fullcalendar/react';
import dayGrid from '@fullcalendar/react/daygrid';
import list from '@fullcalendar/react/list';
import british from '@fullcalendar/react/locales/en-gb';
import '@fullcalendar/react/skeleton.css';
import { useMemo, useSyncExternalStore } from 'react';

import { day, hours } from './clock';
import type { Business, Card } from './week';
import { reasonInWords, seatsInWords } from './words';

type Props = {
  practitioner: Card['practitioner'];
  cards: Card[];
  business: Business;
  monday: string;
  open: (id: string) => void;
};

export function PractitionerWeek({ practitioner, cards, business, monday, open }: Props) {
  const narrow = useSyncExternalStore(watchWidth, () => NARROW.matches);
  // FullCalendar draws anew what is given anew.
  const events = useMemo(
    () =>
      cards.map((card): EventInput => ({
        id: card.id,
        start: card.startsAt,
        end: card.endsAt,
        extendedProps: { card },
      })),
    [cards],
  );
  return (
    <section className="row" aria-labelledby={`practitioner-${practitioner.id}`}>
      <h3 id={`practitioner-${practitioner.id}`}>{practitioner.label}</h3>
      <FullCalendar
        // What FullCalendar reads only once.
        key={`${narrow} ${monday} ${business.timeZone}`}
        plugins={[dayGrid, list]}
        initialView={narrow ? 'listWeek' : 'dayGridWeek'}
        initialDate={monday}
        timeZone={business.timeZone}
        locale={british}
        headerToolbar={false}
        height="auto"
        events={events}
        eventOrder="start,id"
        eventInteractive
        eventClick={({ event }) => open(event.id)}
        eventContent={(info) => <CardContent card={cardOf(info)} business={business} />}
        eventClass={(info) => (cardOf(info).conflicts.items.length > 0 ? 'card conflicting' : 'card')}
        tableHeaderClass="unseen"
        dayCellClass={({ isToday }) => (isToday ? 'cell today' : 'cell')}
        listDayHeaderClass="list-day"
        listDayFormat={{ weekday: 'long', day: 'numeric', month: 'long' }}
        listDayHeaderContent={({ level, text }) => level === 0 && text} // the year stands above
      />
    </section>
  );
}

function CardContent({ card, business }: { card: Card; business: Business }) {
  const { appointmentType: type, maxAttendees, availableSeats, practitioner, conflicts } = card;
  return (
    <div data-group={card.id} className="content" style={{ borderInlineStartColor: type.color ?? undefined }}>
      <span className="unseen">{day(card.startsAt, business.timeZone)}</span>
      <span className="hours">{hours(card, business.timeZone)}</span>
      <span className="name">{type.name}</span>
      <span className={availableSeats === 0 ? 'seats full' : 'seats'}>
        <span className="filled" aria-hidden style={{ inlineSize: `${(1 - availableSeats / maxAttendees) * 100}%` }} />
        {seatsInWords(card)}
      </span>
      {conflicts.items.map((reason, index) => (
        <span className="reason" key={index}>
          <span className="unseen">Conflict: </span>
          {reasonInWords(reason, practitioner.label, business)}
        </span>
      ))}
    </div>
  );
}

function cardOf({ event }: EventDisplayInfo): Card {
  return event.extendedProps.card as Card;
}

const NARROW = matchMedia('(max-width: 56rem)');

function watchWidth(changed: () => void): () => void {
  NARROW.addEventListener('change', changed);
  return () => NARROW.removeEventListener('change', changed);
}
