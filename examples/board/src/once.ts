// Doing something once: the one hook that all mutations of the page go through.

import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { useRef, useState } from 'react';
import { useClient } from 'urql';

import { inWords, isUnanswered } from './server';

type Once<Input, Data> = {
  /** Send the mutation; return its data, or nothing where `failure` says what went wrong. */
  run: (input: Input) => Promise<Data | undefined>;
  busy: boolean;
  failure: string | undefined;
};

export function useOnce<Input extends object, Data>(
  mutation: TypedDocumentNode<Data, { input: Input & { idempotencyKey?: string | null } }>,
): Once<Input, Data> {
  const client = useClient();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string>();
  // One key for what a person asked for once. It outlives an answer that never came: whoever presses the button again
  // for the same thing sends the same key, and the server does it once.
  const open = useRef<{ asked: string; idempotencyKey: string }>(undefined);

  async function run(input: Input): Promise<Data | undefined> {
    if (busy) return undefined;
    const asked = JSON.stringify(input);
    if (open.current?.asked !== asked) open.current = { asked, idempotencyKey: crypto.randomUUID() };
    const { idempotencyKey } = open.current;
    setBusy(true);
    setFailure(undefined);
    const { data, error } = await client.mutation(mutation, { input: { ...input, idempotencyKey } }).toPromise();
    setBusy(false);
    if (error && isUnanswered(error)) {
      setFailure(`${inWords(error)} It may be done, or not: send it again, and it is done once.`);
      return undefined;
    }
    open.current = undefined;
    if (error) setFailure(inWords(error));
    return error ? undefined : data;
  }

  return { run, busy, failure };
}
