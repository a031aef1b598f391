// Changes as they happen, and none twice or missed: after a break the stream goes on behind the last change that was seen.

import { setTimeout as sleep } from 'node:timers/promises';

import { createClient } from 'graphql-ws';

import { graphql } from './generated/gql.ts';
import type { ChangesSubscription } from './generated/graphql.ts';
import { ADDRESS, KEY, Refused, named } from './server.ts';

const Changes = graphql(`
  subscription Changes($after: String) {
    groupAppointmentChanged(after: $after) {
      cursor
      kind
      id
      changedFields
    }
  }
`);

// The server says something every 15 seconds. A connection that died without a word looks like a quiet day.
const SILENCE = 40_000;

// Invalid message, no key, a refused key, another protocol: it would be the same the next time.
const OWN_FAULT = [4400, 4401, 4403, 4406];

/** Print changes until the process ends: those after a cursor, or those from now on. */
export async function follow(after?: string): Promise<void> {
  let silence: NodeJS.Timeout | undefined;
  const client = createClient({
    url: `${ADDRESS.replace(/^http/, 'ws')}/graphql`,
    // A browser can't set headers on a socket, so the key is in the first message.
    connectionParams: { Authorization: `Bearer ${KEY}` },
    connectionAckWaitTimeout: 10_000,
    // Its own retries would ask for what came after the first cursor once more. The loop below knows the last one.
    retryAttempts: 0,
    on: {
      message: () => {
        clearTimeout(silence);
        silence = setTimeout(client.terminate, SILENCE);
      },
      closed: () => clearTimeout(silence),
    },
  });
  for (let pause = 250; ; pause = Math.min(pause * 2, 10_000)) {
    try {
      const changes = client.iterate<ChangesSubscription>({ query: '', ...named(Changes), variables: { after } });
      for await (const { data } of changes) {
        const change = data!.groupAppointmentChanged;
        console.log(`${change.kind} ${change.id}: ${change.changedFields.join(', ')}  (cursor ${change.cursor})`);
        after = change.cursor;
        pause = 250;
      }
    } catch (error) {
      refuse(error);
    }
    console.error(after ? `Connecting again, after ${after}` : 'Connecting again: what changed until then is not told');
    await sleep(pause * (0.5 + Math.random()));
  }
}

/** Throw what asking again does not help against. */
function refuse(error: unknown): void {
  if (Array.isArray(error)) throw new Refused(error.map(({ message }) => message).join('; '));
  if (error instanceof CloseEvent && OWN_FAULT.includes(error.code)) throw new Refused(`${error.reason} (${error.code})`);
}
