// The service over HTTP. Whatever happens there is an answer in GraphQL's shape, in words for a person.

const endpoint = new URL('graphql', document.baseURI);

const REFUSED = 'This key was not accepted: it is mistyped, or it has been revoked.';

/** Send the operation. Return the status, which is 0 where nobody answered, and the answer. */
export async function ask(key, operation, headers) {
  let request;
  try {
    request = requestOf(key, operation, headers);
  } catch {
    return failed(0, 'The request was not sent: the headers hold a character or a name that HTTP does not allow.');
  }
  try {
    const response = await fetch(request);
    return { status: response.status, answer: answerOf(response, await response.text()) };
  } catch {
    return failed(0, 'The service can’t be reached: it may have stopped, or this computer is offline.');
  }
}

function requestOf(key, operation, headers) {
  const all = new Headers(headers);
  all.set('Accept', 'application/graphql-response+json, application/json;q=0.9');
  all.set('Authorization', `Bearer ${key}`);
  all.set('Content-Type', 'application/json');
  return new Request(endpoint, { method: 'POST', credentials: 'omit', headers: all, body: JSON.stringify(operation) });
}

function answerOf(response, text) {
  if (response.status === 401) return errors(REFUSED, 'UNAUTHENTICATED');
  if (response.status === 429) return errors(`Too much was asked in too short a time: ask again ${when(response)}.`, 'THROTTLED');
  const answer = decoded(text);
  if (answer && ('data' in answer || 'errors' in answer)) return answer;
  if (response.status >= 502 && response.status <= 504) {
    return errors(`A proxy answered in the service’s place, with status ${response.status}: try again in a moment.`);
  }
  return errors(`The answer is not GraphQL’s, and has status ${response.status}: is the service at ${endpoint.pathname}?`);
}

function decoded(text) {
  try {
    const answer = JSON.parse(text);
    return typeof answer === 'object' ? answer : null;
  } catch {
    return null;
  }
}

function when(response) {
  const seconds = Number(response.headers.get('Retry-After'));
  return seconds > 0 ? `at ${new Date(Date.now() + seconds * 1000).toLocaleTimeString()}` : 'in a minute';
}

const errors = (message, code) => ({ errors: [{ message, ...(code && { extensions: { code } }) }] });

const failed = (status, message) => ({ status, answer: errors(message) });
