// How the server is asked. The type of the answer and of the variables comes with the document.

import { setTimeout as sleep } from 'node:timers/promises';

import type { TypedDocumentString } from './generated/graphql.ts';

export const ADDRESS = process.env.GAPPT_ADDRESS ?? 'http://127.0.0.1:8000';
export const KEY = process.env.GAPPT_KEY ?? '';
const TRUSTED = process.env.GAPPT_TRUSTED === '1';

/** The server said no: to the key, to the document, to a variable. Asking again would not help. */
export class Refused extends Error {}

/** Nobody knows whether it was done: the connection broke, or the server could not finish. */
export class Unanswered extends Error {}

type Answer<Result> = { data?: Result; errors?: { message: string; extensions: { code: string } }[] };

export async function ask<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  variables: Variables,
): Promise<Result> {
  const { data, errors: [error] = [] } = await post<Result>({ ...named(document), variables });
  if (error) throw new Refused(`${error.message} (${error.extensions.code})`);
  return data!;
}

async function post<Result>(body: object): Promise<Answer<Result>> {
  try {
    const response = await fetch(`${ADDRESS}/graphql`, {
      method: 'POST',
      headers: {
        Accept: 'application/graphql-response+json',
        Authorization: `Bearer ${KEY}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    // 429 is a refusal, too, but one that passes.
    if (response.status >= 500 || response.status === 429) throw new Error(`status ${response.status}`);
    return (await response.json()) as Answer<Result>;
  } catch (error) {
    throw new Unanswered(`No answer from ${ADDRESS}: ${(error as Error).message}`);
  }
}

/** Ask, and ask again while there is no answer. Only for what takes effect once: a query, or an idempotencyKey. */
export async function askAgain<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  variables: Variables,
): Promise<Result> {
  for (let pause = 250; ; pause *= 2) {
    try {
      return await ask(document, variables);
    } catch (error) {
      if (!(error instanceof Unanswered) || pause > 2_000) throw error;
    }
    await sleep(pause * (0.5 + Math.random())); // so that a thousand clients don't come back at once
  }
}

/** The document as a request names it: by its text, or by its hash where the server trusts known documents only. */
export function named<Result, Variables>(document: TypedDocumentString<Result, Variables>) {
  return TRUSTED ? { documentId: document.__meta__!.hash as string } : { query: document.toString() };
}
