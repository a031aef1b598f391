// How the server is asked, and what is asked again.

import { persistedExchange } from '@urql/exchange-persisted';
import { retryExchange } from '@urql/exchange-retry';
import { Client, type CombinedError, fetchExchange } from 'urql';

/** What the page's own server gives to who may see the page: a key for browsers, and who sits before it. */
export type Session = { key: string; actor: string };

export async function openSession(): Promise<Session> {
  const response = await fetch('/session.json');
  if (!response.ok) throw new Error(`No session (status ${response.status})`);
  return (await response.json()) as Session;
}

export function clientOf({ key, actor }: Session): Client {
  return new Client({
    url: '/graphql',
    requestPolicy: 'network-only',
    preferGetMethod: false,
    fetchOptions: {
      // The history of an appointment tells the actor beside the key. A header of a browser takes no more than Latin-1.
      headers: { Authorization: `Bearer ${key}`, 'GAPPT-Actor': actor },
    },
    // A request that got lost is given up and sent again, rather than waited for until the browser has enough.
    fetch: (url, init) => {
      const patience = AbortSignal.timeout(10_000);
      return fetch(url, { ...init, signal: init?.signal ? AbortSignal.any([init.signal, patience]) : patience });
    },
    exchanges: [
      // Mutations too: each has an idempotencyKey, so that what is sent twice takes effect once.
      retryExchange({ initialDelayMs: 300, maxDelayMs: 3_000, maxNumberAttempts: 5, retryIf: isUnanswered }),
      // Documents go by their hash. By POST: an address is logged on its way, and a search has a patient's name in it.
      persistedExchange({
        enforcePersistedQueries: true,
        enableForMutation: true,
        preferGetForPersistedQueries: false,
        generateHash: async (_, document) => (document as unknown as Hashed).__meta__.hash,
      }),
      fetchExchange,
    ],
  });
}

type Hashed = { __meta__: { hash: string } };

/** Nobody knows whether it was done, or it was not done now: another try may help, and does no harm. */
export function isUnanswered({ networkError, response }: CombinedError): boolean {
  const status = (response as Response | undefined)?.status ?? 0;
  return status >= 500 || status === 429 || (networkError !== undefined && status === 0);
}

/** Tell a person why there is no answer. */
export function inWords(error: CombinedError): string {
  return error.graphQLErrors[0]?.message ?? 'The server does not answer at the moment.';
}
