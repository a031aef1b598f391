// The week on the board: loaded once, then kept up to date, a few groups at a time.

import { useEffect, useRef, useState } from 'react';
import { type CombinedError, useClient } from 'urql';

import { weekOf } from './clock';
import { graphql } from './generated';
import type { BusinessesQuery, CardFragment, GroupAppointmentFilter } from './generated/graphql';
import { type Change, type Connection, follow } from './live';
import { inWords, isUnanswered, type Session } from './server';

export type Business = NonNullable<BusinessesQuery['businesses']>['nodes'][number];
export type Card = CardFragment;
export type Reason = Card['conflicts']['items'][number];
type Groups = ReadonlyMap<string, Card>;
type Week = { business: Business; monday: string; groups: Groups };

graphql(`
  fragment Reason on Conflict {
    kind
    startsAt
    endsAt
    occurrenceIndex
    patient { label }
    groupAppointment {
      id
      appointmentType { name }
      practitioner { label }
      business { id name }
    }
  }
`);

graphql(`
  fragment Card on GroupAppointment {
    id
    startsAt
    endsAt
    maxAttendees
    availableSeats
    appointmentType { name color }
    practitioner { id label }
    conflicts {
      items { ...Reason }
    }
  }
`);

const WeekOfGroups = graphql(`
  query WeekOfGroups($filter: GroupAppointmentFilter!, $first: Int!, $after: String) {
    groupAppointments(filter: $filter, first: $first, after: $after) {
      nodes { ...Card }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

const AT_ONCE = 50;

type Board = {
  /** The week that was loaded last: the former one, while another is on its way. */
  week: Week | undefined;
  connection: Connection;
  problem: string | undefined;
};

/** Show a week of a business; `tell` hears what others changed, before and after. */
export function useWeek(
  session: Session,
  business: Business | undefined,
  monday: string | undefined,
  tell: (before: Card | undefined, after: Card | undefined, change: Change) => void,
): Board {
  const client = useClient();
  const [week, setWeek] = useState<Week>();
  const [problem, setProblem] = useState<string>();
  const [connection, setConnection] = useState<Connection>({ state: 'opening' });

  // One stream for as long as the page is open, whichever week it shows.
  const keeper = useRef({ hear: (_: Change) => {}, reload: () => {} });
  useEffect(
    () =>
      follow(session, {
        hear: (change) => keeper.current.hear(change),
        missed: () => keeper.current.reload(),
        tell: setConnection,
      }),
    [session],
  );

  useEffect(() => {
    if (!business || !monday) return;
    const { from, until } = weekOf(monday, business.timeZone);
    const asked = { businessIds: [business.id], startsAt: { gte: from, lt: until } };
    let shown: Map<string, Card> = new Map();
    let waiting: Change[] = [];
    let everything = true;
    let running = false;
    let ended = false;

    // One request at a time: what changes meanwhile is asked for together, and no old answer comes after a new one.
    async function keepUp(): Promise<void> {
      if (running) return;
      running = true;
      while (!ended && (everything || waiting.length > 0)) {
        const told = waiting;
        const ids = touched(told);
        const all = everything || ids.length > AT_ONCE;
        [everything, waiting] = [false, []];
        try {
          const found = await load(all ? asked : { ...asked, ids });
          if (ended) return;
          const before = shown;
          shown = new Map([...(all ? [] : without(before, ids)), ...found]);
          setWeek({ business: business!, monday: monday!, groups: shown });
          setProblem(undefined);
          for (const change of told) tell(before.get(change.id), shown.get(change.id), change);
        } catch (error) {
          if (ended) return;
          setProblem(inWords(error as CombinedError));
          if (!isUnanswered(error as CombinedError)) break;
          everything = true;
          await new Promise((resolve) => setTimeout(resolve, 2_000));
        }
      }
      running = false;
    }

    async function load(filter: GroupAppointmentFilter): Promise<[string, Card][]> {
      const nodes: Card[] = [];
      for (let after: string | null | undefined; ;) {
        // An operation costs as much as its page is long, so nobody asks for 50 where two are wanted.
        const first = Math.min(filter.ids?.length ?? AT_ONCE, AT_ONCE);
        const { data, error } = await client.query(WeekOfGroups, { filter, first, after }).toPromise();
        if (error) throw error;
        const { nodes: page = [], pageInfo } = data?.groupAppointments ?? {};
        nodes.push(...page);
        if (!pageInfo?.hasNextPage) return nodes.map((group) => [group.id, group]);
        after = pageInfo.endCursor;
      }
    }

    /** The groups that a change has to do with: conflicts come and go on both sides. */
    function touched(told: Change[]): string[] {
      const ids = new Set<string>();
      for (const { id, groupAppointment: group } of told) {
        ids.add(id);
        for (const { groupAppointment: other } of group?.conflicts.items ?? []) if (other) ids.add(other.id);
        for (const card of shown.values()) {
          if (card.conflicts.items.some((item) => item.groupAppointment?.id === id)) ids.add(card.id);
        }
      }
      return [...ids];
    }

    function hear(change: Change): void {
      waiting.push(change);
      void keepUp();
    }

    function reload(): void {
      everything = true;
      void keepUp();
    }

    keeper.current = { hear, reload };
    reload();
    // Time off is not in the feed of appointments, so who comes back to the page looks again.
    const look = () => document.visibilityState === 'visible' && reload();
    document.addEventListener('visibilitychange', look);
    return () => {
      ended = true;
      document.removeEventListener('visibilitychange', look);
    };
    // `tell` is new with every render, and hears nothing that an older one would not.
  }, [client, business?.id, business?.timeZone, monday]);

  return { week, connection, problem };
}

function without(groups: Groups, ids: string[]): [string, Card][] {
  return [...groups].filter(([id]) => !ids.includes(id));
}
