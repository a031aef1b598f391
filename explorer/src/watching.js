// Subscriptions, over a socket of the protocol graphql-transport-ws.
import { createClient } from 'graphql-ws';

const endpoint = new URL('graphql', document.baseURI);
endpoint.protocol = endpoint.protocol.replace('http', 'ws');

const GONE = 'The connection was lost, or could not be made: the server may have stopped, or a proxy lets no sockets through.';
const STOPPING = 'The server is stopping: run the subscription again when it is back.';
const SENTENCES = {
  1001: STOPPING,
  1006: GONE,
  1012: STOPPING,
  1013: 'This key has too many connections open: close other windows, or try again later.',
  4008: 'Events came faster than this computer took them, or it was asleep: run the subscription again.',
  4403: 'This key was not accepted: it has been revoked.',
};

/**
 * Return a function from a subscription to an observable of its results.
 *
 * `onStatus` is told in a sentence what the subscription is doing, and '' at its end. A subscription that breaks off is
 * not taken up again: what happened meanwhile would be missing without a sign of it.
 */
export function watcher(key, onStatus) {
  const client = createClient({
    url: endpoint.href,
    // A browser can't set a socket's headers.
    connectionParams: { Authorization: `Bearer ${key}` },
    retryAttempts: 0,
    // It would print what is shown in the page anyway.
    onNonLazyError: () => {},
  });
  return operation => ({
    // An observable, as a generator that waits for an event can't be stopped before there is one.
    subscribe(observer) {
      onStatus('Connecting …');
      const off = client.on('connected', () => onStatus('Watching. Each event takes the place of the last.'));
      let events = 0;
      const ended = () => {
        off();
        onStatus('');
      };
      const unsubscribe = client.subscribe(operation, {
        next(result) {
          events += 1;
          onStatus(`Watching: ${events === 1 ? 'one event' : `${events} events`} so far. Each takes the place of the last.`);
          observer.next(result);
        },
        error(problem) {
          ended();
          observer.next({ errors: inWords(problem) });
          observer.complete();
        },
        complete() {
          ended();
          observer.complete();
        },
      });
      return { unsubscribe };
    },
  });
}

/** Return GraphQL errors for what ended a subscription: errors of the operation, or an event of the socket. */
function inWords(problem) {
  if (Array.isArray(problem)) return problem;
  const { code, reason } = problem ?? {};
  if (!code) return [{ message: GONE }];
  const message = SENTENCES[code] ?? `The server ended the connection: ${reason || 'it gave no reason'}.`;
  return [{ message, extensions: { closeCode: code } }];
}
