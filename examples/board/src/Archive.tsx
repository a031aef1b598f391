// Calling a group off, alone or with the rest of its series.

import { type FormEvent, useState } from 'react';

import { graphql } from './generated';
import type { SeriesScope } from './generated/graphql';
import type { PanelProps } from './GroupDialog';
import { useOnce } from './once';
import { Choice, Wrong } from './parts';
import { ruleInWords } from './words';

const ArchiveGroup = graphql(`
  mutation ArchiveGroup($input: ArchiveGroupAppointmentInput!) {
    archiveGroupAppointment(input: $input) {
      archived { id }
      userErrors { code message }
    }
  }
`);

const SCOPES: Record<SeriesScope, string> = {
  THIS: 'This one',
  THIS_AND_FOLLOWING: 'This one and those after it',
  ALL: 'The whole series',
};

export function Archive({ group, close }: PanelProps) {
  const [scope, setScope] = useState<SeriesScope>('THIS');
  const [refused, setRefused] = useState<string>();
  const archive = useOnce(ArchiveGroup);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    const answer = await archive.run({ id: group.id, scope, expectedVersion: group.version });
    const errors = answer?.archiveGroupAppointment?.userErrors;
    setRefused(errors?.[0]?.message);
    if (errors?.length === 0) close();
  }

  if (group.archivedAt) return <p>This group is archived.</p>;
  return (
    <form onSubmit={(event) => void submit(event)} aria-label="Archive">
      <p>The group leaves the board, and conflicts with nothing any more. Its patients are not told.</p>
      {group.repeatRule && (
        <Choice legend={ruleInWords(group.repeatRule)} options={SCOPES} value={scope} choose={setScope} />
      )}
      <Wrong>{refused ?? archive.failure}</Wrong>
      <div className="buttons">
        <button type="submit" className="danger" aria-disabled={archive.busy}>Archive</button>
      </div>
    </form>
  );
}
