// The page: which practice and week, what happens there, and a row for each practitioner.

import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useQuery } from 'urql';

import { addDays, day, mondayOf, today, weekInWords, zoneInWords } from './clock';
import { graphql } from './generated';
import { GroupDialog } from './GroupDialog';
import type { Connection } from './live';
import { PractitionerWeek } from './PractitionerWeek';
import { inWords, type Session } from './server';
import { type Business, type Card, useWeek } from './week';
import { changeInWords } from './words';

const Businesses = graphql(`
  query Businesses {
    businesses(first: 100) {
      nodes { id name timeZone }
    }
  }
`);

export function Board({ session }: { session: Session }) {
  const [{ data, error }] = useQuery({ query: Businesses });
  const businesses = data?.businesses?.nodes ?? [];
  const [place, setPlace] = usePlace();
  const business = businesses.find(({ id }) => id === place.business) ?? businesses[0];
  const monday = place.week ?? (business && mondayOf(today(business.timeZone)));
  const [news, setNews] = useState('');
  const [openId, setOpenId] = useState<string>();
  const { week, connection, problem } = useWeek(session, business, monday, (before, after, change) => {
    const said = business && changeInWords(before, after, change, business);
    if (said) setNews(said);
  });
  const rows = useMemo(() => byPractitioner([...(week?.groups.values() ?? [])]), [week]);
  const heading = useRef<HTMLHeadingElement>(null);
  const focused = useRef<string>(undefined);

  // A card that is drawn anew, or goes, takes the focus with it: give it back to the card, or to the heading.
  useEffect(() => {
    if (focused.current && document.activeElement === document.body)
      (cardOf(focused.current) ?? heading.current)?.focus();
  }, [rows]);

  function turn(days: number): void {
    if (monday) setPlace({ ...place, week: addDays(monday, days) });
  }

  function close(): void {
    setOpenId(undefined);
    (cardOf(openId) ?? heading.current)?.focus();
  }

  return (
    <>
      <header className="bar">
        <h1>Group board</h1>
        <label className="business">
          <span className="unseen">Practice</span>
          <select value={business?.id} onChange={({ target }) => setPlace({ ...place, business: target.value })}>
            {businesses.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
          </select>
        </label>
        <nav aria-label="Weeks">
          <button type="button" aria-label="Previous week" onClick={() => turn(-7)}>‹</button>
          <button type="button" onClick={() => setPlace({ ...place, week: undefined })}>This week</button>
          <button type="button" aria-label="Next week" onClick={() => turn(7)}>›</button>
        </nav>
        <ConnectionSign connection={connection} />
      </header>
      <main aria-busy={week?.monday !== monday}>
        <div className="heading">
          <h2 ref={heading} tabIndex={-1}>{monday && weekInWords(monday)}</h2>
          <p className="zone">{business && monday && `Times in ${zoneInWords(business.timeZone, monday)}`}</p>
          <p className="news" role="status">{news}</p>
        </div>
        {(problem ?? error) && <p className="problem" role="alert">{problem ?? (error && inWords(error))}</p>}
        {week && rows.length === 0 && <p className="quiet">No groups in this week.</p>}
        {rows.length > 0 && week && <Days {...week} />}
        <div
          className="rows" key={`${week?.business.id} ${week?.monday}`} onKeyDown={walk}
          onFocus={({ target }) => (focused.current = idOf(target))}
          onBlur={({ target }) => target.isConnected && (focused.current = undefined)}
        >
          {week && rows.map((row) => (
            <PractitionerWeek key={row.practitioner.id} {...row} {...week} open={setOpenId} />
          ))}
        </div>
      </main>
      {business && openId && (
        <GroupDialog key={openId} id={openId} business={business} card={week?.groups.get(openId)} close={close} />
      )}
    </>
  );
}

/** The days above all rows, for who sees them: each row's table tells its own to a screen reader. */
function Days({ business, monday }: { business: Business; monday: string }) {
  const dates = Array.from({ length: 7 }, (_, days) => addDays(monday, days));
  return (
    <div className="days" aria-hidden>
      {dates.map((date) => (
        <span key={date} className={date === today(business.timeZone) ? 'today' : undefined}>{day(date, 'UTC')}</span>
      ))}
    </div>
  );
}

function ConnectionSign({ connection }: { connection: Connection }) {
  const words = {
    opening: 'Connecting',
    live: 'Live',
    broken: 'Connection lost: trying again',
    refused: `Not live: ${connection.state === 'refused' && connection.why}`,
  };
  return <p className={`connection ${connection.state}`} role="status">{words[connection.state]}</p>;
}

function cardOf(id: string | undefined): HTMLElement | null | undefined {
  return document.querySelector(`[data-group="${id}"]`)?.closest<HTMLElement>('[role="button"]');
}

function idOf(card: HTMLElement): string | undefined {
  return card.querySelector<HTMLElement>('[data-group]')?.dataset.group;
}

function byPractitioner(cards: Card[]): { practitioner: Card['practitioner']; cards: Card[] }[] {
  const rows = new Map<string, { practitioner: Card['practitioner']; cards: Card[] }>();
  for (const card of cards) {
    const row = rows.get(card.practitioner.id) ?? { practitioner: card.practitioner, cards: [] };
    row.cards.push(card);
    rows.set(card.practitioner.id, row);
  }
  return [...rows.values()].sort((one, other) => one.practitioner.label.localeCompare(other.practitioner.label));
}

type Place = { business?: string | undefined; week?: string | undefined };

/** The place stands in the address, so that a reload shows the same week, and a colleague can be sent it. */
function usePlace(): [Place, (place: Place) => void] {
  const [place, setPlace] = useState(placeOf);
  useEffect(() => {
    const said = new URLSearchParams(
      Object.entries(place).filter(([, value]) => value !== undefined) as [string, string][],
    );
    history.replaceState(null, '', said.size > 0 ? `?${said}` : location.pathname);
  }, [place]);
  return [place, setPlace];
}

function placeOf(): Place {
  const asked = new URLSearchParams(location.search);
  const business = asked.get('business') ?? undefined;
  try {
    return { business, week: mondayOf(asked.get('week') ?? '') };
  } catch {
    return { business }; // no date, so this week
  }
}

const AHEAD: Record<string, [number, number]> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};

/** Let the arrow keys go from card to card, to the nearest one on that side. */
function walk(event: KeyboardEvent<HTMLElement>): void {
  const ahead = AHEAD[event.key];
  const from = event.target as HTMLElement;
  if (!ahead || from.getAttribute('role') !== 'button') return;
  const [x, y] = ahead;
  const here = middle(from);
  const cards = [...event.currentTarget.querySelectorAll<HTMLElement>('[role="button"]')].map((card) => {
    const there = middle(card);
    const along = (there.x - here.x) * x + (there.y - here.y) * y;
    const aside = Math.abs((there.x - here.x) * y) + Math.abs((there.y - here.y) * x);
    return { card, along, far: along + 3 * aside };
  });
  const [nearest] = cards.filter(({ along }) => along > 5).sort((one, other) => one.far - other.far);
  if (!nearest) return;
  event.preventDefault();
  nearest.card.focus();
}

function middle(element: HTMLElement): { x: number; y: number } {
  const { x, y, width, height } = element.getBoundingClientRect();
  return { x: x + width / 2, y: y + height / 2 };
}
