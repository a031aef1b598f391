// Changes as they happen, and none missed: after a break the stream goes on behind the last change that was seen.

import { createClient } from 'graphql-ws';

import { graphql } from './generated';
import type { ChangesSubscription } from './generated/graphql';
import type { Session } from './server';

const Changes = graphql(`
  subscription Changes($after: String) {
    groupAppointmentChanged(after: $after) {
      cursor
      kind
      id
      groupAppointment { id conflicts { items { groupAppointment { id } } } }
    }
  }
`);

export type Change = ChangesSubscription['groupAppointmentChanged'];
export type Connection = { state: 'opening' | 'live' | 'broken' } | { state: 'refused'; why: string };

type Listener = {
  hear: (change: Change) => void;
  /** Something may have happened that is not told: there was no change yet to go on behind. */
  missed: () => void;
  tell: (connection: Connection) => void;
};

// The server says something every 15 seconds. A connection that died without a word looks like a quiet day.
const SILENCE = 40_000;
// Invalid message, no key, a refused key, another protocol: it would be the same the next time.
const OWN_FAULT = [4400, 4401, 4403, 4406];

/** Listen until the function that is returned is called. */
export function follow({ key, actor }: Session, listener: Listener): () => void {
  let after: string | undefined;
  let ended = false;
  let silence: number | undefined;
  let pause = 250;
  const client = createClient({
    url: `${location.origin.replace(/^http/, 'ws')}/graphql`,
    // A browser can't set headers on a socket, so the key is in the first message.
    connectionParams: { Authorization: `Bearer ${key}`, actor },
    connectionAckWaitTimeout: 10_000,
    // Its own retries would ask for what came after the first cursor once more. The loop below knows the last one.
    retryAttempts: 0,
    on: {
      connected: () => {
        pause = 250;
        listener.tell({ state: 'live' });
        if (!after) listener.missed();
      },
      message: () => {
        clearTimeout(silence);
        silence = window.setTimeout(client.terminate, SILENCE);
      },
      closed: () => clearTimeout(silence),
    },
  });

  async function run(): Promise<void> {
    while (!ended) {
      try {
        const operation = { query: '', documentId: hashOf(Changes), variables: { after } };
        for await (const { data } of client.iterate<ChangesSubscription>(operation)) {
          if (!data) continue;
          after = data.groupAppointmentChanged.cursor;
          listener.hear(data.groupAppointmentChanged);
        }
      } catch (error) {
        // The book was restored from an older copy, and the cursor lies ahead of it: begin anew.
        if (Array.isArray(error) && error[0]?.extensions?.code === 'BAD_USER_INPUT') after = undefined;
        else if (Array.isArray(error)) return listener.tell({ state: 'refused', why: String(error[0]?.message) });
        else if (error instanceof CloseEvent && OWN_FAULT.includes(error.code)) {
          return listener.tell({ state: 'refused', why: error.code === 4403 ? 'the key was refused' : error.reason });
        }
      }
      if (ended) return;
      listener.tell({ state: 'broken' });
      await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
      pause = Math.min(pause * 2, 5_000);
    }
  }

  void run();
  return () => {
    ended = true;
    void client.dispose();
  };
}

function hashOf(document: object): string {
  return (document as { __meta__: { hash: string } }).__meta__.hash;
}
